"""Filling in what is missing from a table of scores by few factors.

The least-squares fit of rank r to the numbers that are there, by turns: fill in, take the best approximation of rank r
of the standardised table, fill in from it. A small weight shrinks the factors, so that rows with few numbers stay sane.

Source:
    Mazumder, Hastie and Tibshirani, Spectral regularization algorithms for learning large incomplete matrices, JMLR 11
    (2010), algorithm 1, with the rank fixed.
"""

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError

__all__ = ["complete"]

Values = NDArray[np.float64]


def complete(x: Values, rank: int, *, shrink: float = 0.1, iterations: int = 500, tolerance: float = 1e-6) -> Values:
    """The table with its gaps filled in; what is there is kept.

    O(iterations * n * p²).

    Args:
        x: (n, p), NaN where a number is missing.
        rank: Factors, below p.
        shrink: What is taken off each singular value, as a share of the largest one of the first fill.
        iterations: At most.
        tolerance: Of the relative change of the gaps.

    Raises:
        DataError: If a column has no number at all, or varies nowhere.
        OptionError: If rank or shrink are out of range.

    Example:
        >>> x = np.outer(np.linspace(1, 4, 100), [1.0, 2.0, 1.5])
        >>> gap = x.copy()
        >>> gap[60, 1] = np.nan
        >>> bool(abs(complete(gap, 1, shrink=0.0) - x).max() < 0.05)
        True
    """
    if x.ndim != 2 or not 1 <= rank < x.shape[1] or not 0 <= shrink < 1:
        raise OptionError(
            f"p columns take a rank of 1 to p - 1 and a shrink from 0 to below 1, got shape {x.shape}, {rank}, {shrink}"
        )
    gaps = np.isnan(x)
    if np.isinf(x).any():
        raise DataError("the table holds an infinite number: make it a gap (NaN)")
    if (empty := np.flatnonzero(gaps.all(axis=0))).size:
        raise DataError(f"column {empty[0]} has no number: leave it out")
    mean, spread = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    if (flat := np.flatnonzero(spread == 0)).size:
        raise DataError(f"column {flat[0]} is {mean[flat[0]]:g} in every row: leave it out")
    z = np.where(gaps, 0.0, (x - mean) / spread)
    penalty = shrink * float(np.linalg.svd(z, compute_uv=False)[0])
    for _ in range(iterations):
        left, size, right = np.linalg.svd(z, full_matrices=False)
        fitted = (left[:, :rank] * np.maximum(size[:rank] - penalty, 0)) @ right[:rank]
        moved = float(np.linalg.norm((fitted - z)[gaps])) if gaps.any() else 0.0
        z = np.where(gaps, fitted, z)
        if moved <= tolerance * max(float(np.linalg.norm(z[gaps])), 1e-12):
            break
    return np.where(gaps, z * spread + mean, x)
