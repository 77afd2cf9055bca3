"""The system: a table whose label is filled, beside the probability of each label.

It sets nothing: a predictor learns what a column is where another happens to have a value, and that is not what it
would be if the other were set.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from torch import nn

from aitia.data.base import Data
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.nn.pretrained import Pretrained
from aitia.report import Block
from aitia.runs import RunStore
from aitia.system import Given, Predicts, Scores, Training
from aitia.systems.tabpfn.card import CARD
from aitia.systems.tabpfn.classifier import TabPFNClassifier
from aitia.systems.tabpfn.config import TabPFNConfig
from aitia.systems.tabpfn.inputs import as_frame, read_target
from aitia.systems.tabpfn.judge import judged
from aitia.systems.tabpfn.page import blocks
from aitia.systems.tabpfn.shipped import load_weights

__all__ = ["TabPFN"]

Values = NDArray[np.float64]


class TabPFN(Pretrained, Predicts):
    """Predicts the label of the rows of a small table by reading the rows whose label is known; nothing is trained.

    Attributes:
        classifier: The same in the manner of scikit-learn, where it has been fitted.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2))
        >>> y = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
        >>> model = TabPFN().fit(X[:40], y[:40])
        >>> model.predict(X[40:])
        Table(20 rows: x0, x1, label, P(label=no), P(label=yes))
    """

    card = CARD
    Config = TabPFNConfig
    config: TabPFNConfig
    classifier: TabPFNClassifier | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants a column of labels, known in every row, and one to predict it from."""
        label = given.column("label")
        if label is None:
            raise OptionError(
                f"{self.card.slug} predicts one column: name it (label=COLUMN, --label COLUMN); there are "
                f"{join_names(given.table.names)}"
            )
        if not given.columns("features"):
            raise DataError(f"{given.name} has no column but {label!r}: there is nothing to predict it from")
        if gaps := given.table.missing(label):
            raise DataError(f"{label!r} is missing in {gaps} of {len(given)} rows: leave them out")
        read_target(_target(given))

    def work(self, given: Given) -> str:
        """Number of rows and passes."""
        return f"{len(given)} rows read once, in {self.config.ensemble} passes; nothing is trained"

    def _fit(self, given: Given, run: RunStore) -> None:
        X = as_frame(given.table.select(given.columns("features")))
        self.classifier = TabPFNClassifier(**self.get_params()).fit(X, _target(given))
        if run.progress is not None:
            run.progress("reading the rows", 1, 1)

    @property
    def training(self) -> Training:
        """What was done to the table, and where the network is from."""
        source = load_weights(self.config.weights)
        recipe, record = source.recipe, source.record
        told = (
            f"The network was trained once, before, on tables of a prior: {recipe.steps} steps, seed {recipe.seed}, "
            f"{record.get('cpu_minutes', '?')} CPU minutes; its hash is {source.hash[:12]}.",
            f"It reads {recipe.most_rows} rows, {source.network_config.features} columns and "
            f"{source.network_config.classes} classes at most.",
        )
        losses = tuple({"step": float(step), "loss": float(loss)} for step, loss in record.get("losses", ()))
        return Training((("pretraining", losses),), (*told, *self._fitted.notes_))

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels that it tells apart, sorted."""
        return tuple(self._fitted.classes_.tolist())

    def predict_proba(self, *data: Any, **roles: Any) -> Values:
        """Probabilities of the labels of each row, (n, labels), in the order of `classes`.

        Raises:
            OptionError: If it has not been fitted.
            UnknownVariableError: If a column of the fit is not there.
            DataError: If a value is missing, infinite or a text that the fit has not seen.
        """
        model = self._fitted  # before the rows are read
        given = self.given(*data, **roles)
        return self._probabilities(model, given)

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The most probable label of each row that has none; labels drawn from its probabilities where draws > 1."""
        p = self._probabilities(self._fitted, given)
        label = given.column("label") or str(self.roles["label"])
        rows = np.repeat(np.arange(len(given)), draws)
        chosen = p.argmax(axis=1)
        if draws > 1:
            level = np.random.default_rng([seed, 29]).random((len(rows), 1))
            chosen = np.minimum((level > p.cumsum(axis=1)[rows]).sum(axis=1), p.shape[1] - 1)
        named: list[Any] = self._fitted.classes_[chosen].tolist()
        if label in given.table:
            known = given.table.take(rows)
            told, hole = known.labels(label), known.absent(label)
            named = [new if empty else old for new, old, empty in zip(named, told, hole, strict=True)]
        columns = {f"P({label}={name})": p[rows, k] for k, name in enumerate(self.classes)}
        kinds = {label: "label", **dict.fromkeys(columns, "number")}
        return given.data.take(rows).with_known({label: named, **columns}, kinds)

    def _probabilities(self, model: TabPFNClassifier, given: Given) -> Values:
        for name in self.roles["features"]:
            if name not in given.table:
                raise unknown_variable(name, given.table.names, "table")
        return model.predict_proba(as_frame(given.table.select(self.roles["features"])))

    @property
    def _fitted(self) -> TabPFNClassifier:
        if self.classifier is None:
            raise OptionError("this TabPFN has not been fitted: call fit first")
        return self.classifier

    # -- judging -------------------------------------------------------------------------------------------------------

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Of the rows whose label the fit has seen; beside classifiers that are fitted to the same rows."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Which labels are taken for which, and whether probabilities mean what they say."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        return self._fitted.network

    def _options(self) -> dict[str, Any]:
        return self._fitted.to_json()

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        classifier = TabPFNClassifier.from_json(options)
        model = cls(**options["parameters"])
        model.classifier = classifier
        return model


def _target(given: Given) -> NDArray[Any]:
    """The label of each row, as the user wrote it."""
    return np.array(given.table.labels(str(given.column("label"))).tolist())
