"""Mean effects with their doubt: bootstrap intervals, tests, and p-values adjusted for their number.

    estimate = mean_i d_i,     t = estimate / (s / sqrt n),     d_i the effect in row i                             (1)

Source:
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13 (percentile intervals).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.table import Kind, Table
from aitia.errors import DataError, OptionError
from aitia.stats.multiple import benjamini_hochberg, holm

__all__ = ["mean_effects"]


def mean_effects(
    differences: ArrayLike,
    names: Sequence[str],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    correction: Literal["benjamini-hochberg", "holm"] = "benjamini-hochberg",
    seed: int = 0,
) -> Table:
    """One row an effect: estimate, bootstrap interval, p-value of the t test against no effect, adjusted p-value.

    Args:
        differences: (effects, rows): what changed in each row, such as `Trace.changes`. Rows are paired across effects
            and drawn again together.
        names: Of the effects.
        confidence: Coverage of each interval.
        resamples: Of the bootstrap.
        correction: Bounds the share of false finds (Benjamini-Hochberg) or the chance of any (Holm).
        seed: Of the bootstrap.

    Raises:
        DataError: If there are fewer than two rows, a number is not finite, or names and effects differ in number.
        OptionError: If an option is out of range.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> table = mean_effects([rng.normal(1, 1, 50), rng.normal(0, 1, 50)], ["head 3", "head 4"])
        >>> (table.column("adjusted") < 0.05).tolist()
        [True, False]
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2 or len(values) != len(names):
        raise DataError(
            f"effects are an array (effects, rows) with a name each and at least 2 rows, got {values.shape} and "
            f"{len(names)} names: an interval needs more than one row"
        )
    if not np.isfinite(values).all():
        raise DataError(
            f"the effect {names[int(np.argwhere(~np.isfinite(values))[0, 0])]!r} has a row that is no number"
        )
    if not 0 < confidence < 1 or resamples < 1:
        raise OptionError(f"confidence is between 0 and 1 and resamples at least 1, got {confidence} and {resamples}")
    corrections = {"benjamini-hochberg": benjamini_hochberg, "holm": holm}
    if correction not in corrections:
        raise OptionError(f"correction is one of {', '.join(corrections)}, got {correction!r}")
    n = values.shape[1]
    p = _t_test(values)
    means = _bootstrap_means(values, resamples, seed)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2], axis=1)
    columns = {
        "estimate": values.mean(axis=1),
        "low": low,
        "high": high,
        "p": p,
        "adjusted": corrections[correction](p),
        "rows": np.full(len(values), float(n)),
    }
    return Table.of({"effect": list(names), **columns}, kinds=dict.fromkeys(columns, Kind.NUMBER))


def _t_test(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided p-values of mean 0; rows that are all equal decide by whether they are 0."""
    from scipy.special import stdtr

    n = values.shape[1]
    mean, sd = values.mean(axis=1), values.std(axis=1, ddof=1)
    same = sd <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    t = np.abs(mean) / np.where(same, 1.0, sd / np.sqrt(n))
    return np.where(same, np.where(mean == 0, 1.0, 0.0), 2 * stdtr(n - 1, -t))


def _bootstrap_means(values: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """(effects, resamples): means of rows drawn again, the same rows for every effect."""
    n = values.shape[1]
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    return np.asarray(values @ counts.T / n)
