"""The rivals of the claim: each is fitted to every table, and tuned on its training rows by eight trials.

The network shipped has one trial: nothing of it is set by the table. A trial is judged by its log loss, of a forest on
the rows that a tree did not see, of all others on three folds. The best of the eight is fitted to all training rows.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOOSTED", "FOREST", "KERNEL", "LINEAR", "RIVALS", "TRIALS", "fitted_rival"]

Values = NDArray[np.float64]
Classes = NDArray[np.int64]

LINEAR, KERNEL = "logistic regression, tuned", "kernel logistic regression, tuned"
FOREST, BOOSTED = "random forest, tuned", "boosted trees, tuned"
RIVALS = (LINEAR, KERNEL, FOREST, BOOSTED)
TRIALS = 8


def fitted_rival(name: str, X: Values, y: Classes, seed: int) -> Any:
    """A model with `classes_` and `predict_proba`."""
    if name == FOREST:
        return _forest(X, y, seed)
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    model, trials = {LINEAR: _linear, KERNEL: _kernel, BOOSTED: _boosted}[name](len(y), seed)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    return GridSearchCV(model, trials, scoring="neg_log_loss", cv=folds).fit(X, y)


def _linear(rows: int, seed: int) -> tuple[Any, Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    return model, {"logisticregression__C": np.logspace(-2, 1.5, TRIALS)}


def _kernel(rows: int, seed: int) -> tuple[Any, Any]:
    """A logistic regression on the Gaussian kernel with training rows, two thirds of which are in every fold."""
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    landmarks = Nystroem(n_components=min(2 * rows // 3 - 2, 120), random_state=seed)
    model = make_pipeline(StandardScaler(), landmarks, LogisticRegression(max_iter=2000))
    return model, {"nystroem__gamma": [0.01, 0.03, 0.1, 0.3], "logisticregression__C": [1.0, 10.0]}


def _boosted(rows: int, seed: int) -> tuple[Any, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(random_state=seed, early_stopping=False)
    return model, {"min_samples_leaf": [5, 15], "max_iter": [25, 75], "max_depth": [2, None]}


def _forest(X: Values, y: Classes, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    def grown(trees: int, trial: tuple[float, int], *, judged: bool = False) -> Any:
        features, leaf = trial
        return RandomForestClassifier(
            trees, max_features=features, min_samples_leaf=leaf, oob_score=judged, random_state=seed
        ).fit(X, y)

    def loss(trial: tuple[float, int]) -> float:
        model = grown(50, trial, judged=True)
        seen = model.oob_decision_function_[np.arange(len(y)), np.searchsorted(model.classes_, y)]
        return -float(np.log(np.clip(seen, 0.01, 1.0)).mean())

    trials = [(features, leaf) for features in (0.2, 0.4, 0.7, 1.0) for leaf in (1, 4)]
    return grown(200, min(trials, key=loss))
