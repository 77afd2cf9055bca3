"""Methods that predict one column of a table from the others: how often they are right, and whether they know it.

They answer no interventions: what a column would be if another were set is not what it is where the other happens to
have that value, and a predictor learns the latter.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.do import Intervention
from aitia.engine import Progress
from aitia.errors import DataError, InterventionError, OptionError, unknown_variable
from aitia.report import Block, Line, Picture, TableBlock, Text, line_chart, shaded_matrix
from aitia.stats.metrics import class_scores, reliability
from aitia.systems.tabpfn.inputs import as_frame, find_categories, numbered, read_target
from aitia.systems.tabpfn.shipped import load_weights
from aitia.workflow.contract import Adapter, Form, Measure, Scores, Target, Training
from aitia.workflow.observed import Observed, Rows

__all__ = ["PredictorAdapter"]

Values = NDArray[np.float64]
_NO_DO = "what is seen where a column has a value is not what would be if it were set"


class PredictorAdapter(Adapter):
    """A classifier in the manner of scikit-learn; see the module."""

    forms: tuple[Form, ...] = ("table",)
    heading: ClassVar[str] = "What it predicts"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("AUC", "higher", "Area under the ROC curve, averaged over pairs of classes; 0.5 is chance."),
        Measure("accuracy", "higher", "Share of rows whose most probable class is right."),
        Measure("log loss", "lower", "Mean of -log of the probability of the true class."),
        Measure("calibration error", "lower", "How far probabilities are from the shares that are right (ECE)."),
    )

    def check(self, data: Observed, config: Any) -> None:
        """Refuses a table without the column to predict.

        Raises:
            OptionError: If no column is named.
            UnknownVariableError: If there is no such column.
            DataError: If it is the only one, or holds no classes.
        """
        super().check(data, config)
        table = _table(data)
        if config.target is None:
            raise OptionError(
                f"{self.slug} predicts one column: name it with --set target=COLUMN; there are "
                f"{', '.join(table.names[:12])}"
            )
        if config.target not in table:
            raise unknown_variable(config.target, table.names, "table")
        if len(table.names) < 2:
            raise DataError(f"{data.name} has no column but {config.target!r}: there is nothing to predict it from")
        read_target(_split(data, config.target)[1])

    def work(self, data: Observed, config: Any) -> str:
        """Number of rows and passes."""
        return f"{len(data)} rows read once, in {config.ensemble} passes; nothing is trained"

    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """Stores the rows."""
        X, y = _split(data, config.target)
        options = {name: value for name, value in asdict(config).items() if name != "target"}
        model = self.cls(**options).fit(X, _named(y, config.target))
        if progress is not None:
            progress("reading the rows", 1, 1)
        return model

    def training(self, model: Any) -> Training:
        """What was done to the table, and where the network is from."""
        config = model.config
        source = load_weights(config.weights)
        recipe, record = source.recipe, source.record
        told = (
            f"The network was trained once, before, on tables of a prior: {recipe.steps} steps, seed {recipe.seed}, "
            f"{record.get('cpu_minutes', '?')} CPU minutes; its hash is {source.hash[:12]}.",
            f"It reads {recipe.most_rows} rows, {source.network_config.features} columns and "
            f"{source.network_config.classes} classes at most.",
        )
        losses = tuple({"step": float(step), "loss": float(loss)} for step, loss in record.get("losses", ()))
        return Training((("pretraining", losses),), (*told, *model.notes_))

    # -- asking --------------------------------------------------------------------------------------------------------

    def targets(self, model: Any, data: Observed) -> tuple[Target, ...]:
        """Nothing: see the module."""
        return ()

    def counterfactual(self, model: Any, data: Observed, do: Intervention) -> Rows:
        """Refused: see the module."""
        raise InterventionError(
            f"{self.slug} predicts a column and answers no do(...): {_NO_DO}. Find a graph first: aitia discover"
        )

    def truth(self, data: Observed, do: Intervention) -> Rows | None:
        """None: it answers no such question."""
        return None

    def latents(self, model: Any, data: Observed, do: Intervention) -> Table | None:
        """None."""
        return None

    # -- judging -------------------------------------------------------------------------------------------------------

    def score(self, model: Any, data: Observed, fresh: Observed) -> Scores:
        """Of the rows that the fit has not seen, whose class it has."""
        X, y = _split(fresh, model.config.target)
        return _scores(y, model.predict_proba(X), model.classes_)

    def baselines(self, config: Any, data: Observed, fresh: Observed) -> dict[str, Scores]:
        """Logistic regression, gradient boosting, and the shares of the classes."""
        from sklearn.dummy import DummyClassifier
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        (X, y), (new, true) = _split(data, config.target), _split(fresh, config.target)
        text = find_categories(X)
        X, new = (np.asarray(numbered(frame, text), dtype=np.float64) for frame in (X, new))
        plain = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=2000))
        others = {
            "logistic regression": plain,
            "boosted trees": HistGradientBoostingClassifier(random_state=config.seed),
            "class shares": DummyClassifier(strategy="prior"),
        }
        found = {}
        for name, other in others.items():
            other.fit(X, y)
            found[name] = _scores(true, other.predict_proba(new), other.classes_)
        return found

    def pictures(self, model: Any, fresh: Observed) -> Sequence[Block]:
        """Which classes are taken for which, and whether probabilities mean what they say."""
        X, y = _split(fresh, model.config.target)
        probability, names = model.predict_proba(X), [str(c) for c in model.classes_]
        place = _places(y, model.classes_)
        known = place >= 0
        if not known.any():
            return [Text("None of the rows that were held out has a class that the fit has seen.")]
        place, probability = place[known], probability[known]
        counts = np.zeros((len(names), len(names)))
        np.add.at(counts, (place, probability.argmax(axis=1)), 1)
        blocks: list[Block] = [
            Picture(
                shaded_matrix([f"is {name}" for name in names], [f"said {name}" for name in names], counts, digits=0),
                f"Rows by what {model.config.target} is and what was predicted.",
            )
        ]
        bins = reliability(place, probability, bins=5 if len(place) < 200 else 10)
        if len(bins.told) > 1:
            lines = [Line("share right", bins.right.tolist()), Line("as told", bins.told.tolist())]
            chart = line_chart(bins.told.tolist(), lines, x_label="probability told", y_label="share right")
            told = "Rows by the probability of their most probable class: the two lines are one where it is calibrated."
            blocks.append(Picture(chart, told))
        cells: list[list[object]] = [
            [float(a), float(b), int(n)] for a, b, n in zip(bins.told, bins.right, bins.rows, strict=True)
        ]
        blocks.append(TableBlock(["mean probability", "share right", "rows"], cells))
        blocks.append(Text(f"It answers no do(...): {_NO_DO}."))
        return blocks


def _scores(y: NDArray[Any], probability: Values, classes: NDArray[Any]) -> Scores:
    """Of the rows whose class is among `classes`; nothing where there is none."""
    place = _places(y, classes)
    known = place >= 0
    return class_scores(place[known], probability[known]) if known.any() else {}


def _places(y: Any, classes: NDArray[Any]) -> NDArray[np.int64]:
    """Position of each row's class, -1 where it is none of them."""
    place = {value: k for k, value in enumerate(classes.tolist())}
    return np.array([place.get(value, -1) for value in np.asarray(y).tolist()], dtype=np.int64)


def _table(data: Observed) -> Table:
    assert isinstance(data.rows, Table)  # `form` has seen to it
    return data.rows


def _named(y: NDArray[Any], target: str) -> Any:
    """With the name of the column, which a model keeps."""
    import pandas

    return pandas.Series(y, name=target)


def _split(data: Observed, target: str) -> tuple[Any, NDArray[Any]]:
    """The frame of the other columns, and the column itself: labels, or numbers."""
    table = _table(data)
    y = table.labels(target)
    if table.missing(target):
        raise DataError(f"{target!r} is missing in {table.missing(target)} of {table.n} rows: leave them out")
    return as_frame(table.drop([target])), np.array(y.tolist())
