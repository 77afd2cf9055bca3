"""How often it is right and whether it knows it, beside classifiers that are fitted to the rows."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.stats.metrics import class_scores
from aitia.system import Given, Score, Scores
from aitia.systems.tabpfn.inputs import as_frame, find_categories, numbered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aitia.systems.tabpfn.model import TabPFN

__all__ = ["judged", "places"]

Values = NDArray[np.float64]

_ABOUT: "Mapping[str, tuple[Literal['lower', 'higher'], str]]" = {
    "AUC": ("higher", "Area under the ROC curve, averaged over pairs of classes; 0.5 is chance."),
    "accuracy": ("higher", "Share of rows whose most probable class is right."),
    "log loss": ("lower", "Mean of -log of the probability of the true class."),
    "calibration error": ("lower", "How far probabilities are from the shares that are right (ECE)."),
}


def judged(model: "TabPFN", fresh: Given, seen: Given) -> Scores:
    """Of the rows whose label is among those of the fit; nothing where there is none."""
    true = labels(fresh)
    ours = _scores(true, model.predict_proba(fresh), np.array(model.classes, dtype=object))
    others = {name: _scores(true, *answer) for name, answer in _others(model, fresh, seen).items()} if ours else {}
    return {
        name: Score(
            ours[name],
            better,
            about,
            {who: of[name] for who, of in others.items() if name in of},
            ("class shares",) if name == "AUC" else (),
        )
        for name, (better, about) in _ABOUT.items()
        if name in ours
    }


def labels(given: Given) -> NDArray[Any]:
    """The label of each row as the user wrote it; None where it is missing."""
    return given.table.labels(str(given.column("label")))


def places(y: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """Position of each row's class, -1 where it is none of them."""
    place = {value: k for k, value in enumerate(classes.tolist())}
    return np.array([place.get(value, -1) for value in y.tolist()], dtype=np.int64)


def _others(model: "TabPFN", fresh: Given, seen: Given) -> dict[str, tuple[Values, NDArray[Any]]]:
    """Probabilities and classes of logistic regression, gradient boosting, and the shares of the classes."""
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    names = model.roles["features"]
    frames = [as_frame(given.table.select(names)) for given in (seen, fresh)]
    text = find_categories(frames[0])
    X, new = (np.asarray(numbered(frame, text), dtype=np.float64) for frame in frames)
    y = np.array(labels(seen).tolist())
    made = {
        "logistic regression": make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=2000)),
        "boosted trees": HistGradientBoostingClassifier(random_state=model.config.seed),
        "class shares": DummyClassifier(strategy="prior"),
    }
    return {name: (other.fit(X, y).predict_proba(new), other.classes_) for name, other in made.items()}


def _scores(y: NDArray[Any], probability: Values, classes: NDArray[Any]) -> dict[str, float]:
    place = places(y, classes)
    known = place >= 0
    return class_scores(place[known], probability[known]) if known.any() else {}
