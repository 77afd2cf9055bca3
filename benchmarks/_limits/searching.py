"""Searches with partial correlation beside one product of the table with itself."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np

from _limits.base import Row, in_turn
from aitia.data.table import Table
from aitia.discovery import discover
from aitia.scm import random_dag, random_discrete_scm
from aitia.stats.independence import FisherZ
from aitia.stats.search import Constraints, check_table, partial_correlation_skeleton
from aitia.systems.pc.model import PC
from pc import data

__all__ = ["fits", "halves", "jobs", "many_rows", "wide"]

SEARCH: dict[str, Any] = {"test": "fisher-z", "alpha": 0.01}
COUNTED: dict[str, Any] = {"test": "chi2", "alpha": 0.01}
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


def jobs(full: bool) -> Iterator[Row]:
    """100 resamples in two processes beside one, by the clock on the wall: for a machine with two free cores.

    Run alone: with torch in the process, or another thread, processes start anew in place of being copied.
    """
    tables: dict[str, tuple[Any, dict[str, Any]]] = {
        f"{columns} numbers": (data(columns, 3, 5000, columns), SEARCH) for columns in (100, 200, 500)
    }
    tables["20 columns of labels"] = (
        random_discrete_scm(random_dag(20, 3, seed=0), seed=0).sample(5000, seed=0),
        COUNTED,
    )
    for name, (table, options) in tables.items():
        one, two = PC(**options).fit(table), PC(**options, jobs=2).fit(table)
        alone, both = in_turn(
            3 if full else 2, lambda one=one: one.resample(100), lambda two=two: two.resample(100), clock=perf_counter
        )
        assert one.edge_frequencies_ == two.edge_frequencies_
        yield Row(f"resamples, {name}, two jobs over one (wall)", alone, both, 1 / 1.7)


def many_rows(full: bool) -> Iterator[Row]:
    """A long table beside its means, its centring and one product."""
    del full
    x = data(10, 3, 1_000_000, 10)
    limit, ours, auto = in_turn(
        3, lambda: product(x), lambda: discover(x, **SEARCH, **ALONE), lambda: discover(x, alpha=0.01, **ALONE)
    )
    yield Row("discover, 1,000,000 rows of 10 columns", limit, ours, 4.0)
    yield Row("what its choice of a test adds", limit, auto - ours, 2.0)
