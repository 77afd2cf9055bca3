"""Means and covariances of columns of numbers, in one walk over blocks of rows.

A copy of the table, a centred copy and a product of matrices are what this takes as it is usually written; a block of
rows fits into the cache, so that here the table is read twice and nothing of its size is made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table

__all__ = ["Moments", "blocks", "complete", "definite", "moments", "table_moments"]

Values = NDArray[np.float64]

BLOCK = 1 << 18
"""Numbers of a block: what the second cache holds."""
ALONE = 1e-6
"""Share of a column's spread that others leave of it, from which it does not follow from them."""
ROWS = 8192
"""Rows of a block at least, so that a product of many columns is worth its sum."""


@dataclass(frozen=True)
class Moments:
    """Of the rows that have every value.

    Args:
        n: Their number.
        mean: (p,)
        covariance: (p, p), sums of products over n.
    """

    n: int
    mean: Values
    covariance: Values

    @property
    def spread(self) -> Values:
        """(p,) standard deviations, over n."""
        deviation: Values = np.sqrt(np.diagonal(self.covariance))
        return deviation

    @cached_property
    def correlation(self) -> Values:
        """(p, p), read-only; one along the diagonal; zero beside it where a column does not vary."""
        scale = np.maximum(self.spread, 1e-300)
        found: Values = self.covariance / scale
        found /= scale[:, None]
        np.clip(found, -1, 1, out=found)
        np.fill_diagonal(found, 1)
        found.flags.writeable = False
        return found

    @cached_property
    def definite(self) -> bool:
        """See `definite`."""
        return definite(self.correlation)


def definite(correlation: Values) -> bool:
    """Whether no column follows from others by a straight line, as far as the correlations show it."""
    try:
        return bool(np.diagonal(np.linalg.cholesky(correlation)).min() > ALONE)
    except np.linalg.LinAlgError:
        return False


def moments(columns: Sequence[Values]) -> Moments:
    """The moments of columns of equal length, each (n,), NaN where missing.

    Example:
        >>> found = moments([np.array([0.0, 2.0, np.nan]), np.array([1.0, 3.0, 9.0])])
        >>> found.n, found.mean.tolist(), found.covariance.tolist()
        (2, [1.0, 2.0], [[1.0, 1.0], [1.0, 1.0]])
    """
    columns = complete(columns)
    n = len(columns[0])
    return _about(columns, np.array([column.mean() for column in columns]) if n else np.full(len(columns), np.nan))


def _about(columns: Sequence[Values], mean: Values) -> Moments:
    n, p = len(columns[0]), len(columns)
    products: Values | None = None
    for block in blocks(columns, mean):
        product = block @ block.T
        products = product if products is None else np.add(products, product, out=products)
    if products is None:
        return Moments(n, mean, np.zeros((p, p)))
    products /= n
    return Moments(n, mean, products)


def table_moments(table: Table, names: Sequence[str]) -> Moments:
    """The moments of these columns of a table, computed once."""
    names = tuple(names)
    return table.kept(("moments", names), lambda: _of_table(table, names))


def _of_table(table: Table, names: tuple[str, ...]) -> Moments:
    columns = [table.column(name) for name in names]
    totals = np.array([table.total(name) for name in names])
    if np.isfinite(totals).all():  # nothing is missing, and the sums have been worked out
        return _about(columns, totals / table.n)
    return moments(columns)


def complete(columns: Sequence[Values]) -> Sequence[Values]:
    """The rows that have every value."""
    if not np.isnan([column.sum() for column in columns]).any():
        return columns
    whole = ~np.logical_or.reduce([np.isnan(column) for column in columns])
    return [column[whole] for column in columns]


def blocks(columns: Sequence[Values], shift: Values, scale: Values | None = None) -> Iterator[Values]:
    """Blocks (p, rows) of columns minus their shift, times their scale; each is overwritten by the next."""
    n, p = len(columns[0]), len(columns)
    step = max(ROWS, BLOCK // p)
    room = np.empty((p, min(step, n)))
    for begin in range(0, n, step):
        block = room[:, : min(step, n - begin)]
        for k, column in enumerate(columns):
            np.subtract(column[begin : begin + step], shift[k], out=block[k])
            if scale is not None:
                block[k] *= scale[k]
        yield block
