"""Labels from a block of latents."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import DataError, OptionError
from aitia.stats.metrics._checks import (
    Values,
    columns,
    halves,
    paired,
    standardized_by,
)
from aitia.stats.metrics._regression import squares_between

__all__ = ["Accuracy", "as_sin_cos", "block_accuracy"]


def as_sin_cos(angles: ArrayLike, *, period: float = 2 * np.pi) -> Values:
    """(n, 2 d) sines and cosines of (n, d) angles: columns 2j and 2j + 1 are those of angle j.

    An angle is no number to regress on: 359 degrees lies beside 1 degree.

    Args:
        angles: (n, d) or (n,).
        period: The full turn in the angles' unit: 2 pi for radians, 360 for degrees.

    Raises:
        DataError: If a value is not finite.
        OptionError: If the period is not positive.

    Example:
        >>> as_sin_cos([0, 90], period=360).round(6).tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    if not 0 < period < np.inf:
        raise OptionError(f"period is a positive number, got {period}")
    turned = columns(angles, "angles") * (2 * np.pi / period)
    return np.stack([np.sin(turned), np.cos(turned)], axis=2).reshape(len(turned), -1)


@dataclass(frozen=True)
class Accuracy:
    """How often a classifier is right on the rows it has not seen.

    Args:
        value: Share of those rows, in [0, 1]; higher is better.
        majority: The share that naming the most frequent label of the fitting half gets: the value to beat.
    """

    value: float
    majority: float


def _logistic(x: Values, codes: np.typing.NDArray[np.int64], classes: int, at: Values) -> np.typing.NDArray[np.int64]:
    """Multinomial logistic regression with a ridge of 1/n on the weights (C = 1 in scikit-learn's terms)."""
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    n, k = x.shape
    design = np.column_stack([x, np.ones(n)])
    hot = np.eye(classes)[codes]

    def loss(flat: Values) -> tuple[float, Values]:
        weights = flat.reshape(k + 1, classes)
        logits = design @ weights
        level = logsumexp(logits, axis=1, keepdims=True)
        shrink = np.vstack([weights[:k], np.zeros((1, classes))])
        value = float((level.sum() - (logits * hot).sum() + 0.5 * (shrink**2).sum()) / n)
        return value, ((design.T @ (np.exp(logits - level) - hot) + shrink) / n).ravel()

    found = minimize(loss, np.zeros((k + 1) * classes), jac=True, method="L-BFGS-B").x.reshape(k + 1, classes)
    return np.asarray((at @ found[:k] + found[k]).argmax(axis=1))


def _nearest(
    x: Values, codes: np.typing.NDArray[np.int64], classes: int, at: Values, neighbours: int
) -> np.typing.NDArray[np.int64]:
    guessed = np.empty(len(at), np.int64)
    for start in range(0, len(at), 1000):
        squares = squares_between(at[start : start + 1000], x)
        near = codes[np.argpartition(squares, neighbours - 1, axis=1)[:, :neighbours]]
        guessed[start : start + 1000] = (near[:, :, None] == np.arange(classes)).sum(axis=1).argmax(axis=1)
    return guessed


def block_accuracy(
    labels: ArrayLike,
    estimated: ArrayLike,
    *,
    classifier: Literal["logistic", "knn"] = "logistic",
    neighbours: int = 5,
    seed: int = 0,
) -> Accuracy:
    """How often a true category is told from the estimated block: `r2` for categories. Higher is better.

    Fitted on a random half of the rows, scored on the other half, on latents standardised by the first.

    Args:
        labels: (n,) category of each row: integers, strings or booleans.
        estimated: (n, k), any k.
        classifier: "logistic" for linear boundaries, "knn" for any.
        neighbours: How many vote under "knn".
        seed: Of the halves.

    Raises:
        DataError: If a latent is not finite, the rows differ in number or are fewer than 20, or there is one category.
        OptionError: If the classifier has another name, or the neighbours are none or more than half of the rows.

    Example:
        >>> z = np.random.default_rng(0).normal(size=(400, 2))
        >>> block_accuracy(z[:, 0] > 0, z).value > 0.9
        True
    """
    if classifier not in ("logistic", "knn"):
        raise OptionError(f"classifier is 'logistic' or 'knn', got {classifier!r}")
    given = np.asarray(labels)
    if given.ndim != 1:
        raise DataError(f"labels have shape {given.shape}, expected (n,): one category per row")
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        row = int(np.flatnonzero(~np.isfinite(given))[0])
        raise DataError(f"labels hold {given[row]} in row {row}: drop or impute it first")
    categories, codes = np.unique(given, return_inverse=True)
    _, z = paired(codes, estimated, ("labels", "estimated"), least=20)
    if len(categories) < 2:
        raise DataError(f"every label is {categories[0]}: there is nothing to tell apart")
    fit, test = halves(len(z), seed)
    if classifier == "knn" and not 1 <= neighbours <= len(fit):
        raise OptionError(f"neighbours is 1 to {len(fit)}, half of the rows, got {neighbours}")
    known, asked = standardized_by(z[fit], z[test])
    if classifier == "logistic":
        guessed = _logistic(known, codes[fit], len(categories), asked)
    else:
        guessed = _nearest(known, codes[fit], len(categories), asked, neighbours)
    majority = np.bincount(codes[fit]).argmax()
    return Accuracy(float(np.mean(guessed == codes[test])), float(np.mean(codes[test] == majority)))
