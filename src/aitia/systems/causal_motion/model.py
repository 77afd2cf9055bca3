"""The forecaster: how it is fitted, how it is adapted to a new place, and what it can be asked."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.errors import DataError, OptionError, join_names
from aitia.forecasters import Forecaster, scenes_of
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.scenes import one_place, tensors
from aitia.runs import QUIET, RunStore
from aitia.system import Given, Target, Targets, Training
from aitia.systems.causal_motion.adapting import BANK, adapted, train_phase
from aitia.systems.causal_motion.answers import Forecast
from aitia.systems.causal_motion.batches import (
    channel_of,
    known_styles,
    smallest,
    styles_of,
    training_batches,
)
from aitia.systems.causal_motion.card import CARD
from aitia.systems.causal_motion.config import CausalMotionConfig, Update
from aitia.systems.causal_motion.modular import PairForecaster
from aitia.systems.causal_motion.network import Network
from aitia.systems.causal_motion.objective import phases
from aitia.systems.causal_motion.refinement import moved_code
from aitia.systems.causal_motion.scene_bank import References
from aitia.train import History

__all__ = ["CausalMotion"]

Values = NDArray[np.float64]
Change = Callable[[Tensor, Tensor, Tensor, slice], Tensor]
"""From codes, past, presence and the rows that they are of, to the codes to decode."""
AT_ONCE = 512
"""Scenes that are forecast at once, to bound the memory."""


class CausalMotion(Pretrained, Forecaster):
    """A forecaster (1) after `fit` on scenes of several environments.

    `predict` gives scenes the future that is forecast, in the style of their own environment or, under
    `do(COLUMN=LABEL)`, COLUMN that of the environments, in that of another; psi(x) is kept.

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
        >>> model.do("do(environment=a)").predict(new).tracks.shape
        (3, 2, 20, 2)
        >>> forecast = model.forecast(new, references="a")
        >>> forecast.tracks.shape, forecast.references
        ((3, 2, 12, 2), '32 scenes of a that the model keeps; none of them is among the scenes forecast')
    """

    card = CARD
    Config = CausalMotionConfig
    config: CausalMotionConfig
    history: tuple[History, ...] = ()
    warnings: tuple[str, ...] = ()
    _net: Network | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants whole scenes, of two environments or more for a penalty or a style; a channel or style where asked."""
        config, scenes = self.config, self.whole(scenes_of(given))
        needs = [config.invariance] * (config.invariance != "none") + ["style 'modular'"] * (config.style == "modular")
        if needs and len(scenes.environments) < 2:
            found = scenes.environments[0]
            raise OptionError(f"{needs[0]} compares environments: it needs at least 2, got 1 ({found})")
        training_batches(config, scenes, styles_of(given))

    def _fit(self, given: Given, run: RunStore) -> None:
        config, scenes = self.config, self.whole(scenes_of(given))
        batches = training_batches(config, scenes, styles_of(given))
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
            train_phase(net, config, phase, batches, number, run) for number, phase in enumerate(phases(config, net))
        )
        self.environments, self._net = scenes.environments, net.cpu().eval()

    @property
    def training(self) -> Training:
        """Losses of each phase, and warnings."""
        names = ("training",) if len(self.history) == 1 else tuple(f"phase {k + 1}" for k in range(len(self.history)))
        losses = tuple((name, tuple(h.losses)) for name, h in zip(names, self.history, strict=True))
        return Training(losses, (), self.warnings)

    def adapt(
        self,
        few: Any,
        environment: str | None = None,
        /,
        *,
        update: Update | None = None,
        steps: int | None = None,
        learning_rate: float | None = None,
        contrastive_weight: float | None = None,
        run: RunStore = QUIET,
    ) -> Self:
        """A forecaster for one more environment, from a few of its scenes; this one stays as it is.

        Args:
            few: Whole scenes of it. In each update half of those drawn are references.
            environment: Its label; a known one is replaced. None takes the one of the scenes.
            update: This and the next three are as `adapt_update` to `adapt_contrastive_weight` of `CausalMotionConfig`,
                which None takes.
            steps: See `update`.
            learning_rate: See `update`.
            contrastive_weight: See `update`.
            run: Told how far it is.

        Raises:
            OptionError: If an option is unknown, there is nothing to update, or the style is a known number.
            DataError: If scenes are fewer than 4 or too short.
        """
        options: dict[str, Any] = {"update": update, "steps": steps, "learning_rate": learning_rate}
        options["contrastive_weight"] = contrastive_weight
        chosen = {f"adapt_{name}": value for name, value in options.items() if value is not None}
        config, old = replace(self.config, **chosen), self._model
        if config.style == "given":
            raise OptionError("a forecaster whose style is a known number needs no adaptation: give the number")
        if config.style == "none" and config.adapt_update != "all":
            raise OptionError("a forecaster without style has no modulation to update: take update='all'")
        given = self.given(few)
        if len(given) < 4:
            raise DataError(f"adaptation takes at least 4 scenes, got {len(given)}")
        scenes = self.whole(one_place(scenes_of(given), environment))
        model = copy.copy(self)
        model._net, history = adapted(old, config, scenes, self.environments, run)
        model.history = (history,)
        model.environments = (*(e for e in self.environments if e != scenes.environments[0]), scenes.environments[0])
        return model

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The style, where it is read from scenes."""
        if self.config.style != "modular" or not self.environments:
            return Targets()
        return Targets([Target(self.place, self.environments, about="forecasts in the style of this place")])

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The scenes with their past as it is, and the future that is forecast after it; there is no chance in it."""
        ahead = np.repeat(self.expected(given), draws, axis=0)
        scenes = Tracks.of(given.data).take(np.repeat(np.arange(len(given)), draws))
        return scenes.with_future(self.config.observed, ahead)

    def expected(self, given: Given) -> Values:
        """The future that is forecast of each scene, (scenes, agents, future, 2)."""
        return self._ahead(given, None).tracks

    def knows(self, given: Given) -> bool:
        """Whether the places are those of the fit, where a style is read from their scenes."""
        return self.config.style != "modular" or set(given.labels("environment").tolist()) <= set(self.environments)

    def forecast(self, past: Any, references: Any = None, **roles: Any) -> Forecast:
        """The future of scenes, and what its style is from. Only their first `observed` frames are read.

        Args:
            past: Scenes of `observed` frames or more.
            references: Whole scenes of the place; or a known label, or one a scene. For each scene, references that
                share a step with it are left out. None takes what is held, else the scenes that the model keeps of the
                scene's own environment, else the other whole scenes of it among these.
            roles: As in `fit`.

        Raises:
            OptionError: If a style is needed and no reference is given, or a label is unknown.
            DataError: If tracks are too short, or a scene overlaps with every reference.
        """
        return self._ahead(self.given(past, **roles), references)

    def _ahead(self, given: Given, references: Any) -> Forecast:
        scenes = self._ask(given)
        s, told = self._style(given, scenes, references)
        return self._forecast(scenes, channel_of(self.config, scenes), s, told, lambda code, *_: code)

    def _style(self, given: Given, scenes: Tracks, references: Any) -> tuple[Tensor | None, str]:
        """s of each scene, and what it is from; what is held wins."""
        if self.config.style == "none":
            return None, "no style"
        if self.config.style == "given":
            known = torch.from_numpy(known_styles(styles_of(given), len(scenes))).float()
            with torch.no_grad():
                return self._model.number(known[:, None]), "a known number for each scene"
        held = self.set_place(self.held)
        references = references if held is None else held
        if references is None and set(scenes.environments) <= set(self.environments):
            references = scenes.environment
        if references is not None:
            found = self._find(references, scenes)
            return found.style, found.told
        if scenes.tracks.shape[2] < self.config.observed + self.config.future:
            self._find(None, scenes)  # says what is missing
        style, told = torch.zeros(len(scenes), self.config.style_size), []
        for label in scenes.environments:
            rows = np.flatnonzero(scenes.environment == label)
            here = scenes.take(rows)
            found = self._find(label if label in self.environments else here, here)
            style[torch.from_numpy(rows)] = found.style
            told.append(f"{label}: {found.told}")
        return style, "; ".join(told)

    def refine(self, past: Any, references: Any, *, steps: int = 3, rate: float = 1e-3, style: Any = None) -> Forecast:
        """Forecasts whose latent psi(x) is moved so that they look like the references to phi and its head.

        The contrast of (2) is made smaller for each scene: references are its positives, kept scenes of other
        environments its negatives. Only the latent moves. References of another place move the forecast to its style.

        Args:
            past: As for `forecast`.
            references: As for `forecast`: what the forecast is to look like.
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
        net, scenes = self._model, self._ask(self.given(past))
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

    def styles(self, *data: Any, **roles: Any) -> Values:
        """phi of whole scenes, (scenes, style_size): what the model sees of how agents pass each other there.

        Raises:
            OptionError: If the model has no style from references.
            DataError: If scenes are too short.
        """
        if self.config.style != "modular":
            raise OptionError("a style is read by a model with style 'modular'")
        code: Values = self._read(scenes_of(self.given(*data, **roles))).double().numpy()
        return code

    def _encode(self, given: Given) -> Table:
        """The style s that the future of each scene is decoded with; under `do` that of the place that is held.

        Raises:
            OptionError: If the model has no style.
        """
        if self.config.style == "none":
            raise OptionError("a forecaster without style encodes nothing")
        s = self._style(given, self._ask(given), None)[0]
        assert s is not None
        parts = {f"style{k + 1}": column.double().numpy() for k, column in enumerate(s.T)}
        return Table.of(parts, kinds=dict.fromkeys(parts, "number"))

    # -- parts of asking -----------------------------------------------------------------------------------------------

    @property
    def _model(self) -> Network:
        net = fitted(self._net, self)
        assert isinstance(net, Network)
        return net

    def _ask(self, given: Given) -> Tracks:
        _, scenes = self._model, scenes_of(given)
        scenes.need_frames(self.config.observed, 0)
        self.check_agents(scenes)
        return scenes

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
        if np.ndim(references) == 1 and len(references) and isinstance(references[0], str):
            return bank.named([str(label) for label in references], scenes, self.environments, self._read)
        return bank.given(scenes_of(self.given(references)), scenes, self.environments, self._read)

    def _read(self, scenes: Tracks) -> Tensor:
        """phi of whole scenes, (scenes, style_size), some at a time."""
        tracks, there = tensors(self.whole(scenes))
        with torch.no_grad():
            parts = zip(tracks.split(AT_ONCE), there.split(AT_ONCE), strict=True)  # type: ignore[no-untyped-call]
            return torch.cat([self._model.reader(some, present) for some, present in parts])

    def check_agents(self, scenes: Tracks) -> None:
        """Refuses scenes of other agents than the form takes, and of one where a style is read."""
        super().check_agents(scenes)
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
