"""Forecasts of tracks that keep physics, drop spurious cues, and take the style of a place from a few of its scenes.

    y = x_now + sum of steps,   steps = g( psi(x); s ),   s = mean over reference scenes r of phi(r)              (1)
    loss = sum_e R_e + lambda * invariance + mu * contrast( head(phi(r)), environment of r )                     (2)

psi reads the past, phi whole scenes of the same environment, and g is modulated by the style s in two residual blocks.
R_e is the mean squared distance in environment e. The invariance penalty is IRM, with a factor on the displacements and
halves that make it unbiased, or v-REx. The contrast pulls scenes of an environment together and others apart. In a new
place only the modulation need be updated (`adapt`). At test time the latent psi(x) can be moved by a few gradient steps
until the forecast looks, to phi, like the references (`refine`); another place's style is a `counterfactual`.

Where we differ from the source. Its references contain the scenes that are scored, future included: here a reference
that shares a step with a scene is never used for it, in training as in forecasting, and every `Forecast` says so. Its
pooled baseline trains for 100 epochs and its modular one for 470; here `steps` counts the updates of all phases. Its
setting (`schedule="phases"`, `frame="plane"`, `width=32`) is kept; by default a scene is seen from a frame of its own,
scaled, steps are added to constant velocity, and everything is trained together.

Source:
    Liu, Cadei, Schweizer, Bahmani and Alahi, Towards Robust and Adaptive Motion Forecasting: A Causal Representation
    Perspective, CVPR 2022.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, DTypeLike, NDArray
from torch import Tensor, nn

from aitia.card import Card
from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import DataError, InterventionError, OptionError, join_names
from aitia.nn.contrastive import supervised_contrastive
from aitia.nn.invariance import irm_penalty, vrex_penalty
from aitia.nn.layers import mlp
from aitia.nn.modular import Forecaster, GroupForecaster, PairForecaster, StyleReader
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.refinement import moved_code
from aitia.nn.scene_bank import References, SceneBank
from aitia.tracks import TrackSet
from aitia.train import EnvironmentBatches, History, TrainConfig, train

__all__ = ["CausalMotion", "CausalMotionConfig", "Forecast"]

Values = NDArray[np.float64]
BANK = 64
"""Training scenes of each environment that a fitted model keeps, as references and as negatives of the contrast."""
WARM_UP = 0.1
"""Share of a training before the invariance penalty is on."""
AT_ONCE = 512
"""Scenes that are forecast at once, to bound the memory."""
Update = Literal["modulation", "modulation and style", "all"]


@dataclass(frozen=True)
class CausalMotionConfig:
    """Options of `CausalMotion`.

    Args:
        form: `pair`, perceptrons for two agents; or `group`, recurrent networks and attention for any number.
        style: `modular` takes it from reference scenes, `none` has none (with invariance `none` this is empirical risk
            minimisation), `given` takes a known number for each scene (an oracle).
        frame: Of the pair form: `scene` sees each scene from a frame of its own and adds to constant velocity, `plane`
            takes coordinates as they are.
        observed: Frames of the past.
        future: Frames that are forecast.
        width: Of the layers.
        style_size: Numbers of a style.
        invariance: Penalty on the difference between environments.
        invariance_weight: lambda of (2); on after a tenth of the training.
        contrastive_weight: mu of (2); None takes 0.01 jointly and 1 in phases.
        temperature: Of the contrast.
        schedule: `joint` at a rate that falls to zero; or `phases` at constant rates: psi and g without style but with
            the penalty; phi by contrast; the modulation; phi and g (100 : 50 : 20 : 300 updates). Without references
            there is one phase.
        channel: Whether the group form reads a further number at each past frame, such as a tracker's confidence.
        steps: Updates, all phases together.
        learning_rate: Of Adam; in phases phi has half of it, its head and the modulation ten times.
        batch: Scenes of each environment a step; as many others are the references.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    form: Literal["pair", "group"] = "pair"
    style: Literal["modular", "none", "given"] = "modular"
    frame: Literal["scene", "plane"] = "scene"
    observed: int = 8
    future: int = 12
    width: int = 128
    style_size: int = 8
    invariance: Literal["none", "irm", "v-rex"] = "none"
    invariance_weight: float = 1.0
    contrastive_weight: float | None = None
    temperature: float = 0.07
    schedule: Literal["joint", "phases"] = "joint"
    channel: bool = False
    steps: int = 4000
    learning_rate: float = 1e-3
    batch: int = 64
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("form", ("pair", "group")),
            ("style", ("modular", "none", "given")),
            ("frame", ("scene", "plane")),
            ("invariance", ("none", "irm", "v-rex")),
            ("schedule", ("joint", "phases")),
        ):
            if getattr(self, name) not in allowed:
                raise OptionError(f"{name} is one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        for name in ("invariance_weight", "contrastive_weight"):
            if (getattr(self, name) or 0.0) < 0:
                raise OptionError(f"{name} is zero or more, got {getattr(self, name)}")
        for name, least in (
            ("observed", 2),
            ("future", 1),
            ("width", 8),
            ("style_size", 1),
            ("batch", 2),
            ("steps", 4 if self.schedule == "phases" else 1),
        ):
            if getattr(self, name) < least:
                raise OptionError(f"{name} is at least {least}, got {getattr(self, name)}")
        for name in ("temperature", "learning_rate"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} is positive, got {getattr(self, name)}")
        if self.form == "pair" and self.channel:
            raise OptionError("a further channel is read by the group form")
        if self.form == "group" and self.frame == "plane":
            raise OptionError("frame 'plane' is for the pair form; the group form sees each agent from its own frame")


@dataclass(frozen=True, eq=False)
class Forecast:
    """The future of scenes and what its style is from; numpy takes it for the array of its tracks.

    Args:
        tracks: (scenes, agents, future, 2) in metres.
        style: s of (1), (scenes, style_size); None without style.
        references: What the style is from, in words.
    """

    tracks: Values
    style: Values | None
    references: str

    def __len__(self) -> int:
        return len(self.tracks)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.tracks, dtype=dtype, copy=copy)


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

    card = Card(
        slug="causal-motion",
        title="Towards Robust and Adaptive Motion Forecasting: A Causal Representation Perspective",
        authors=("Liu", "Cadei", "Schweizer", "Bahmani", "Alahi"),
        year=2022,
        venue="CVPR",
        task="forecasts of tracks under spurious cues and in new places",
        modality="tracks",
        claim="A forecaster that takes the style of a place from a few of its scenes errs less in known and new places "
        "than pooled training, and an invariance penalty makes it drop a planted cue.",
        source="https://arxiv.org/abs/2111.14820",
    )

    def __init__(self, config: CausalMotionConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or CausalMotionConfig(), **options)
        except TypeError as error:
            raise OptionError(f"CausalMotion: {error}") from error
        self.environments: tuple[str, ...] = ()
        self.history: tuple[History, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self._net: _Network | None = None

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
            tracks: A `TrackSet`, or an array (scenes, agents, observed + future or more, 2) in metres.
            environment: Label of each scene, where tracks is an array.
            channel: (scenes, agents, observed), where the configuration asks for it.
            style: (scenes,) known numbers, for style `given`.
            checkpoint: Folder to resume from, and to keep the state of the training in.
            progress: Told how far it is.

        Raises:
            OptionError: If an environment is too few for the penalty or style, or the pair form gets more agents.
            DataError: If scenes are too short or too few, or a channel or style is missing or of another shape.
        """
        config, scenes = self.config, TrackSet.of(tracks, environment)
        scenes.need_frames(config.observed, config.future)
        self._check_agents(scenes)
        needs = [config.invariance] * (config.invariance != "none") + ["style 'modular'"] * (config.style == "modular")
        if needs and len(scenes.environments) < 2:
            raise OptionError(
                f"{needs[0]} compares environments: it needs at least 2, got 1 ({scenes.environments[0]})"
            )
        batches = self._batches(scenes, channel, style)
        label, least = _smallest(scenes)
        told = f"environment {label} has {least} scenes: a step scores {least // 2} of each and not {config.batch}"
        self.warnings = (told,) if config.style == "modular" and least < 2 * config.batch else ()
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = _Network(config)
        if isinstance(net.forecaster, PairForecaster):
            net.forecaster.standardise(_single(scenes.tracks[:, :, : config.observed]))
        if config.style == "modular":
            net.bank.keep(_cut(scenes, config), scenes.environments, BANK)
        self.history = tuple(
            self._train(net, phase, batches, number, checkpoint, progress)
            for number, phase in enumerate(_phases(config, net))
        )
        self.environments, self._net = scenes.environments, net.cpu().eval()
        return self

    def _batches(self, scenes: TrackSet, channel: ArrayLike | None, style: ArrayLike | None) -> EnvironmentBatches:
        """Tracks, presence, channel, known style and first frame of scenes; twice as many where half are references."""
        config = self.config
        numbers = np.searchsorted(scenes.environments, scenes.environment)
        size = config.batch
        if config.style == "modular":
            label, least = _smallest(scenes)
            if least < 4:
                raise DataError(f"environment {label} has {least} scenes: 2 to score and 2 references are the least")
            size = 2 * min(config.batch, least // 2)
        known = _numbers_of(style, len(scenes)) if config.style == "given" else np.zeros(len(scenes))
        further = self._channel(channel, scenes)
        data = (
            _single(_cut(scenes, config).tracks),
            torch.from_numpy(scenes.there),
            torch.zeros(len(scenes), 1) if further is None else further,
            torch.from_numpy(known).float(),
            torch.from_numpy(scenes.begins),
        )
        return EnvironmentBatches(data, torch.from_numpy(numbers), size, config.seed)

    def _train(
        self,
        net: "_Network",
        phase: "_Phase",
        batches: EnvironmentBatches,
        number: int,
        checkpoint: Path | None,
        progress: Progress | None,
    ) -> History:
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)
        return train(
            _Objective(net, self.config, phase),
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
        given = TrackSet.of(scenes)
        few = replace(given, environment=np.full(len(given), environment))
        few.need_frames(config.observed, config.future)
        self._check_agents(few)
        model, net = copy.copy(self), copy.deepcopy(old)
        kept = [e for e in self.environments if e != environment]
        if environment in self.environments and config.style == "modular":
            net.bank.forget(self.environments.index(environment))
        chosen = list(net.forecaster.modulation.parameters() if update != "all" else net.parameters())
        if update == "modulation and style":
            chosen += net.reader.parameters()
        phase = _Phase(
            f"adapting to {environment}", steps, [(chosen, learning_rate)], contrast=contrastive_weight, falling=True
        )
        model.history = (self._train(net, phase, self._batches(few, channel, None), 9, None, progress),)
        if config.style == "modular":
            net.bank.keep(_cut(few, config), (environment,), BANK, first=len(kept))
        model.environments, model._net = (*kept, environment), net.cpu().eval()
        return model

    # -- asking --------------------------------------------------------------------------------------------------------

    def predict(
        self, past: Any, references: Any = None, *, channel: ArrayLike | None = None, style: ArrayLike | None = None
    ) -> Forecast:
        """The future of scenes. Only their first `observed` frames are read.

        Args:
            past: (scenes, agents, observed or more, 2) in metres, or a `TrackSet`.
            references: Whole scenes of the place; or a known label, or one a scene. For each scene, references that
                share a step with it are left out.
            channel: (scenes, agents, observed), where the configuration asks for it.
            style: Known numbers, one or one a scene, for style `given`.

        Raises:
            OptionError: If a style is needed and no reference is given, or a label is unknown.
            DataError: If tracks are too short, or a scene overlaps with every reference.
        """
        net, scenes = self._ask(past)
        further, s, told = self._channel(channel, scenes), None, "no style"
        if self.config.style == "given":
            with torch.no_grad():
                s = net.number(torch.from_numpy(_numbers_of(style, len(scenes))).float()[:, None])
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
        code: Values = self._read(TrackSet.of(scenes)).double().numpy()
        return code

    # -- parts of asking -----------------------------------------------------------------------------------------------

    @property
    def _model(self) -> "_Network":
        net = fitted(self._net, self)
        assert isinstance(net, _Network)
        return net

    def _ask(self, past: Any) -> tuple["_Network", TrackSet]:
        net, scenes = self._model, TrackSet.of(past)
        scenes.need_frames(self.config.observed, 0)
        self._check_agents(scenes)
        return net, scenes

    def _forecast(
        self, scenes: TrackSet, channel: Tensor | None, s: Tensor | None, told: str, change: "_Change"
    ) -> Forecast:
        """Encodes, lets `change` move the codes, and decodes, some scenes at a time."""
        net = self._model
        past = torch.from_numpy(scenes.tracks[:, :, : self.config.observed]).float()
        there, futures = torch.from_numpy(scenes.there), []
        for start in range(0, len(past), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            with torch.no_grad():
                code = net.forecaster.encode(past[rows], there[rows], None if channel is None else channel[rows])
            code = change(code, past[rows], there[rows], rows)
            with torch.no_grad():
                futures.append(net.forecaster.decode(code, past[rows], there[rows], None if s is None else s[rows]))
        tracks = torch.cat(futures).double().numpy() * scenes.there[:, :, None, None]
        return Forecast(tracks, None if s is None else s.double().numpy(), told)

    def _find(self, references: Any, scenes: TrackSet) -> References:
        """The references of each scene, without those that share a step with it."""
        bank = self._model.bank
        if references is None:
            raise OptionError(
                f"give reference scenes of the place, or a known environment: {join_names(self.environments)}"
            )
        if isinstance(references, str):
            return bank.named([references] * len(scenes), scenes, self.environments, self._read)
        if not isinstance(references, TrackSet) and np.ndim(references) == 1:
            return bank.named([str(label) for label in references], scenes, self.environments, self._read)
        return bank.given(TrackSet.of(references), scenes, self.environments, self._read)

    def _read(self, scenes: TrackSet) -> Tensor:
        """phi of whole scenes, (scenes, style_size), some at a time."""
        scenes.need_frames(self.config.observed, self.config.future)
        self._check_agents(scenes)
        tracks, there = _single(_cut(scenes, self.config).tracks), torch.from_numpy(scenes.there)
        with torch.no_grad():
            parts = zip(tracks.split(AT_ONCE), there.split(AT_ONCE), strict=True)  # type: ignore[no-untyped-call]
            return torch.cat([self._model.reader(some, present) for some, present in parts])

    def _check_agents(self, scenes: TrackSet) -> None:
        agents = scenes.tracks.shape[1]
        if self.config.form == "pair" and (agents != 2 or not scenes.there.all()):
            found = f"{agents}" if agents != 2 else "scenes where one is missing"
            raise OptionError(f"the pair form takes scenes of 2 agents, got {found}: take form 'group'")
        if self.config.style == "modular" and agents < 2:
            raise OptionError("a style is read from how agents keep apart: scenes need at least 2 agents")

    def _channel(self, channel: ArrayLike | None, scenes: TrackSet) -> Tensor | None:
        shape = (*scenes.tracks.shape[:2], self.config.observed)
        if not self.config.channel:
            if channel is not None:
                raise OptionError("the configuration has no further channel: take channel=True")
            return None
        given = np.asarray(channel, dtype=np.float64) if channel is not None else np.empty(0)
        if given.shape != shape or not np.isfinite(given).all():
            raise DataError(f"the further channel is finite numbers of shape {shape}, got shape {given.shape}")
        return torch.from_numpy(given).float()

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
        model._net = _Network(model.config, options["bank"]).eval()
        return model


# -- parts -----------------------------------------------------------------------------------------------------------


_Change = Callable[[Tensor, Tensor, Tensor, slice], Tensor]
"""From codes, past, presence and the rows that they are of, to the codes to decode."""


class _Network(nn.Module):
    """psi, phi and g of (1), and some scenes of each environment."""

    def __init__(self, config: CausalMotionConfig, bank: Sequence[int] = (0, 0, 0, 2)) -> None:
        super().__init__()
        size, turned = config.style_size, config.frame == "scene"
        self.forecaster: Forecaster = (
            PairForecaster(config.observed, config.future, size, config.width, turned)
            if config.form == "pair"
            else GroupForecaster(config.future, size, config.width, config.channel)
        )
        if config.style == "modular":
            self.reader = StyleReader(config.observed + config.future, size, config.width // 2, turned)
        elif config.style == "given":
            self.number = mlp((1, config.width, size))
        else:
            self.forecaster.modulation.requires_grad_(False)
        self.bank = SceneBank(bank)


@dataclass(frozen=True)
class _Phase:
    """What a phase of the training makes small, and by which parameters and rates; None takes all parameters."""

    name: str
    steps: int
    groups: Sequence[tuple[Sequence[nn.Parameter], float]] | None = None
    style: bool = True
    error: bool = True
    invariance: bool = False
    contrast: float = 0.0
    falling: bool = False


def _phases(config: CausalMotionConfig, net: _Network) -> list[_Phase]:
    """The phases of a schedule."""
    weight, rate, joint = config.contrastive_weight, config.learning_rate, config.schedule == "joint"
    if joint or config.style != "modular":
        mu = 0.01 if weight is None else weight
        return [_Phase("training", config.steps, invariance=True, contrast=mu, falling=joint)]
    psi, g = list(net.forecaster.psi.parameters()), list(net.forecaster.g.parameters())
    modulation = (list(net.forecaster.modulation.parameters()), 10 * rate)
    phi, head = (list(net.reader.phi.parameters()), 0.5 * rate), (list(net.reader.head.parameters()), 10 * rate)
    first, second, third, _ = (max(round(config.steps * share / 470), 1) for share in (100, 50, 20, 300))
    mu = 1.0 if weight is None else weight
    last = max(config.steps - first - second - third, 1)
    return [
        _Phase("past and decoder", first, [([*psi, *g], rate)], style=False, invariance=True),
        _Phase("style by contrast", second, [phi, head], error=False, contrast=1.0),
        _Phase("modulation", third, [modulation]),
        _Phase("style and decoder", last, [(g, rate), modulation, phi, head], contrast=mu),
    ]


class _Objective(nn.Module):
    """(2), or the part of it that a phase trains."""

    def __init__(self, net: _Network, config: CausalMotionConfig, phase: _Phase) -> None:
        super().__init__()
        self.net, self.config, self.phase = net, config, phase
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    step: Tensor

    def forward(
        self, tracks: Tensor, present: Tensor, further: Tensor, known: Tensor, begins: Tensor
    ) -> dict[str, Tensor]:
        """Tensors with leading axes (environments, scenes); of a modular model the later half are references."""
        config, net, phase = self.config, self.net, self.phase
        self.step += 1
        parts: dict[str, Tensor] = {"loss": tracks.new_zeros(())}
        s: Tensor | None = None
        n = tracks.shape[1] // 2 if config.style == "modular" else tracks.shape[1]
        if config.style == "given":
            s = net.number(known[..., None])
        elif config.style == "modular" and phase.style:
            codes = net.reader(tracks[:, n:], present[:, n:])  # (environments, references, style_size)
            apart = (begins[:, :n, None] - begins[:, None, n:]).abs() >= config.observed + config.future
            weight = apart.to(codes.dtype)
            s = weight @ codes / weight.sum(-1, keepdim=True).clamp(min=1)
            parts["contrast"] = self._contrast(codes)
            parts["loss"] = parts["loss"] + phase.contrast * parts["contrast"]
        if not phase.error:
            return parts
        past, future = tracks[:, :n, :, : config.observed], tracks[:, :n, :, config.observed :]
        there = present[:, :n]
        forecast = net.forecaster(past, there, further[:, :n] if config.channel else None, s)
        risks = _risks(forecast, future, there)
        parts["error"] = risks.mean()
        parts["loss"] = parts["loss"] + risks.mean(1).sum()
        if phase.invariance and config.invariance != "none":
            parts |= self._invariance(past[..., -1:, :], forecast, future, there)
            on = float(int(self.step) > WARM_UP * phase.steps)
            parts["loss"] = parts["loss"] + on * config.invariance_weight * parts["penalty"]
        return parts

    def _contrast(self, codes: Tensor) -> Tensor:
        """Scenes of an environment are each other's positives; kept scenes of others are negatives of a single one."""
        net = self.net
        heads = [net.reader.project(codes).flatten(0, 1)]
        labels = [torch.arange(len(codes), device=codes.device).repeat_interleave(codes.shape[1])]
        if len(codes) == 1:
            heads.append(net.reader.project(net.reader(net.bank.tracks, net.bank.present)))
            labels.append(net.bank.environment + 1)
        return supervised_contrastive(torch.cat(heads), torch.cat(labels), self.config.temperature)

    def _invariance(self, now: Tensor, forecast: Tensor, future: Tensor, there: Tensor) -> dict[str, Tensor]:
        moved = forecast - now

        def scaled(w: Tensor) -> Tensor:
            return _risks(now + w * moved, future, there)

        slope = irm_penalty(scaled, halves=False).detach().sqrt()
        if self.config.invariance == "irm":
            return {"penalty": irm_penalty(scaled), "slope": slope}
        return {"penalty": vrex_penalty(_risks(forecast, future, there).mean(1)), "slope": slope}


def _risks(predicted: Tensor, true: Tensor, present: Tensor) -> Tensor:
    """Mean squared distance of each scene over the agents that are there and frames, (environments, scenes)."""
    distance = (predicted - true).square().sum(-1).mean(-1) * present
    return distance.sum(-1) / present.sum(-1).clamp(min=1)


def _smallest(scenes: TrackSet) -> tuple[str, int]:
    """The environment with the fewest scenes, and how many it has."""
    labels, counts = np.unique(scenes.environment, return_counts=True)
    return str(labels[counts.argmin()]), int(counts.min())


def _cut(scenes: TrackSet, config: CausalMotionConfig) -> TrackSet:
    """The frames of a whole scene."""
    return replace(scenes, tracks=scenes.tracks[:, :, : config.observed + config.future])


def _single(tracks: Values) -> Tensor:
    return torch.from_numpy(tracks).float()


def _numbers_of(style: ArrayLike | None, n: int) -> Values:
    given = np.asarray(style, dtype=np.float64) if style is not None else np.empty(0)
    if given.ndim == 0:
        given = np.full(n, float(given))
    if given.shape != (n,) or not np.isfinite(given).all():
        raise DataError(f"style 'given' takes a finite number for each of the {n} scenes, got shape {given.shape}")
    return given
