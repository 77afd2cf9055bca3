"""Generators with labelled causes: `do(light=1.2)` on images whose labels say what the causes are."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.images import ImageSet
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.engine import Progress
from aitia.errors import OptionError, RangeWarning, join_names
from aitia.graph.graph import Graph
from aitia.report import Block
from aitia.stats.features import coarse
from aitia.stats.metrics import composition_error, counterfactual_mse, effectiveness, reversibility_error
from aitia.workflow.contract import Adapter, Form, Measure, Scores, Target, Training
from aitia.workflow.observed import Observed, Rows
from aitia.workflow.pictures import Question, image_rows

__all__ = ["CauseAdapter"]

Values = NDArray[np.float64]
SHOWN = 4
"""Rows in each picture."""
PLACES = (0.05, 0.35, 0.65, 0.95)
"""Quantiles of a cause that the pictures set it to."""
BACK = 20
"""Rows that are moved and moved back."""


class CauseAdapter(Adapter):
    """Fitted to images, their causes, and the graph over them where one is known; see the module."""

    forms: tuple[Form, ...] = ("images",)
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("counterfactual MSE", "lower", "Mean squared error against the world's own counterfactual."),
        Measure(
            "effectiveness",
            "lower",
            "From the value asked for to the one that a regression reads off the answer, in standard deviations of it.",
        ),
        Measure("composition error", "lower", "Mean absolute change of an image under do()."),
        Measure("reversibility error", "lower", "Mean absolute change of an image whose cause is set, and set back."),
    )

    def check(self, data: Observed, config: Any) -> None:
        """Wants causes with values that vary."""
        super().check(data, config)
        assert isinstance(data.rows, ImageSet)
        causes = _causes(config, data)
        if not causes:
            raise OptionError(
                f"{self.slug} is fitted to labelled causes: {data.name} has no label that is a number; it has "
                f"{join_names(data.rows.labels.names)}"
            )
        data.rows.check_labels(causes)

    def work(self, data: Observed, config: Any) -> str:
        """Steps, rows and causes."""
        causes = _causes(config, data)
        return (
            f"{config.steps} steps of {config.batch} images ({len(data)} in all), {len(causes)} causes: "
            f"{join_names(causes)}"
        )

    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """The fitted generator; a world says its graph where the configuration says none."""
        if not config.graph and data.graph is not None:
            config = replace(config, graph=str(data.graph))
        causes = _causes(config, data)
        return self.cls(config).fit(data.rows, causes, checkpoint=checkpoint, progress=progress)

    def training(self, model: Any) -> Training:
        """Losses and the graph."""
        return Training((("training", tuple(model.history.losses)),), (f"Graph over the causes: {model.graph}",))

    # -- asking --------------------------------------------------------------------------------------------------------

    def targets(self, model: Any, data: Observed) -> tuple[Target, ...]:
        """The causes."""
        return tuple(Target(name, (), (low,), (high,)) for name, (low, high) in model.ranges.items())

    def counterfactual(self, model: Any, data: Observed, do: Intervention) -> Rows:
        """The images under `do`, with the values of their causes among the labels."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RangeWarning)  # told in a sentence by whoever asks
            answer: ImageSet = model.counterfactual(data.rows, do)
        return answer

    def truth(self, data: Observed, do: Intervention) -> Rows | None:
        """The world's images under the same intervention."""
        return data.truth(do)

    def latents(self, model: Any, data: Observed, do: Intervention) -> Table | None:
        """The causes."""
        rows = self.counterfactual(model, data, do)
        assert isinstance(rows, ImageSet)
        return rows.labels.select(model.graph.nodes)

    # -- judging -------------------------------------------------------------------------------------------------------

    def score(self, model: Any, data: Observed, fresh: Observed) -> Scores:
        """See `measures`; every cause is set to a low and a high value of its range."""
        questions = _questions(model.config, data)
        scores = self._judged(data, fresh, [(do, _pixels(self.counterfactual(model, fresh, do))) for do in questions])
        still = self.counterfactual(model, fresh, Intervention())
        scores["composition error"] = composition_error(_pixels(fresh.rows), _pixels(still))
        back = []
        for do in questions:
            (name,) = do
            for row in range(min(BACK, len(fresh))):
                one = fresh.take([row])
                there = replace(one, rows=self.counterfactual(model, one, do), sample=None)
                home = Intervention({name: float(_labels(one).column(name)[0])})
                again = self.counterfactual(model, there, home)
                back.append(reversibility_error(_pixels(one.rows), _pixels(again)))
        scores["reversibility error"] = float(np.mean(back))
        return scores

    def baselines(self, config: Any, data: Observed, fresh: Observed) -> dict[str, Scores]:
        """Leaving the image as it is; and what the regression reads off the true counterfactuals."""
        questions, facts = _questions(config, data), _pixels(fresh.rows)
        nothing = self._judged(data, fresh, [(do, facts) for do in questions])
        found = {"do nothing": {**nothing, "composition error": 0.0, "reversibility error": 0.0}}
        truths = [(do, fresh.truth(do)) for do in questions]
        known = [(do, _pixels(truth)) for do, truth in truths if truth is not None]
        if known:
            found["the truth itself"] = {"effectiveness": self._judged(data, fresh, known)["effectiveness"]}
        return found

    def _judged(self, data: Observed, fresh: Observed, answers: Sequence[tuple[Intervention, Values]]) -> Scores:
        """What answers to questions are worth."""
        reader = _Reader(tuple(dict.fromkeys(name for do, _ in answers for name in do)), data)
        errors, apart = [], []
        for do, answer in answers:
            (name,) = do
            value, spread = float(do[name].value), float(_labels(data).column(name).std())  # type: ignore[attr-defined]
            apart.append(effectiveness(reader.reads(name, answer), np.full(len(answer), value), "continuous") / spread)
            truth = fresh.truth(do)
            if truth is not None:
                errors.append(counterfactual_mse(answer, _pixels(truth)).value)
        scores = {"counterfactual MSE": float(np.mean(errors))} if errors else {}
        return {**scores, "effectiveness": float(np.mean(apart))}

    def pictures(self, model: Any, fresh: Observed) -> Sequence[Block]:
        """For each cause, rows with it set to values from its range, beside the truth where there is one."""
        shown = fresh.take(range(min(SHOWN, len(fresh))))
        blocks = []
        for name in model.graph.nodes:
            questions = []
            for value in np.quantile(_labels(fresh).column(name), PLACES):
                do = Intervention({name: round(float(value), 3)})
                questions.append(Question(str(do), self.counterfactual(model, shown, do), self.truth(shown, do)))
            names = [f"row {i}" for i in range(len(shown))]
            about = f"Rows that the fit has not seen, with {name} set to values from its range."
            blocks.append(image_rows(shown.rows, questions, names, about))
        return blocks


class _Reader:
    """Reads the causes off images, from the rows of the fit: trees on coarse patches, known to no generator."""

    def __init__(self, names: tuple[str, ...], data: Observed) -> None:
        from sklearn.ensemble import ExtraTreesRegressor

        self._names = names
        self._model = ExtraTreesRegressor(60, random_state=0, n_jobs=1)
        causes = _labels(data).matrix(names)
        self._model.fit(coarse(_pixels(data.rows)), causes[:, 0] if len(names) == 1 else causes)

    def reads(self, name: str, images: Values) -> Values:
        """A cause of each image."""
        read = np.asarray(self._model.predict(coarse(images))).reshape(len(images), -1)
        return read[:, self._names.index(name)]


def _causes(config: Any, data: Observed) -> tuple[str, ...]:
    """Those of the graph, where the configuration has one; else those of the data."""
    return Graph(config.graph).nodes or data.causes


def _questions(config: Any, data: Observed) -> list[Intervention]:
    """Every cause set to a low and a high value of its range."""
    return [
        Intervention({name: float(value)})
        for name in _causes(config, data)
        for value in np.quantile(_labels(data).column(name), (0.2, 0.8))
    ]


def _labels(data: Observed) -> Table:
    assert isinstance(data.rows, ImageSet)
    return data.rows.labels


def _pixels(rows: Rows) -> Values:
    assert isinstance(rows, ImageSet)
    return np.asarray(rows.images / np.float32(255))
