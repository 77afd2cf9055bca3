"""The forecaster: how it is fitted, how it is adapted to a new place, and what it can be asked."""

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.do import Intervention, Value
from aitia.errors import InterventionError, OptionError
from aitia.forecasters import Forecaster, scenes_of
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.scenes import one_place, tensors
from aitia.runs import QUIET, RunStore
from aitia.stats.metrics.motion import ade
from aitia.system import Given, Target, Targets, Training
from aitia.systems.gcrl.adapting import adapted, training_config
from aitia.systems.gcrl.answers import Latents, SampledForecast, Values
from aitia.systems.gcrl.card import CARD
from aitia.systems.gcrl.config import GCRLConfig, Update
from aitia.systems.gcrl.network import Network
from aitia.systems.gcrl.objective import Objective
from aitia.systems.gcrl.references import others, refuse_common_steps
from aitia.systems.gcrl.sampling import Sampler
from aitia.train import EnvironmentBatches, History, train

__all__ = ["COLLAPSED", "GCRL"]

COLLAPSED = 0.05
"""Nats of KL(q(s) | p(s)) below which s says nothing."""
VALIDATION = "validation"
"""What the role `split` calls scenes that are not trained on."""
_ABOUT = {"s": "holds the style of the scene", "z": "holds the physics of every agent, or of each"}
"""The latents that `do` holds, and what that does."""


class GCRL(Pretrained, Forecaster):
    """A forecaster (1) after `fit` on scenes of several environments.

    `predict` draws the futures of scenes whose past is given; `do(COLUMN=LABEL)`, COLUMN that of the environments,
    draws s from the law of an environment, `do(s=[a, b])` holds it at a value, and `do(z=[...])` gives every agent that
    z, or each its own where there are agents * z_size numbers. A latent that is not set is read from the past.

    Attributes:
        environments: Labels of the environments, in the order in which they came.
        history: How the training went.
        kl: Nats of KL(q | p) of `z` (all agents of a scene together) and of `s`, over the scenes of training.
        warnings: What to know about the fit, in words; a collapsed s is told here and as a Python warning.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> tracks = np.cumsum(rng.normal(size=(64, 2, 20, 2)), axis=2)
        >>> model = GCRL(steps=5, batch=8).fit(tracks, ["a", "b"] * 32)
        >>> model.do("do(environment=b)").predict(tracks[:3, :, :8], draws=6).tracks.shape
        (18, 2, 20, 2)
        >>> forecast = model.forecast(tracks[:3, :, :8], draws=6)
        >>> forecast.draws.shape, forecast.mean.shape, forecast.spread.shape
        ((6, 3, 2, 12, 2), (3, 2, 12, 2), (3, 2, 12))
    """

    card = CARD
    Config = GCRLConfig
    config: GCRLConfig
    history: History = History()
    kl: Mapping[str, float] = {}
    warnings: tuple[str, ...] = ()
    _net: Network | None = None
    _ranges: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {}

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants whole scenes, of two environments or more where the law of s is that of one."""
        config, scenes = self.config, self.whole(scenes_of(given))
        trained = _trained(given)
        labels = tuple(dict.fromkeys(scenes.environment[trained].tolist()))
        if not labels:
            raise OptionError(f"all scenes are of the split {VALIDATION!r}: none is left to train on")
        if config.style == "references" and config.latents != "none":
            refuse_common_steps(scenes.take(trained))
        if config.latents == "causal" and len(labels) < 2:
            raise OptionError(f"needs at least 2 training environments (got 1: {labels[0]}); use latents='none' (ERM)")
        if config.latents == "causal" and given.column("environment") in _ABOUT:
            raise OptionError(
                f"the column of the environments is called {given.column('environment')!r}, as a latent is: rename it"
            )

    def _fit(self, given: Given, run: RunStore) -> None:
        """Fits to the scenes; the state with the least ADE of the mean on those of the split `validation` is kept."""
        config, trained, every = self.config, _trained(given), self.whole(scenes_of(given))
        scenes = every.take(trained)
        held = None if trained.all() else every.take(~trained)
        labels = tuple(dict.fromkeys(scenes.environment.tolist()))
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = Network(config, len(labels))
        net.tracks.learn_scales(tensors(scenes)[0])
        env = _numbers(scenes, labels)
        batches = EnvironmentBatches(tensors(scenes), env, config.batch, config.seed)
        trial = copy.copy(self)
        trial.environments, trial._net, trial.held = labels, net, Intervention()
        if run.checkpoint is not None:
            run.checkpoint.mkdir(parents=True, exist_ok=True)
        history = train(
            Objective(net, config),
            batches,
            training_config(config, config.steps, config.learning_rate),
            validate=None if held is None else lambda: trial._error(held),
            checkpoint=None if run.checkpoint is None else run.checkpoint / "training.safetensors",
            progress=run.progress,
            what="training",
        )
        self.environments, self.history, self._net = labels, history, net.cpu().eval()
        self._look(scenes, env)

    @property
    def training(self) -> Training:
        """Losses, what the latents say, and warnings."""
        told = ", ".join(f"{name} {nats:.2f}" for name, nats in self.kl.items())
        notes = (f"Nats that the latents say about a scene: {told}.",) if told else ()
        return Training((("training", tuple(self.history.losses)),), notes, self.warnings)

    def adapt(
        self,
        few: Any,
        environment: str | None = None,
        /,
        *,
        update: Update | None = None,
        steps: int | None = None,
        learning_rate: float | None = None,
        run: RunStore = QUIET,
    ) -> Self:
        """A forecaster for one more environment, from a few of its scenes; this one stays as it is.

        A forecast for a place never seen needs none of it: the past, or reference scenes, say what s is.

        Args:
            few: Whole scenes of the new environment.
            environment: Its label; a known one is replaced. None takes the one of the scenes.
            update: What is updated; None takes `adapt_update`, see `GCRLConfig`.
            steps: Updates; None takes `adapt_steps`.
            learning_rate: Of Adam, falling to zero; None takes `adapt_learning_rate`.
            run: Told how far it is.

        Raises:
            OptionError: If there are too few scenes, they are of several environments, or an option is unknown.
        """
        options: dict[str, Any] = {"adapt_update": update, "adapt_steps": steps, "adapt_learning_rate": learning_rate}
        config = replace(self.config, **{name: value for name, value in options.items() if value is not None})
        if config.latents == "none" and config.adapt_update != "all":
            raise OptionError("a forecaster without latents has no style to update: take update='all'")
        given = self.given(few)
        least = 2 if config.style == "references" else 1
        if len(given) < least:
            raise OptionError(
                f"adaptation takes at least {least} scene{'s' * (least > 1)} of the new environment, got {len(given)}"
            )
        scenes = self.whole(one_place(scenes_of(given), environment))
        label = scenes.environments[0]
        if config.style == "references":
            refuse_common_steps(scenes)
        kept = [k for k, known in enumerate(self.environments) if known != label]
        model = copy.copy(self)
        model.environments = (*(self.environments[k] for k in kept), label)
        model._net, model.history = adapted(self._fitted(), config, scenes, kept, run)
        model._look(scenes, torch.full((len(scenes),), len(kept)))
        return model

    def _look(self, scenes: Tracks, env: Tensor) -> None:
        """Measures what the latents say and their ranges, and which part of the mixture each environment is."""
        if self.config.latents == "none":
            return
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(self.config.seed)
            self.kl = self._fitted().look(*tensors(scenes), env)
        code = self._sampler.code(scenes)
        found = {"s": Target.of_values("s", code.s), "z": Target.of_values("z", code.z[scenes.there])}
        self._ranges = {name: (target.low, target.high) for name, target in found.items()}
        self.warnings = ()
        if self.kl["s"] < COLLAPSED:
            told = (
                f"s has collapsed: it says {self.kl['s']:.3f} nats about a scene (less than {COLLAPSED}), so do(s=...) "
                f"and do({self.place}=...) change nothing; lower the variance or raise prediction_weight"
            )
            self.warnings = (told,)
            warnings.warn(told, RuntimeWarning, stacklevel=4)

    def _error(self, scenes: Tracks) -> float:
        """ADE of the mean of 20 draws; the references of a scene are another one of its environment."""
        references = others(scenes) if self.config.style == "references" else None
        forecast = self._forecast(scenes, references, 20, paired=True)
        return ade(forecast.mean[scenes.there], scenes.tracks[scenes.there][:, self.config.observed :])

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The environment, and the latents with the range that they have in the scenes of the fit."""
        numbers = [Target(name, (), low, high, _ABOUT[name]) for name, (low, high) in self._ranges.items()]
        if self.config.latents != "causal" or not numbers:
            return Targets(numbers)
        return Targets([Target(self.place, self.environments, about="draws s from its law there"), *numbers])

    def do(self, intervention: Any = None, /, **named: Any) -> Self:
        """A copy that holds the intervention; see `System.do`. A latent is set to as many numbers as it has."""
        other = super().do(intervention, **named)
        if not all(isinstance(action, Value) for action in other.held.values()):
            raise InterventionError(
                f"this model answers do({self.place}=LABEL), do(s=NUMBERS) and do(z=NUMBERS), not {other.held}"
            )
        other._set("s", (self.config.s_size,))
        return other

    def _set(self, name: str, sizes: tuple[int, ...]) -> Values | None:
        """The numbers at which `do` holds a latent, (numbers,); None where it does not."""
        action = self.held.get(name)
        if not isinstance(action, Value):
            return None
        numbers = np.asarray(action.value, dtype=np.float64).reshape(-1)
        if numbers.size not in sizes:
            raise InterventionError(f"{name} is {' or '.join(map(str, sizes))} numbers, got {numbers.size}")
        return numbers

    def _latents_set(self, agents: int) -> tuple[Values | None, Values | None]:
        """The numbers of s and of z, of scenes of so many agents."""
        size = self.config.z_size
        return self._set("s", (self.config.s_size,)), self._set("z", (size, agents * size))

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The scenes with their past as it is, and a drawn future after it."""
        scenes = self._asked(given)
        drawn = self._forecast(scenes, None, draws, seed=seed).draws
        futures = np.swapaxes(drawn, 0, 1).reshape(-1, *drawn.shape[2:])
        every = Tracks.of(given.data).take(np.repeat(np.arange(len(scenes)), draws))
        return every.with_future(self.config.observed, futures)

    def expected(self, given: Given) -> Values:
        """The mean of 20 draws of each scene, (scenes, agents, future, 2)."""
        return self.forecast(given).mean

    def forecast(
        self,
        past: Any,
        references: Any = None,
        *,
        draws: int = 20,
        paired: bool = False,
        s: ArrayLike | None = None,
        z: ArrayLike | None = None,
        seed: int = 0,
    ) -> SampledForecast:
        """Futures of scenes with their mean and spread, under what is held.

        Args:
            past: Scenes of `observed` frames or more.
            references: Where s is from: scenes of a place, each draw of s from a random one of them that shares no step
                with the scene; or a known environment, whose law s is drawn from. None reads s from the past itself or,
                with style `references`, draws it from the law of the scene's own environment.
            draws: Of the latents.
            paired: Whether reference i belongs to scene i.
            s: Values to hold s at, (s_size,) or (scenes, s_size), where `do` holds none.
            z: Values to hold z at, (agents, z_size) or (scenes, agents, z_size), where `do` holds none.
            seed: Of the draws.

        Raises:
            OptionError: If the model reads s from references and there are none, or a label is unknown.
            DataError: If tracks are too short, values of latents have another shape, or a scene shares a step with all
                references that it may take.
        """
        if draws < 1:
            raise OptionError(f"draws is at least 1 sample, got {draws}")
        scenes = self._asked(self.given(past))
        return self._forecast(scenes, references, draws, paired=paired, s=s, z=z, seed=seed)

    def _forecast(
        self, scenes: Tracks, references: Any, draws: int, *, s: Any = None, z: Any = None, **options: Any
    ) -> SampledForecast:
        """See `forecast`; what is held wins over what is given."""
        place, agents = self.set_place(self.held), scenes.tracks.shape[1]
        for_s, for_z = self._latents_set(agents)
        s = s if for_s is None else for_s
        z = z if for_z is None else np.resize(for_z, (agents, self.config.z_size))
        if place is not None:
            references = place
        elif references is not None and not isinstance(references, str):
            references = scenes_of(self.given(references))
        return self._sampler.forecast(scenes, references, draws, s=s, z=z, **options)

    def latents(self, *data: Any, **roles: Any) -> Latents:
        """What the encoders say of scenes: whole ones where s is read from references, otherwise their past.

        Raises:
            OptionError: If the model has no latents.
        """
        self._fitted()
        if self.config.latents == "none":
            raise OptionError("a forecaster with latents='none' encodes nothing")
        return self._sampler.code(scenes_of(self.given(*data, **roles)))

    def _encode(self, given: Given) -> Table:
        """Means of s, of z agent by agent, and their spreads, 0 where one is held; s that is drawn is left out."""
        code = self.latents(given)
        held = self._latents_set(code.z.shape[1])
        return code.table(*held, with_s=held[0] is not None or self.place not in self.held)

    # -- keeping -------------------------------------------------------------------------------------------------------

    @property
    def _sampler(self) -> Sampler:
        return Sampler(self._fitted(), self.config, self.environments)

    def _fitted(self) -> Network:
        net = fitted(self._net, self)
        assert isinstance(net, Network)
        return net

    def _network(self) -> nn.Module:
        return self._fitted()

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "environments": list(self.environments),
            "kl": dict(self.kl),
            "ranges": {name: [list(side) for side in both] for name, both in self._ranges.items()},
            "warnings": list(self.warnings),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(GCRLConfig(**options["config"]))
        model.environments, model.kl = tuple(options["environments"]), dict(options["kl"])
        model.warnings = tuple(options["warnings"])
        model._ranges = {name: (tuple(low), tuple(high)) for name, (low, high) in options["ranges"].items()}
        model._net = Network(model.config, len(model.environments)).eval()
        return model

    # -- checks --------------------------------------------------------------------------------------------------------

    def _asked(self, given: Given) -> Tracks:
        """The scenes that a forecast is asked of."""
        sampler, scenes = self._sampler, scenes_of(given)
        scenes.need_frames(self.config.observed, 0)
        sampler.check(scenes)
        return scenes


def _trained(given: Given) -> NDArray[np.bool_]:
    """(scenes,) which are trained on."""
    trained: NDArray[np.bool_] = given.labels("split") != VALIDATION
    return trained


def _numbers(scenes: Tracks, labels: Sequence[str]) -> Tensor:
    place = {label: number for number, label in enumerate(labels)}
    return torch.tensor([place[label] for label in scenes.environment.tolist()])
