"""The forecaster: how it is fitted, how it is adapted to a new place, and what it can be asked."""

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from math import ceil
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from aitia.data.tracks import Tracks
from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import DataError, InterventionError, OptionError, join_names
from aitia.nn.gaussian import draw
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.scenes import need_pairs, tensors, whole_scenes
from aitia.nn.track_vae import Gaussian
from aitia.stats.metrics.motion import ade
from aitia.systems.gcrl.answers import Latents, SampledForecast, Values
from aitia.systems.gcrl.card import CARD
from aitia.systems.gcrl.config import UPDATES, GCRLConfig, Update
from aitia.systems.gcrl.network import Network
from aitia.systems.gcrl.objective import Objective
from aitia.systems.gcrl.references import others, pick, refuse_common_steps
from aitia.train import EnvironmentBatches, History, TrainConfig, train

__all__ = ["COLLAPSED", "GCRL"]

COLLAPSED = 0.05
"""Nats of KL(q(s) | p(s)) below which s says nothing."""


class GCRL(Pretrained):
    """A forecaster (1) after `fit` on scenes of several environments.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        environments: Labels of the environments, in the order in which they came.
        history: How the training went.
        kl: Nats of KL(q | p) of `z` (all agents of a scene together) and of `s`, over the scenes of training.
        warnings: What to know about the fit, in words; a collapsed s is told here and as a Python warning.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> tracks = np.cumsum(rng.normal(size=(64, 2, 20, 2)), axis=2)
        >>> model = GCRL(steps=5, batch=8).fit(tracks, ["a", "b"] * 32)
        >>> forecast = model.predict(tracks[:3, :, :8], samples=6)
        >>> forecast.samples.shape, forecast.mean.shape, forecast.spread.shape
        ((6, 3, 2, 12, 2), (3, 2, 12, 2), (3, 2, 12))
    """

    card = CARD

    def __init__(self, config: GCRLConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or GCRLConfig(), **options)
        except TypeError as error:
            raise OptionError(f"GCRL: {error}") from error
        self.environments: tuple[str, ...] = ()
        self.history = History()
        self.kl: dict[str, float] = {}
        self.warnings: tuple[str, ...] = ()
        self._net: Network | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(
        self,
        tracks: Any,
        environment: str | Sequence[Any] | NDArray[Any] | None = None,
        *,
        validation: Any = None,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fits the forecaster.

        Args:
            tracks: A `Tracks`, or an array (scenes, agents, observed + future, 2) in metres.
            environment: Label of each scene, where tracks is an array.
            validation: Further whole scenes; the state with the least ADE of the mean sample on them is kept.
            checkpoint: Folder to resume from, and to keep the state of the training in.
            progress: Told how far it is.

        Raises:
            OptionError: If there is one environment only, or the pair form gets more or fewer agents than two.
            DataError: If scenes are too short, or a position is missing.
        """
        config, scenes = self.config, self._whole(Tracks.of(tracks, environment))
        labels = tuple(dict.fromkeys(scenes.environment.tolist()))
        if config.style == "references" and config.latents != "none":
            refuse_common_steps(scenes)
        if config.latents == "causal" and len(labels) < 2:
            raise OptionError(f"needs at least 2 training environments (got 1: {labels[0]}); use latents='none' (ERM)")
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = Network(config, len(labels))
        net.tracks.learn_scales(tensors(scenes)[0])
        env = _numbers(scenes, labels)
        batches = EnvironmentBatches(tensors(scenes), env, config.batch, config.seed)
        trial = copy.copy(self)
        trial.environments, trial._net = labels, net
        held = None if validation is None else self._whole(Tracks.of(validation))
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)
        history = train(
            Objective(net, config),
            batches,
            _training(config, config.steps, config.learning_rate),
            validate=None if held is None else lambda: trial._error(held),
            checkpoint=None if checkpoint is None else checkpoint / "training.safetensors",
            progress=progress,
            what="training",
        )
        self.environments, self.history, self._net = labels, history, net.cpu().eval()
        self._look(scenes, env)
        return self

    def adapt(
        self,
        scenes: Any,
        environment: str,
        *,
        update: Update = "style",
        steps: int | None = None,
        learning_rate: float = 1e-3,
        progress: Progress | None = None,
    ) -> Self:
        """A forecaster for one more environment, from a few of its scenes; this one stays as it is.

        A forecast for a place never seen needs none of it: the past, or reference scenes, say what s is.

        Args:
            scenes: Whole scenes of the new environment.
            environment: Its label; a known one is replaced.
            update: `style` updates the encoder and the law of s and both decoders, and leaves z as it is; `style
                without flow` leaves the flow of s as well; `all` updates everything.
            steps: Updates; None goes through the scenes 100 times.
            learning_rate: Of Adam, falling to zero.
            progress: Told how far it is.

        Raises:
            OptionError: If there are too few scenes, or an option is unknown.
        """
        config = self.config
        if update not in UPDATES:
            raise OptionError(f"update is {', '.join(map(repr, UPDATES))}, got {update!r}")
        if config.latents == "none" and update != "all":
            raise OptionError("a forecaster without latents has no style to update: take update='all'")
        least = 2 if config.style == "references" else 1
        if scenes is None or len(scenes) < least:
            raise OptionError(
                f"adaptation takes at least {least} scene{'s' * (least > 1)} of the new environment, got "
                f"{0 if scenes is None else len(scenes)}"
            )
        net = copy.deepcopy(self._fitted())
        given = Tracks.of(scenes, environment)
        few = self._whole(replace(given, environment=np.full(len(given), environment)))
        if config.style == "references":
            refuse_common_steps(few)
        model = copy.copy(self)
        model._net = net
        kept = [k for k, label in enumerate(self.environments) if label != environment]
        model.environments = (*(self.environments[k] for k in kept), environment)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net.choose(kept, net.shares(*tensors(few)).mean(0) if config.latents == "causal" else None)
        size = min(len(few), config.batch)
        steps = 100 * ceil(len(few) / size) if steps is None else steps
        model.history = train(
            Objective(net, config, first=len(kept), z_kl=update == "all"),
            EnvironmentBatches(tensors(few), torch.zeros(len(few), dtype=torch.int64), size, config.seed),
            _training(config, steps, learning_rate),
            groups=[(net.updated(update), learning_rate)],
            progress=progress,
            what=f"adapting to {environment}",
        )
        net.cpu().eval()
        model._look(few, torch.full((len(few),), len(kept)))
        return model

    def _look(self, scenes: Tracks, env: Tensor) -> None:
        """Measures what the latents say, and which part of the mixture each environment of these scenes is."""
        if self.config.latents == "none":
            return
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(self.config.seed)
            self.kl = self._fitted().look(*tensors(scenes), env)
        self.warnings = ()
        if self.kl["s"] < COLLAPSED:
            told = (
                f"s has collapsed: it says {self.kl['s']:.3f} nats about a scene (less than {COLLAPSED}), so do(s=...) "
                "and do(environment=...) change nothing; lower the variance or raise prediction_weight"
            )
            self.warnings = (told,)
            warnings.warn(told, RuntimeWarning, stacklevel=3)

    def _error(self, scenes: Tracks) -> float:
        """ADE of the mean of 20 samples; the references of a scene are another one of its environment."""
        references = others(scenes) if self.config.style == "references" else None
        observed = self.config.observed
        forecast = self.predict(scenes, references, paired=True)
        return ade(forecast.mean[scenes.there], scenes.tracks[scenes.there][:, observed:])

    # -- asking --------------------------------------------------------------------------------------------------------

    def predict(
        self,
        past: Any,
        references: Any = None,
        *,
        samples: int = 20,
        paired: bool = False,
        s: ArrayLike | None = None,
        z: ArrayLike | None = None,
        seed: int = 0,
    ) -> SampledForecast:
        """Futures of scenes.

        Args:
            past: (scenes, agents, observed or more, 2) in metres, or a `Tracks`.
            references: Where s is from: scenes of a place, each draw of s from a random one of them that shares no step
                with the scene; or a known environment, whose law s is drawn from. None reads s from the past itself.
            samples: Draws of the latents.
            paired: Whether reference i belongs to scene i.
            s: Values to hold s at, (s_size,) or (scenes, s_size).
            z: Values to hold z at, (agents, z_size) or (scenes, agents, z_size).
            seed: Of the draws.

        Raises:
            OptionError: If the model reads s from references and there are none, or a label is unknown.
            DataError: If tracks are too short, values of latents have another shape, or a scene shares a step with all
                references that it may take.
        """
        config, net = self.config, self._fitted()
        scenes = Tracks.of(past)
        scenes.need_frames(config.observed, 0)
        self._check(scenes)
        if samples < 1:
            raise OptionError(f"there is at least 1 sample, got {samples}")
        n, agents = scenes.tracks.shape[:2]
        tracks, present = tensors(scenes, net.device)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            seen = net.tracks.see(tracks[..., : config.observed, :])
            if z is not None:
                z_draws = _held(z, "z", (n, agents, config.z_size), samples).to(net.device)
            else:
                law = net.tracks.z_of(seen, present)
                z_draws = law.mean[None] if config.latents == "none" else law.draws(samples)
            if s is not None:
                s_draws = _held(s, "s", (n, net.tracks.s_size), samples).to(net.device)
            else:
                s_draws = self._s_draws(scenes, references, samples, paired)
            futures = seen.home(net.tracks.ahead(z_draws, s_draws, seen))
        drawn: Values = futures.double().cpu().numpy()
        drawn = np.broadcast_to(drawn, (samples, *drawn.shape[1:]))
        mean = drawn.mean(0)
        return SampledForecast(mean, drawn, np.sqrt(((drawn - mean) ** 2).sum(-1).mean(0)))

    def _s_draws(self, scenes: Tracks, references: Any, samples: int, paired: bool) -> Tensor:
        """(samples, scenes, s_size)."""
        config, net, n = self.config, self._fitted(), len(scenes)
        if config.latents == "none":
            return torch.zeros(1, n, 0, device=net.device)
        if references is None:
            if config.style == "references":
                raise OptionError(
                    f"give reference scenes of the place, or a known environment: {join_names(self.environments)}"
                )
            return self._s_of(scenes).draws(samples)
        if isinstance(references, str):
            if references not in self.environments:
                raise OptionError(f"there is no environment {references!r}; known are {join_names(self.environments)}")
            weights = net.weights[self.environments.index(references)]
            return net.s_prior.sample((samples, n), weights)
        given = Tracks.of(references)
        law = self._s_of(given)
        which = pick(scenes, given, samples, paired=paired, overlap=config.style == "past")
        return draw(law.mean[which], law.log_variance[which])

    def _s_of(self, scenes: Tracks) -> Gaussian:
        scenes.need_frames(self.config.observed, self.config.future if self.config.style == "references" else 0)
        self._check(scenes)
        net = self._fitted()
        return net.tracks.s_of(*tensors(scenes, net.device))

    def counterfactual(
        self, tracks: Any, intervention: Intervention | str, /, *, references: Any = None, samples: int = 20
    ) -> Values:
        """The mean future (scenes, agents, future, 2) as it would be under `do`; a latent that is not set is kept.

        `do(environment=LABEL)` draws s from the law of an environment, `do(s=[a, b])` holds it at a value, and
        `do(z=[...])` gives every agent that z, or each its own where there are agents * z_size numbers.

        Args:
            tracks: Scenes; their past is read.
            intervention: What is done.
            references: As for `predict`, where s is not set.
            samples: Draws of the latents.

        Raises:
            InterventionError: If something else is set, no environment has that label, or a value has another size.
        """
        action = Intervention.parse(intervention) if isinstance(intervention, str) else intervention
        given = {name: a.value for name, a in action.items() if isinstance(a, Value)}
        if len(given) < len(action) or not set(given) <= {"environment", "s", "z"}:
            raise InterventionError(
                f"this model answers do(environment=LABEL), do(s=NUMBERS) and do(z=NUMBERS), not {intervention}"
            )
        if "environment" in given:
            references = str(given["environment"])
            if references not in self.environments:
                raise InterventionError(
                    f"no environment {references!r} is known; there are {join_names(self.environments)}"
                )
        config, agents = self.config, Tracks.of(tracks).tracks.shape[1]
        sizes = {"s": (config.s_size,), "z": (config.z_size, agents * config.z_size)}
        held: dict[str, Any] = {}
        for name, allowed in sizes.items():
            if name in given:
                held[name] = np.asarray(given[name], dtype=np.float64).reshape(-1)
                if held[name].size not in allowed:
                    raise InterventionError(
                        f"{name} is {' or '.join(map(str, allowed))} numbers, got {held[name].size}"
                    )
        if "z" in held:
            held["z"] = np.resize(held["z"], (agents, config.z_size))
        return self.predict(tracks, references, samples=samples, **held).mean

    def encode(self, scenes: Any) -> Latents:
        """What the encoders say of scenes: whole ones where s is read from references, otherwise their past.

        Raises:
            OptionError: If the model has no latents.
        """
        net = self._fitted()
        if self.config.latents == "none":
            raise OptionError("a forecaster with latents='none' encodes nothing")
        given = Tracks.of(scenes)
        with torch.no_grad():
            s = self._s_of(given)
            tracks, present = tensors(given)
            z = net.tracks.z_of(net.tracks.see(tracks[..., : self.config.observed, :]), present)
        spread = (torch.exp(0.5 * z.log_variance), torch.exp(0.5 * s.log_variance))
        return Latents(*(part.double().numpy() for part in (z.mean, s.mean, *spread)))

    # -- keeping -------------------------------------------------------------------------------------------------------

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
            "kl": self.kl,
            "warnings": list(self.warnings),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(GCRLConfig(**options["config"]))
        model.environments, model.kl = tuple(options["environments"]), dict(options["kl"])
        model.warnings = tuple(options["warnings"])
        model._net = Network(model.config, len(model.environments)).eval()
        return model

    # -- checks --------------------------------------------------------------------------------------------------------

    def _whole(self, scenes: Tracks) -> Tracks:
        """The scenes that a training takes, cut to their length."""
        whole = whole_scenes(scenes, self.config.observed, self.config.future)
        self._check(whole)
        return whole

    def _check(self, scenes: Tracks) -> None:
        if self.config.form == "pair":
            need_pairs(scenes)


def _held(values: ArrayLike, name: str, shape: tuple[int, ...], samples: int) -> Tensor:
    """Values of a latent for all draws, (samples, *shape); given for every scene, or once for all."""
    given = np.asarray(values, dtype=np.float64)
    if given.shape not in (shape, shape[1:]) or not np.isfinite(given).all():
        raise DataError(f"{name} is finite numbers of shape {shape[1:]} or {shape}, got shape {given.shape}")
    return torch.from_numpy(given).float().expand(samples, *shape)


def _numbers(scenes: Tracks, labels: Sequence[str]) -> Tensor:
    place = {label: number for number, label in enumerate(labels)}
    return torch.tensor([place[label] for label in scenes.environment.tolist()])


def _training(config: GCRLConfig, steps: int, rate: float) -> TrainConfig:
    return TrainConfig(
        steps=steps, learning_rate=rate, schedule="cosine", clip=10.0, seed=config.seed, device=config.device
    )
