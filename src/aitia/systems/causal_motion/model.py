"""The forecaster: how it is fitted, how it is adapted to a new place, and what it can be asked."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
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
from aitia.nn.modular import PairForecaster
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.refinement import moved_code
from aitia.nn.scene_bank import References
from aitia.nn.scenes import need_pairs, tensors, whole_scenes
from aitia.systems.causal_motion.answers import Forecast
from aitia.systems.causal_motion.batches import channel_of, known_styles, smallest, training_batches
from aitia.systems.causal_motion.card import CARD
from aitia.systems.causal_motion.config import CausalMotionConfig, Update
from aitia.systems.causal_motion.network import Network
from aitia.systems.causal_motion.objective import Objective, Phase, phases
from aitia.train import EnvironmentBatches, History, TrainConfig, train

__all__ = ["CausalMotion"]

Values = NDArray[np.float64]
Change = Callable[[Tensor, Tensor, Tensor, slice], Tensor]
"""From codes, past, presence and the rows that they are of, to the codes to decode."""
BANK = 64
"""Training scenes of each environment that a fitted model keeps, as references and as negatives of the contrast."""
AT_ONCE = 512
"""Scenes that are forecast at once, to bound the memory."""


class CausalMotion(Pretrained):
    """A forecaster (1) after `fit` on scenes of several environments.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        environments: Labels of the environments whose style is known.
        history: How each phase of the training went. Beside the loss and its parts it has the `slope`: the norm over
            environments of the gradient whose square IRM penalises, in square metres.
        warnings: What to know about the fit, in words.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> tracks = np.cumsum(rng.normal(size=(64, 2, 20, 2)), axis=2)
        >>> model = CausalMotion(steps=5, batch=8).fit(tracks, ["a", "b"] * 32)
        >>> new = np.cumsum(rng.normal(size=(3, 2, 8, 2)), axis=2)
        >>> forecast = model.predict(new, references="a")
        >>> forecast.tracks.shape, forecast.references
        ((3, 2, 12, 2), '32 scenes of a that the model keeps; none of them is among the scenes forecast')
    """

    card = CARD

    def __init__(self, config: CausalMotionConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or CausalMotionConfig(), **options)
        except TypeError as error:
            raise OptionError(f"CausalMotion: {error}") from error
        self.environments: tuple[str, ...] = ()
        self.history: tuple[History, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self._net: Network | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(
        self,
        tracks: Any,
        environment: str | Sequence[Any] | NDArray[Any] | None = None,
        *,
        channel: ArrayLike | None = None,
        style: ArrayLike | None = None,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fits the forecaster.

        Args:
            tracks: A `Tracks`, or an array (scenes, agents, observed + future or more, 2) in metres.
            environment: Label of each scene, where tracks is an array.
            channel: (scenes, agents, observed), where the configuration asks for it.
            style: (scenes,) known numbers, for style `given`.
            checkpoint: Folder to resume from, and to keep the state of the training in.
            progress: Told how far it is.

        Raises:
            OptionError: If an environment is too few for the penalty or style, or the pair form gets more agents.
            DataError: If scenes are too short or too few, or a channel or style is missing or of another shape.
        """
        config, scenes = self.config, self._whole(Tracks.of(tracks, environment))
        needs = [config.invariance] * (config.invariance != "none") + ["style 'modular'"] * (config.style == "modular")
        if needs and len(scenes.environments) < 2:
            raise OptionError(
                f"{needs[0]} compares environments: it needs at least 2, got 1 ({scenes.environments[0]})"
            )
        batches = training_batches(config, scenes, channel, style)
        label, least = smallest(scenes)
        told = f"environment {label} has {least} scenes: a step scores {least // 2} of each and not {config.batch}"
        self.warnings = (told,) if config.style == "modular" and least < 2 * config.batch else ()
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = Network(config)
        if isinstance(net.forecaster, PairForecaster):
            net.forecaster.standardise(tensors(scenes)[0][:, :, : config.observed])
        if config.style == "modular":
            net.bank.keep(scenes, scenes.environments, BANK)
        self.history = tuple(
            self._train(net, phase, batches, number, checkpoint, progress)
            for number, phase in enumerate(phases(config, net))
        )
        self.environments, self._net = scenes.environments, net.cpu().eval()
        return self

    def _train(
        self,
        net: Network,
        phase: Phase,
        batches: EnvironmentBatches,
        number: int,
        checkpoint: Path | None,
        progress: Progress | None,
    ) -> History:
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)
        return train(
            Objective(net, self.config, phase),
            batches,
            TrainConfig(
                steps=phase.steps,
                learning_rate=self.config.learning_rate,
                schedule="cosine" if phase.falling else "constant",
                seed=self.config.seed + 1000 * number,
                device=self.config.device,
            ),
            groups=phase.groups,
            checkpoint=None if checkpoint is None else checkpoint / f"phase-{number}.safetensors",
            progress=progress,
            what=phase.name,
        )

    def adapt(
        self,
        scenes: Any,
        environment: str,
        *,
        update: Update = "modulation",
        channel: ArrayLike | None = None,
        steps: int = 300,
        learning_rate: float = 1e-3,
        contrastive_weight: float = 0.05,
        progress: Progress | None = None,
    ) -> Self:
        """A forecaster for one more environment, from a few of its scenes; this one stays as it is.

        Args:
            scenes: Whole scenes of the new environment. In each update half of those drawn are references.
            environment: Its label; a known one is replaced.
            update: What is updated: the blocks that read the style, phi as well, or everything.
            channel: (scenes, agents, observed), where the configuration asks for it.
            steps: Updates.
            learning_rate: Of Adam, falling to zero.
            contrastive_weight: Of the contrast against scenes of the old environments.
            progress: Told how far it is.

        Raises:
            OptionError: If an option is unknown, there is nothing to update, or the style is a known number.
            DataError: If scenes are fewer than 4 or too short.
        """
        config, old = self.config, self._model
        if update not in ("modulation", "modulation and style", "all"):
            raise OptionError(f"update is 'modulation', 'modulation and style' or 'all', got {update!r}")
        if config.style == "given":
            raise OptionError("a forecaster whose style is a known number needs no adaptation: give the number")
        if config.style == "none" and update != "all":
            raise OptionError("a forecaster without style has no modulation to update: take update='all'")
        if scenes is None or len(scenes) < 4:
            raise DataError(f"adaptation takes at least 4 scenes, got {0 if scenes is None else len(scenes)}")
        given = Tracks.of(scenes)
        few = self._whole(replace(given, environment=np.full(len(given), environment)))
        model, net = copy.copy(self), copy.deepcopy(old)
        kept = [e for e in self.environments if e != environment]
        if environment in self.environments and config.style == "modular":
            net.bank.forget(self.environments.index(environment))
        chosen = list(net.forecaster.modulation.parameters() if update != "all" else net.parameters())
        if update == "modulation and style":
            chosen += net.reader.parameters()
        phase = Phase(
            f"adapting to {environment}", steps, [(chosen, learning_rate)], contrast=contrastive_weight, falling=True
        )
        model.history = (self._train(net, phase, training_batches(config, few, channel), 9, None, progress),)
        if config.style == "modular":
            net.bank.keep(few, (environment,), BANK, first=len(kept))
        model.environments, model._net = (*kept, environment), net.cpu().eval()
        return model

    # -- asking --------------------------------------------------------------------------------------------------------

    def predict(
        self, past: Any, references: Any = None, *, channel: ArrayLike | None = None, style: ArrayLike | None = None
    ) -> Forecast:
        """The future of scenes. Only their first `observed` frames are read.

        Args:
            past: (scenes, agents, observed or more, 2) in metres, or a `Tracks`.
            references: Whole scenes of the place; or a known label, or one a scene. For each scene, references that
                share a step with it are left out.
            channel: (scenes, agents, observed), where the configuration asks for it.
            style: Known numbers, one or one a scene, for style `given`.

        Raises:
            OptionError: If a style is needed and no reference is given, or a label is unknown.
            DataError: If tracks are too short, or a scene overlaps with every reference.
        """
        net, scenes = self._ask(past)
        further, s, told = channel_of(self.config, channel, scenes), None, "no style"
        if self.config.style == "given":
            with torch.no_grad():
                s = net.number(torch.from_numpy(known_styles(style, len(scenes))).float()[:, None])
            told = "a known number for each scene"
        elif self.config.style == "modular":
            found = self._find(references, scenes)
            s, told = found.style, found.told
        return self._forecast(scenes, further, s, told, lambda code, past, there, rows: code)

    def counterfactual(
        self, tracks: Any, intervention: Intervention | str, /, *, channel: ArrayLike | None = None
    ) -> Forecast:
        """The future as it would be in the style of another environment, `do(style=LABEL)`; psi(x) is kept.

        Args:
            tracks: As `past` of `predict`.
            intervention: `do(style=LABEL)` for a known environment.
            channel: As for `predict`.

        Raises:
            OptionError: If the model has no style from references.
            InterventionError: If something else than the style is set, or no environment has that label.
        """
        action = Intervention.parse(intervention) if isinstance(intervention, str) else intervention
        if self.config.style != "modular":
            raise OptionError("do(style=...) needs a model with style 'modular'")
        if action.targets != ("style",) or not isinstance(action["style"], Value):
            raise InterventionError(f"this model answers do(style=ENVIRONMENT), not {intervention}")
        label = str(action["style"].value)
        if label not in self.environments:
            raise InterventionError(f"no style {label!r} is known; there are {join_names(self.environments)}")
        return self.predict(tracks, label, channel=channel)

    def refine(self, past: Any, references: Any, *, steps: int = 3, rate: float = 1e-3, style: Any = None) -> Forecast:
        """Forecasts whose latent psi(x) is moved so that they look like the references to phi and its head.

        The contrast of (2) is made smaller for each scene: references are its positives, kept scenes of other
        environments its negatives. Only the latent moves. References of another place move the forecast to its style.

        Args:
            past: As for `predict`.
            references: As for `predict`: what the forecast is to look like.
            steps: Of Adam on each scene's latent.
            rate: Its learning rate.
            style: References that give s of (1); None takes `references`.

        Raises:
            OptionError: If the model has no style from references, or reads a channel.
        """
        if self.config.style != "modular":
            raise OptionError("refinement needs a model with style 'modular'")
        if self.config.channel:
            raise OptionError("refinement is for models without a further channel")
        net, scenes = self._ask(past)
        like = self._find(references, scenes)
        s = like.style if style is None else self._find(style, scenes).style
        heads = net.reader.project(like.codes).detach()

        def moved(code: Tensor, past: Tensor, there: Tensor, rows: slice) -> Tensor:
            positive, compared = like.positive[rows], like.positive[rows] | like.negative[rows]

            def contrast(code: Tensor) -> Tensor:
                whole = torch.cat([past, net.forecaster.decode(code, past, there, s[rows])], dim=-2)
                logits = net.reader.project(net.reader(whole, there)) @ heads.T / self.config.temperature
                near = (logits * positive).sum(1) / positive.sum(1)
                return torch.logsumexp(logits.masked_fill(~compared, -torch.inf), 1) - near

            return moved_code(code, contrast, steps, rate)

        return self._forecast(scenes, None, s, like.told, moved)

    def styles(self, scenes: Any) -> Values:
        """phi of whole scenes, (scenes, style_size): what the model sees of how agents pass each other there.

        Raises:
            OptionError: If the model has no style from references.
            DataError: If scenes are too short.
        """
        if self.config.style != "modular":
            raise OptionError("a style is read by a model with style 'modular'")
        code: Values = self._read(Tracks.of(scenes)).double().numpy()
        return code

    # -- parts of asking -----------------------------------------------------------------------------------------------

    @property
    def _model(self) -> Network:
        net = fitted(self._net, self)
        assert isinstance(net, Network)
        return net

    def _ask(self, past: Any) -> tuple[Network, Tracks]:
        net, scenes = self._model, Tracks.of(past)
        scenes.need_frames(self.config.observed, 0)
        self._check_agents(scenes)
        return net, scenes

    def _forecast(
        self, scenes: Tracks, channel: Tensor | None, s: Tensor | None, told: str, change: Change
    ) -> Forecast:
        """Encodes, lets `change` move the codes, and decodes, some scenes at a time."""
        net = self._model
        (tracks, there), futures = tensors(scenes), []
        past = tracks[:, :, : self.config.observed]
        for start in range(0, len(past), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            with torch.no_grad():
                code = net.forecaster.encode(past[rows], there[rows], None if channel is None else channel[rows])
            code = change(code, past[rows], there[rows], rows)
            with torch.no_grad():
                futures.append(net.forecaster.decode(code, past[rows], there[rows], None if s is None else s[rows]))
        ahead = torch.cat(futures).double().numpy() * scenes.there[:, :, None, None]
        return Forecast(ahead, None if s is None else s.double().numpy(), told)

    def _find(self, references: Any, scenes: Tracks) -> References:
        """The references of each scene, without those that share a step with it."""
        bank = self._model.bank
        if references is None:
            raise OptionError(
                f"give reference scenes of the place, or a known environment: {join_names(self.environments)}"
            )
        if isinstance(references, str):
            return bank.named([references] * len(scenes), scenes, self.environments, self._read)
        if not isinstance(references, Tracks) and np.ndim(references) == 1:
            return bank.named([str(label) for label in references], scenes, self.environments, self._read)
        return bank.given(Tracks.of(references), scenes, self.environments, self._read)

    def _read(self, scenes: Tracks) -> Tensor:
        """phi of whole scenes, (scenes, style_size), some at a time."""
        tracks, there = tensors(self._whole(scenes))
        with torch.no_grad():
            parts = zip(tracks.split(AT_ONCE), there.split(AT_ONCE), strict=True)  # type: ignore[no-untyped-call]
            return torch.cat([self._model.reader(some, present) for some, present in parts])

    def _whole(self, scenes: Tracks) -> Tracks:
        """The scenes that a training takes or a style is read from, cut to their length."""
        whole = whole_scenes(scenes, self.config.observed, self.config.future)
        self._check_agents(whole)
        return whole

    def _check_agents(self, scenes: Tracks) -> None:
        if self.config.form == "pair":
            need_pairs(scenes)
        if self.config.style == "modular" and scenes.tracks.shape[1] < 2:
            raise OptionError("a style is read from how agents keep apart: scenes need at least 2 agents")

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        return self._model

    def _options(self) -> dict[str, Any]:
        net = self._model
        return {
            "config": asdict(self.config),
            "environments": list(self.environments),
            "bank": list(net.bank.tracks.shape),
            "warnings": list(self.warnings),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(CausalMotionConfig(**options["config"]))
        model.environments, model.warnings = tuple(options["environments"]), tuple(options["warnings"])
        model._net = Network(model.config, options["bank"]).eval()
        return model
