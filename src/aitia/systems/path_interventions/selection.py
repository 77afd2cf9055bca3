"""Which units are causes: a one-sided test of what the class's score loses when their paths are set.

    z_j = (m_j - m_0) / sqrt((s_j^2 + s_0^2) / n)                                                                  (1)
    t_j = mean(y_j - y_0) / (sd(y_j - y_0) / sqrt n)                                                               (2)

with y_0 the scores of n images, y_j those under the intervention on unit j, m means and s standard deviations. (1) is
the paper's; it takes two scores of one image as independent and so finds less. (2) is the paired test.

Where no unit passes, the paper keeps those whose score falls by more than 0.1 %, and if there are none the lowest 5 %;
a single image allows no test, and there 5 % is asked for. The percentages are of the mean score's size here: the paper
divides image by image, which explodes for scores near zero and turns around for negative ones, and its code asks for
less than +5 % from a single image, which units without any effect fulfil.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aitia.stats.multiple import benjamini_hochberg

__all__ = ["Rule", "Selected", "Test", "select"]

Values = NDArray[np.float64]
Test = Literal["z", "paired"]
Rule = Literal["test", "share", "quantile", "single image", "none"]

SHARE, QUANTILE, ALONE = 0.001, 0.05, 0.05


@dataclass(frozen=True, eq=False)
class Selected:
    """What a test says of the units of a layer.

    Args:
        causes: (units,) whether each is a cause.
        p: (units,) one-sided p-values; NaN for a single image.
        adjusted: The same after the correction.
        rule: By what they were chosen: the test, or what replaces it where no unit passes.
    """

    causes: NDArray[np.bool_]
    p: Values
    adjusted: Values
    rule: Rule


def select(changes: Values, observed: Values, *, test: Test, correction: str, alpha: float) -> Selected:
    """The causes among units.

    Args:
        changes: (units, images) y_j - y_0.
        observed: (images,) y_0.
        test: `z` for (1), `paired` for (2).
        correction: `benjamini-hochberg` over the units, or `none`.
        alpha: Level.
    """
    if not len(changes):
        return Selected(np.zeros(0, bool), np.zeros(0), np.zeros(0), "none")
    mean, size = changes.mean(axis=1), abs(float(observed.mean())) or 1.0
    if changes.shape[1] == 1:
        empty = np.full(len(changes), np.nan)
        causes = mean < -ALONE * size
        return Selected(causes, empty, empty.copy(), "single image" if causes.any() else "none")
    p = _z(changes, observed) if test == "z" else _paired(changes)
    adjusted = benjamini_hochberg(p) if correction == "benjamini-hochberg" else p.copy()
    causes, rule = adjusted <= alpha, "test"
    if not causes.any():
        causes, rule = mean < -SHARE * size, "share"
    if not causes.any():
        causes, rule = (mean <= np.quantile(mean, QUANTILE)) & (mean < 0), "quantile"
    return Selected(causes, p, adjusted, rule if causes.any() else "none")  # type: ignore[arg-type]


def _z(changes: Values, observed: Values) -> Values:
    from scipy.special import ndtr

    under = observed + changes
    error = np.sqrt((under.var(axis=1, ddof=1) + observed.var(ddof=1)) / len(observed))
    return _one_sided(changes.mean(axis=1), error, ndtr)


def _paired(changes: Values) -> Values:
    from scipy.special import stdtr

    n = changes.shape[1]
    error = changes.std(axis=1, ddof=1) / np.sqrt(n)
    return _one_sided(changes.mean(axis=1), error, lambda t: stdtr(n - 1, t))


def _one_sided(mean: Values, error: Values, distribution: object) -> Values:
    """P-values of "not lower"; without spread the sign decides."""
    sure = error <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    p = distribution(mean / np.where(sure, 1.0, error))  # type: ignore[operator]
    return np.where(sure, np.where(mean < 0, 0.0, 1.0), p)
