"""A system whose card says table in, label or number out, as an estimator of scikit-learn: `aitia.sklearn(SLUG)`."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from aitia.card import Card
from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.system import find, load
from aitia.workflow.names import configured

__all__ = ["SystemClassifier", "SystemRegressor", "sklearn"]

TARGET = "target"
"""The column of the labels or numbers, which no feature is called."""


def sklearn(slug: str, task: Literal["classifier", "regressor"] | None = None, **options: Any) -> Any:
    """An estimator of scikit-learn that fits a system to arrays; it clones, pickles and works in pipelines.

    Args:
        slug: A system that fills one column of a table from others.
        task: Where the column may hold either; None takes what the card says, and labels where it says neither.
        options: Of the system's `Config`.

    Raises:
        OptionError: If the system does not do that, or has no such option.
    """
    card = find(slug).card
    kind = card.takes[_filled(card)].kind
    wanted = "regressor" if kind in ("number", "count") else "classifier"
    if task is not None and task != wanted and kind != "any":
        raise OptionError(f"{slug} fills a column of kind {kind}, so it is a {wanted}, not a {task}")
    configured(find(slug).load(), options, 0)
    made = SystemRegressor if (task or wanted) == "regressor" else SystemClassifier
    return made(slug=slug, options=options or None)


def _filled(card: Card) -> str:
    if card.rows != ("table",) or len(card.fills) != 1 or "predict" not in card.verbs:
        raise OptionError(
            f"{card.slug} does not fill one column of a table from others: no estimator can be made of it"
        )
    return card.fills[0]


class _Estimator(BaseEstimator):  # type: ignore[misc]  # of a package without types
    """What both kinds share.

    Args:
        slug: The system.
        options: Of its `Config`.
        random_state: Seed of the fit and of the answers; None is 0.
    """

    def __init__(
        self, slug: str = "", options: Mapping[str, Any] | None = None, random_state: int | None = None
    ) -> None:
        self.slug, self.options, self.random_state = slug, options, random_state

    def _fit_system(self, X: Any, y: Any, kind: str) -> None:
        cls = find(self.slug).load()
        role = _filled(cls.card)
        given = {**_features(X), TARGET: y}
        table = Table.of(given, kinds={**dict.fromkeys(_features(X), "number"), TARGET: kind})
        system = cls(configured(cls, dict(self.options or {}), self._seed()))
        named: dict[str, Any] = {role: TARGET}
        self.system_ = system.fit(table, **named)

    def _told(self, X: ArrayLike) -> Table:
        check_is_fitted(self)
        checked = validate_data(self, X, reset=False, dtype=np.float64)
        system: Any = self.system_
        rows = Table.of(_features(checked), kinds=dict.fromkeys(_features(checked), "number"))
        told: Table = system.predict(rows, seed=self._seed()).known
        return told

    def _seed(self) -> int:
        return int(self.random_state) if isinstance(self.random_state, (int, np.integer)) else 0

    def __getstate__(self) -> dict[str, Any]:
        """The state, with the system as the files that it is saved in."""
        state = dict(super().__getstate__())
        system = state.pop("system_", None)
        if system is not None:
            with tempfile.TemporaryDirectory() as place:
                system.save_pretrained(Path(place) / "model")
                files = sorted(path for path in (Path(place) / "model").rglob("*") if path.is_file())
                state["files_"] = {str(p.relative_to(Path(place) / "model")): p.read_bytes() for p in files}
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """The estimator that had this state."""
        told = dict(state)
        files = told.pop("files_", None)
        super().__setstate__(told)
        if files is not None:
            with tempfile.TemporaryDirectory() as place:
                for name, content in files.items():
                    (Path(place) / name).parent.mkdir(parents=True, exist_ok=True)
                    (Path(place) / name).write_bytes(content)
                self.system_ = load(place)


class SystemClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]  # of a package without types
    """A system that fills a column of labels."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fits the system to features, (n, p), and labels, (n,)."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"classification needs two classes or more, the data have one class, {self.classes_[0]!r}")
        self._fit_system(X, [f"c{code}" for code in codes], "label")
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The label of each row."""
        labels = self._told(X).labels(TARGET)
        return np.asarray(self.classes_[[int(str(label)[1:]) for label in labels]])


class SystemRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]  # of a package without types
    """A system that fills a column of numbers."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fits the system to features, (n, p), and numbers, (n,)."""
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        self._fit_system(X, np.asarray(y, dtype=np.float64), "number")
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The number of each row."""
        return np.asarray(self._told(X).column(TARGET), dtype=np.float64)


def _features(X: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {f"x{k}": X[:, k] for k in range(X.shape[1])}
