"""Whether a column is a function of another one, as far as a table can show it.

A column that another one determines leaves tests given that other without meaning: nothing of it is left to depend on
anything. Lines are found by their rank (`checks`); here the function may have any form:

    of labels     rows with the same label have the same value
    of numbers    along the sorted numbers, labels form one run each, and numbers lie on a smooth curve: between its two
                  neighbours, interpolated, each is hit to a thousandth of the column's spread
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.stats.independence.contingency import Contingency
from aitia.stats.search._functions_kernel import two_leave_open

__all__ = ["determines", "may_determine", "two_may_determine"]

Values = NDArray[np.float64]
Truths = NDArray[np.bool_]

SURE = 20.0
"""Disagreements between neighbouring rows that chance alone would have shown; with fewer nothing is concluded."""

EXACT = 1e-3
"""Share of the spread up to which a value between its neighbours counts as hit."""

THIN = 400
"""Rows of a first look, which settles nearly every pair."""

ROOM = 1 << 16
"""Numbers that the first look at many columns of labels may hold; with more labels it takes fewer rows."""

LOOK = 4096
"""Rows of the first look at three columns, which mostly ends after some ten of them."""

A_TRIPLE = 2e-6
"""Seconds that it takes without the compiler."""


def determines(table: Table, given: tuple[str, ...], name: str) -> bool:
    """Whether the columns `given`, one of any kind or several of labels, leave nothing open in the column `name`.

    Rows that lack a value are passed over; a vector-valued column is never a function.

    Example:
        >>> ages = np.arange(100) % 50
        >>> table = Table.of({"age": ages + 0.5, "group": np.where(ages < 18, "young", "old")})
        >>> determines(table, ("age",), "group"), determines(table, ("group",), "age")
        (True, False)
    """
    columns = [table.column(v) for v in (*given, name)]
    if any(c.ndim > 1 for c in columns):
        return False
    rows = np.flatnonzero(~np.isnan(np.column_stack(columns)).any(axis=1))
    *causes, y = (c[rows] for c in columns)
    x = causes[0] if len(causes) == 1 else _joint(causes)
    smooth = len(given) == 1 and table.continuous(given[0])
    labels = table.discrete(name)
    if not smooth and len(rows) > 2 * THIN and not _constant_where_equal(x[:THIN], y[:THIN]):
        return False
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    same = x[1:] == x[:-1]
    if not (y[1:] == y[:-1])[same].all():
        return False
    if not smooth:
        return bool(same.sum() * _disagreement(y) >= SURE)
    if labels:
        return bool((y[1:] != y[:-1]).sum() == len(np.unique(y)) - 1 and (len(y) - 1) * _disagreement(y) >= SURE)
    first = np.concatenate([[True], ~same])
    return _on_a_curve(x[first], y[first])


def may_determine(table: Table, names: Sequence[str]) -> Truths:
    """(p, p) False at [i, j] where rows show that label i leaves label j open: `determines` need not be asked.

    Args:
        table: The rows.
        names: Columns of labels.
    """
    ones, begin = _indicators(table, names)
    together = ones.T @ ones
    return _settled(np.maximum.reduceat(together, begin, axis=1), np.add.reduceat(together, begin, axis=1), begin)


def two_may_determine(table: Table, names: Sequence[str]) -> Truths:
    """(p, p, p) False at [i, j, k], i < j, where rows show that labels i and j leave label k open.

    Args:
        table: The rows.
        names: Columns of labels.
    """
    p, rows = len(names), _evenly(table, LOOK)
    sizes = np.array([max(len(table.categories(name)), 1) for name in names])
    codes = np.array([np.nan_to_num(table.column(name)[rows], nan=-1) for name in names]).astype(np.int64)
    pairs = np.arange(p)[:, None] < np.arange(p)
    may: Truths = np.repeat(pairs[:, :, None], p, axis=2) & (np.arange(p) != np.arange(p)[:, None])
    may &= (np.arange(p) != np.arange(p)[:, None])[:, None]
    stamps = np.zeros(int(np.sort(sizes)[-2:].prod()), np.int64)
    if Contingency.worth_compiling(A_TRIPLE * p**3 / 2):
        _compiled()(codes, sizes, stamps, np.zeros_like(stamps), may)
    else:
        two_leave_open(codes.tolist(), sizes.tolist(), stamps.tolist(), stamps.tolist(), may)
    return may


@cache
def _compiled() -> Any:
    from aitia.compiled import njit

    return njit(nogil=True)(two_leave_open)


def _evenly(table: Table, most: int) -> NDArray[np.intp]:
    """Rows evenly apart, so many at most."""
    return np.arange(0, table.n, -(-table.n // most))


def _indicators(table: Table, names: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """(rows, labels of all) ones where a row has a label, of rows evenly apart; and where a column's labels begin."""
    sizes = np.array([max(len(table.categories(name)), 1) for name in names])
    rows = _evenly(table, max(THIN, ROOM // int(sizes.sum())))
    ones = np.zeros((len(rows), int(sizes.sum())), np.float32)
    begin = np.cumsum(sizes) - sizes
    for name, first in zip(names, begin, strict=True):
        codes = table.column(name)[rows]
        there = np.flatnonzero(~np.isnan(codes))
        ones[there, first + codes[there].astype(np.intp)] = 1
    return ones, begin


def _settled(most: NDArray[np.float32], total: NDArray[np.float32], begin: NDArray[np.intp]) -> Truths:
    """Whether for every label of a column all rows have one label of the other."""
    return ~np.logical_or.reduceat(most != total, begin, axis=0)


def _joint(columns: Sequence[Values]) -> NDArray[np.int64]:
    """One number a row for each combination of codes that occurs."""
    joint = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        joint = joint * (int(column.max(initial=0)) + 1) + column.astype(np.int64)
        joint = np.unique(joint, return_inverse=True)[1] if joint.max(initial=0) > 1 << 31 else joint
    return joint


def _constant_where_equal(x: NDArray[np.generic], y: Values) -> bool:
    order = np.argsort(x, kind="stable")
    return bool((np.diff(y[order]) == 0)[x[order][1:] == x[order][:-1]].all())


def _disagreement(y: Values) -> float:
    """Probability that two rows differ."""
    shares = np.unique(y, return_counts=True)[1] / max(len(y), 1)
    return float(1 - shares @ shares)


def _on_a_curve(x: Values, y: Values) -> bool:
    """x ascending without ties."""
    if len(x) < SURE + 2:
        return False
    weight = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    missed = np.abs(y[:-2] + weight * (y[2:] - y[:-2]) - y[1:-1])
    return bool(np.median(missed) <= EXACT * y.std())
