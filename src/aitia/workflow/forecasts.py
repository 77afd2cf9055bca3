"""Methods that forecast tracks, and say what a forecast would be in another place: one file for all of them.

What is asked: a forecast of the scene as it is, in the style of its own environment, and one under `do`. Scenes of a
world also have the simulator's own counterfactual, the same start under another environment.
"""

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.data.tracks import Tracks, constant_velocity
from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import OptionError
from aitia.report import Block, Picture
from aitia.report.tracks import tracks_figure
from aitia.stats.metrics import ade, fde
from aitia.workflow.contract import Adapter, Form, Measure, Scores, Target, Training, columns
from aitia.workflow.observed import Observed, Rows
from aitia.workflow.pictures import Question, track_panels

__all__ = ["CausalMotionAdapter", "ForecastAdapter", "GCRLAdapter"]

Values = NDArray[np.float64]
SHOWN = 4
"""Scenes in the report's picture."""


class ForecastAdapter(Adapter):
    """What all forecasters share; see the module."""

    forms: tuple[Form, ...] = ("tracks",)
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("ADE", "lower", "Mean distance of the forecast from the true future, in metres."),
        Measure("FDE", "lower", "The same in the last frame."),
        Measure("counterfactual ADE", "lower", "The same in another environment's style, from the world's own answer."),
    )
    target: ClassVar[str]
    """What `do` sets to the label of an environment."""

    def window(self, config: Any) -> tuple[int, int]:
        """Frames of the past and of the future in a scene."""
        return config.observed, config.future

    def check(self, data: Observed, config: Any) -> None:
        """Wants tracks that are long enough."""
        self.form(data)
        _tracks(data).need_frames(config.observed, config.future)

    def work(self, data: Observed, config: Any) -> str:
        """Steps and scenes."""
        return (
            f"{config.steps} steps, each of {config.batch} scenes from every one of {len(data.environments)} "
            f"environments ({len(data)} scenes in all)"
        )

    # -- what a forecaster gives ---------------------------------------------------------------------------------------

    @abstractmethod
    def forecast(self, model: Any, scenes: Tracks) -> Values:
        """The futures (scenes, agents, future, 2) of scenes as they are."""

    @abstractmethod
    def answer(self, model: Any, scenes: Tracks, do: Intervention) -> Values:
        """The futures under an intervention that sets something."""

    # -- asking --------------------------------------------------------------------------------------------------------

    def counterfactual(self, model: Any, data: Observed, do: Intervention) -> Rows:
        """The scenes with the past as it is, and the future under `do`."""
        scenes, observed = _tracks(data), model.config.observed
        future = self.answer(model, scenes, do) if do else self.forecast(model, scenes)
        return replace(scenes, tracks=np.concatenate([scenes.tracks[:, :, :observed], future], axis=2))

    def truth(self, data: Observed, do: Intervention) -> Rows | None:
        """The simulator's scenes from the same starts in that environment; as they are where nothing is done."""
        if not do:
            return data.rows
        action = do.get(self.target)
        if len(do) > 1 or not isinstance(action, Value):
            return None
        return data.truth(environment=str(action.value))

    # -- judging -------------------------------------------------------------------------------------------------------

    def score(self, model: Any, data: Observed, fresh: Observed) -> Scores:
        """Distances over the agents that are there."""
        config, scenes = model.config, _tracks(fresh)
        scores = _distances(self.forecast(model, scenes), scenes, config)
        asked = [target for target in self.targets(model, data) if target.name == self.target]
        errors = []
        for label in asked[0].labels if asked else ():
            away = fresh.take(np.flatnonzero(fresh.labels != label))
            do = Intervention({self.target: label})
            truth = self.truth(away, do) if len(away) else None
            if truth is not None:
                assert isinstance(truth, Tracks)
                errors.append(_distances(self.answer(model, _tracks(away), do), truth, config)["ADE"])
        return {**scores, "counterfactual ADE": float(np.mean(errors))} if errors else scores

    def baselines(self, config: Any, data: Observed, fresh: Observed) -> dict[str, Scores]:
        """Going on with the last step, and (for counterfactuals) the true future as it was."""
        scenes = _tracks(fresh)
        straight = _distances(_straight(scenes, config), scenes, config)
        apart, still = [], []
        for label in fresh.environments:
            away = fresh.take(np.flatnonzero(fresh.labels != label))
            truth = self.truth(away, Intervention({self.target: label})) if len(away) else None
            if truth is not None:
                assert isinstance(truth, Tracks)
                apart.append(_distances(_straight(_tracks(away), config), truth, config)["ADE"])
                still.append(_distances(_future(_tracks(away), config), truth, config)["ADE"])
        if not apart:
            return {"constant velocity": straight}
        return {
            "constant velocity": {**straight, "counterfactual ADE": float(np.mean(apart))},
            "do nothing": {"counterfactual ADE": float(np.mean(still))},
        }

    def pictures(self, model: Any, fresh: Observed) -> Sequence[Block]:
        """A scene of each environment, in the style of each of the others, with the truth."""
        asked = [target for target in self.targets(model, fresh) if target.name == self.target]
        labels = asked[0].labels if asked else ()
        observed, panels = model.config.observed, []
        for label in fresh.environments[:SHOWN]:
            row = fresh.take(np.flatnonzero(fresh.labels == label)[:1])
            still = self.counterfactual(model, row, Intervention())
            others: Sequence[str | None] = [o for o in labels if o != label][:SHOWN]
            for other in others or [None]:
                do = Intervention() if other is None else Intervention({self.target: other})
                question = Question(str(do), self.counterfactual(model, row, do), self.truth(row, do))
                title = f"from {label}" if other is None else f"from {label}, {do}"
                panels += track_panels(_tracks(row), still, question, observed, [title])
        about = (
            "Scenes that the fit has not seen, each as it came and in the style of another environment; "
            "metres, up is up."
        )
        return [Picture(tracks_figure(panels, columns=max(min(len(labels) - 1, 3), 2)), about)]


class CausalMotionAdapter(ForecastAdapter):
    """`do(style=ENVIRONMENT)`."""

    target: ClassVar[str] = "style"

    def check(self, data: Observed, config: Any) -> None:
        """Wants nothing that tracks alone do not say."""
        super().check(data, config)
        if config.channel or config.style == "given":
            wanted = "a further channel" if config.channel else "a number for the style of each scene"
            raise OptionError(f"{self.slug}: files of tracks have no {wanted.removeprefix('a ')}; fit from Python")

    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """The fitted forecaster."""
        return self.cls(config).fit(data.rows, checkpoint=checkpoint, progress=progress)

    def training(self, model: Any) -> Training:
        """Losses of each phase, and warnings."""
        names = ("training",) if len(model.history) == 1 else tuple(f"phase {k + 1}" for k in range(len(model.history)))
        losses = tuple((name, tuple(h.losses)) for name, h in zip(names, model.history, strict=True))
        return Training(losses, (), tuple(model.warnings))

    def targets(self, model: Any, data: Observed) -> tuple[Target, ...]:
        """The style."""
        return (Target(self.target, tuple(model.environments)),) if model.config.style == "modular" else ()

    def forecast(self, model: Any, scenes: Tracks) -> Values:
        """In the style of each scene's own environment."""
        return self._places(model, scenes)[0]

    def answer(self, model: Any, scenes: Tracks, do: Intervention) -> Values:
        """In the style of another environment."""
        return np.asarray(model.counterfactual(scenes, do).tracks)

    def latents(self, model: Any, data: Observed, do: Intervention) -> Table | None:
        """The style that the future of each scene is decoded with."""
        if model.config.style != "modular":
            return None
        scenes = _tracks(data)
        return columns("style", model.counterfactual(scenes, do).style if do else self._places(model, scenes)[1])

    def _places(self, model: Any, scenes: Tracks) -> tuple[Values, Values]:
        """Futures and styles; the style of a place that the model does not know is read from its other scenes."""
        if model.config.style != "modular":
            return np.asarray(model.predict(scenes).tracks), np.empty((len(scenes), 0))
        futures = np.zeros((*scenes.tracks.shape[:2], model.config.future, 2))
        styles = np.zeros((len(scenes), model.config.style_size))
        for label in scenes.environments:
            rows = np.flatnonzero(scenes.environment == label)
            here = scenes.take(rows)
            found = model.predict(here, label if label in model.environments else here)
            futures[rows], styles[rows] = found.tracks, found.style
        return futures, styles


class GCRLAdapter(ForecastAdapter):
    """`do(environment=LABEL)`, and `do(s=NUMBERS)` and `do(z=NUMBERS)`."""

    target: ClassVar[str] = "environment"

    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """The fitted forecaster; a collapsed latent is among its warnings."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=RuntimeWarning, message="s has collapsed")
            return self.cls(config).fit(data.rows, checkpoint=checkpoint, progress=progress)

    def training(self, model: Any) -> Training:
        """Losses, what the latents say, and warnings."""
        told = ", ".join(f"{name} {nats:.2f}" for name, nats in model.kl.items())
        notes = (f"Nats that the latents say about a scene: {told}.",) if told else ()
        return Training((("training", tuple(model.history.losses)),), notes, tuple(model.warnings))

    def targets(self, model: Any, data: Observed) -> tuple[Target, ...]:
        """The environment, and the latents with the range that they have in these scenes."""
        if model.config.latents == "none":
            return ()
        code, there = model.encode(data.rows), _tracks(data).there
        numbers = (Target.of_values("s", code.s), Target.of_values("z", code.z[there]))
        labels = (Target(self.target, tuple(model.environments)),) if model.config.latents == "causal" else ()
        return (*labels, *numbers)

    def forecast(self, model: Any, scenes: Tracks) -> Values:
        """With s from the past, or from the law of each scene's own environment where it is read from references."""
        if model.config.style == "past" or model.config.latents == "none":
            mean: Values = model.predict(scenes).mean
            return mean
        futures = np.zeros((*scenes.tracks.shape[:2], model.config.future, 2))
        for label in scenes.environments:
            rows = np.flatnonzero(scenes.environment == label)
            futures[rows] = model.predict(scenes.take(rows), label).mean
        return futures

    def answer(self, model: Any, scenes: Tracks, do: Intervention) -> Values:
        """Under `do`; what is not set is as in the forecast."""
        if self.target in do or model.config.style == "past":
            futures: Values = model.counterfactual(scenes, do)
            return futures
        futures = np.zeros((*scenes.tracks.shape[:2], model.config.future, 2))
        for label in scenes.environments:
            rows = np.flatnonzero(scenes.environment == label)
            futures[rows] = model.counterfactual(scenes.take(rows), do, references=label)
        return futures

    def latents(self, model: Any, data: Observed, do: Intervention) -> Table | None:
        """The means of s, and of z agent by agent; under `do(environment=...)` s is drawn and so left out."""
        if model.config.latents == "none":
            return None
        code = model.encode(data.rows)
        held = {
            name: np.asarray(action.value, float)
            for name, action in do.items()
            if isinstance(action, Value) and name != self.target
        }
        s = np.broadcast_to(held["s"], code.s.shape) if "s" in held else code.s
        z = np.broadcast_to(np.resize(held["z"], code.z.shape[1:]), code.z.shape) if "z" in held else code.z
        parts: dict[str, Values] = {}
        if "s" in held or self.target not in do:
            parts = {f"s{k + 1}": s[:, k] for k in range(s.shape[1])}
        for a in range(z.shape[1]):
            parts |= {f"z{k + 1} of agent {a + 1}": z[:, a, k] for k in range(z.shape[2])}
        return Table.of(parts, kinds=dict.fromkeys(parts, "number"))


def _tracks(data: Observed) -> Tracks:
    assert isinstance(data.rows, Tracks)
    return data.rows


def _future(scenes: Tracks, config: Any) -> Values:
    return scenes.tracks[:, :, config.observed : config.observed + config.future]


def _straight(scenes: Tracks, config: Any) -> Values:
    return constant_velocity(scenes.tracks[:, :, : config.observed], config.future)


def _distances(future: Values, true: Tracks, config: Any) -> Scores:
    """ADE and FDE over the agents that are there."""
    answer, wanted = future[true.there], _future(true, config)[true.there]
    return {"ADE": ade(answer, wanted), "FDE": fde(answer, wanted)}
