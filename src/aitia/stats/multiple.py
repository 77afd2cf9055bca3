"""Adjusting p-values for the number of tests."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError

__all__ = ["benjamini_hochberg", "holm"]


def _checked(p_values: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(p_values, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise DataError("p-values are a list of numbers in [0, 1]")
    return values


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values: keeping those at most q bounds the expected share of false finds by q.

    Raises:
        DataError: If a value lies outside [0, 1].

    Source:
        Benjamini and Hochberg, JRSS B 57 (1995).

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.04, 0.04]
    """
    values = _checked(p_values)
    m = len(values)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * m / np.arange(1, m + 1)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return adjusted


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values: keeping those at most a bounds the chance of any false find by a.

    Raises:
        DataError: If a value lies outside [0, 1].

    Source:
        Holm, Scandinavian Journal of Statistics 6 (1979).

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    values = _checked(p_values)
    m = len(values)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * (m - np.arange(m))), 1)
    return adjusted
