"""Searches with partial correlation beside one product of the table with itself."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from _limits.base import Row, in_turn
from aitia.data.table import Table
from aitia.discovery import discover
from aitia.stats.independence import FisherZ
from aitia.stats.search import Constraints, check_table, partial_correlation_skeleton
from aitia.systems.pc.model import PC
from pc import data

__all__ = ["fits", "halves", "many_rows", "wide"]

SEARCH: dict[str, Any] = {"test": "fisher-z", "alpha": 0.01}
ALONE: dict[str, Any] = {"bootstrap": 0}


def product(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Centred columns times each other: what a matrix of correlations needs."""
    centred = x - x.mean(axis=0)
    return centred.T @ centred


def wide(full: bool) -> Iterator[Row]:
    """The whole of `discover` beside its search alone."""
    for columns in (200, 500, 1000):
        x = data(columns, 3, 5000, columns)
        limit, ours = in_turn(
            3 if columns < 1000 or full else 1,
            lambda x=x: PC(**SEARCH).fit(x),
            lambda x=x: discover(x, **SEARCH, **ALONE),
        )
        yield Row(f"discover, {columns} columns, over PC.fit", limit, ours, 1.8)


def skeleton(x: np.ndarray[Any, Any]) -> Any:
    """All of a search but its arrows: the table, its checks, the tests."""
    table = Table.of(x)
    check_table(table)
    test, limits = FisherZ(table), Constraints.of(table.names, None)
    return partial_correlation_skeleton(test.correlation, test.n, test.names, alpha=0.01, max_depth=99, limits=limits)


def fits(full: bool) -> Iterator[Row]:
    """PC beside one product of the table with itself; up to the skeleton, and with the arrows."""
    for columns, target in ((100, 6.0), (500, 4.0), (1000, 3.0)):
        x = data(columns, 3, 5000, columns)
        limit, part, ours = in_turn(
            5 if columns < 1000 or full else 2,
            lambda x=x: x.T @ x,
            lambda x=x: skeleton(x),
            lambda x=x: PC(**SEARCH).fit(x),
        )
        yield Row(f"skeleton, {columns} columns, over one product", limit, part, target)
        yield Row(f"PC.fit, {columns} columns, over one product", limit, ours, target)


def halves(full: bool) -> Iterator[Row]:
    """One resample beside one product of the rows that a sample with replacement holds, 63 % of the table."""
    for columns, target in ((100, 12.0), (500, 10.0), (1000, 18.0)) if full else ((100, 12.0), (500, 10.0)):
        x = data(columns, 3, 5000, columns)
        search = PC(**SEARCH).fit(x)
        part, samples = x[: round(0.632 * len(x))], 20 if columns == 100 else 2
        limit, ours = in_turn(
            3, lambda part=part: part.T @ part, lambda search=search, samples=samples: search.resample(samples)
        )
        yield Row(f"a resample, {columns} columns, over its product", limit, ours / samples, target)


def many_rows(full: bool) -> Iterator[Row]:
    """A long table beside its means, its centring and one product."""
    del full
    x = data(10, 3, 1_000_000, 10)
    limit, ours, auto = in_turn(
        3, lambda: product(x), lambda: discover(x, **SEARCH, **ALONE), lambda: discover(x, alpha=0.01, **ALONE)
    )
    yield Row("discover, 1,000,000 rows of 10 columns", limit, ours, 4.0)
    yield Row("what its choice of a test adds", limit, auto - ours, 2.0)
