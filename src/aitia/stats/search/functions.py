"""Whether a column is a function of another one, as far as a table can show it.

A column that another one determines leaves tests given that other without meaning: nothing of it is left to depend on
anything. Lines are found by their rank (`checks`); here the function may have any form:

    of labels     rows with the same label have the same value
    of numbers    along the sorted numbers, labels form one run each, and numbers lie on a smooth curve: between its two
                  neighbours, interpolated, each is hit to a thousandth of the column's spread
"""

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table

__all__ = ["determines"]

Values = NDArray[np.float64]

SURE = 20.0
"""Disagreements between neighbouring rows that chance alone would have shown; with fewer nothing is concluded."""

EXACT = 1e-3
"""Share of the spread up to which a value between its neighbours counts as hit."""

THIN = 400
"""Rows of a first look, which settles nearly every pair."""


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
    x = causes[0] if len(causes) == 1 else np.unique(np.column_stack(causes), axis=0, return_inverse=True)[1].ravel()
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
