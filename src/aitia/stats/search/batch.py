"""Partial correlations of many pairs, each given a set of its own, in one product."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["partial_correlations"]

AT_ONCE = 1 << 20
"""Numbers of the matrices that are factorised together."""

Places = NDArray[np.int64]


def partial_correlations(correlation: NDArray[np.float64], x: Places, y: Places, given: Places) -> NDArray[np.float64]:
    """The partial correlation of x[k] and y[k] given the columns given[k], for each of m tests.

    Factorises the correlations of (given, x, y): the last row (b, c) of the factor gives b / sqrt(b^2 + c^2).

    Args:
        correlation: (p, p).
        x: (m,) positions.
        y: (m,) positions.
        given: (m, s) positions, distinct in a row and from x and y.

    Returns:
        (m,); NaN where the set, x and y are collinear.
    """
    places = np.column_stack([given, x, y])
    found = np.empty(len(places))
    for part in _parts(len(places), places.shape[1]):
        rows = places[part]
        found[part] = _of(correlation[rows[:, :, None], rows[:, None, :]])
    return found


def _of(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        last = np.linalg.cholesky(matrices)[:, -1]
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.array([np.nan])
        middle = len(matrices) // 2
        return np.concatenate([_of(matrices[:middle]), _of(matrices[middle:])])
    return np.asarray(last[:, -2] / np.hypot(last[:, -2], last[:, -1]))


def _parts(tests: int, size: int) -> Iterator[slice]:
    step = max(AT_ONCE // size**2, 1)
    for begin in range(0, tests, step):
        yield slice(begin, begin + step)
