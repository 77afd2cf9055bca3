"""How good probabilities of classes are: whether they put rows in order, and whether they mean what they say.

Of rows whose most probable class is told with probability p, a share p should be right. Rows are put into bins of equal
width by that probability; the expected calibration error is the distance between the share right and the mean
probability of a bin, averaged over rows.

Sources:
    Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, ICML 2017.
    Hand and Till, A simple generalisation of the area under the ROC curve, 2001 (AUC over pairs of classes).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError
from aitia.stats.metrics._checks import Values, numbers

__all__ = ["Reliability", "class_scores", "expected_calibration_error", "reliability"]


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins that hold a row or more.

    Args:
        told: Mean probability of the most probable class.
        right: Share of rows whose class it is.
        rows: How many.
    """

    told: Values
    right: Values
    rows: NDArray[np.int64]


def reliability(classes: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> Reliability:
    """How often the most probable class is right, by what its probability is.

    Args:
        classes: Position of the true class, (n,).
        probabilities: (n, classes).
        bins: Of equal width between 0 and 1.

    Raises:
        DataError: If shapes do not fit, or rows are no probabilities.
        OptionError: If there is no bin.
    """
    p = numbers(probabilities, "probabilities")
    true = np.asarray(classes)
    if p.ndim != 2 or true.shape != p.shape[:1] or not len(p):
        raise DataError(f"probabilities have shape {p.shape} and classes {true.shape}, expected (n, classes) and (n,)")
    if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > 1e-6:
        raise DataError("probabilities of a row are not negative and add up to 1")
    if bins < 1:
        raise OptionError(f"there is 1 bin or more, got {bins}")
    told, right = p.max(axis=1), (p.argmax(axis=1) == true).astype(np.float64)
    place = np.minimum((told * bins).astype(np.int64), bins - 1)
    rows = np.bincount(place, minlength=bins)
    held = rows > 0
    means = [np.bincount(place, values, bins)[held] / rows[held] for values in (told, right)]
    return Reliability(means[0], means[1], rows[held])


def expected_calibration_error(classes: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """The expected calibration error, in 0 to 1; lower is better.

    Example:
        >>> expected_calibration_error([0, 0, 1, 0], [[0.75, 0.25]] * 4)  # three of four are right
        0.0
    """
    found = reliability(classes, probabilities, bins)
    return float((found.rows * np.abs(found.right - found.told)).sum() / found.rows.sum())


def class_scores(classes: ArrayLike, probabilities: ArrayLike) -> dict[str, float]:
    """AUC (mean over pairs of classes), accuracy, log loss, and calibration error.

    Args:
        classes: Position of the true class, (n,).
        probabilities: (n, classes).

    Returns:
        By name; no AUC where all rows are of one class, and pairs only of classes that some row has.

    Raises:
        DataError: If shapes do not fit, or rows are no probabilities.
    """
    from sklearn.metrics import roc_auc_score

    error = expected_calibration_error(classes, probabilities)
    true, p = np.asarray(classes), np.clip(numbers(probabilities, "probabilities"), 1e-12, 1.0)
    found: dict[str, float] = {}
    present = np.unique(true)
    among = p[:, present] / p[:, present].sum(axis=1, keepdims=True)
    if len(present) == 2:
        found["AUC"] = float(roc_auc_score(true == present[1], among[:, 1]))
    elif len(present) > 2:
        found["AUC"] = float(roc_auc_score(true, among, multi_class="ovo", labels=present))
    found["accuracy"] = float((p.argmax(axis=1) == true).mean())
    found["log loss"] = float(-np.log(p[np.arange(len(p)), true]).mean())
    found["calibration error"] = error
    return found
