"""Levels from arrays to arrays: the tests, the order and the answers of the search that puts them one by one."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.graph import Knowledge
from aitia.stats.independence import ChiSquare, GSquare, contingency
from aitia.stats.independence.contingency import Contingency
from aitia.stats.search import Asker, Constraints, find_skeleton
from aitia.systems.pc.model import PC


def labels(seed, columns, rows, most, gaps=False):
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(0, rng.integers(2, most + 1), rows)]
    for _ in range(columns - 1):
        size = rng.integers(2, most + 1)
        cause = drawn[rng.integers(0, len(drawn))]
        drawn.append(np.where(rng.random(rows) < 0.6, cause, rng.integers(0, size, rows)) % size)
    cells = {f"v{k}": column.astype(str).astype(object) for k, column in enumerate(drawn)}
    if gaps:
        for column in cells.values():
            column[rng.random(rows) < 0.05] = None
    return Table.of(cells)


def found(test, seconds, **options):
    """The skeleton and all records where the process has put so many seconds of tests."""
    told = []
    asker = Asker(test, progress=lambda what, done, of: told.append((what, done, of)))
    cells = mock.patch.object(contingency, "MANY_CELLS", 1e9 if seconds < 0 else 4096)
    with mock.patch.object(Contingency, "plain_seconds", seconds), cells:
        skeleton = find_skeleton(asker, alpha=0.05, **options)
        tests = list(skeleton.tests)
        asker.ask([("v0", "v1", ()), ("v0", "v1", ("v2",))], "again")
        return skeleton, tests, list(asker.records()), told


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    columns=st.integers(3, 9),
    most=st.sampled_from([2, 4, 40]),
    gaps=st.booleans(),
    kind=st.sampled_from([ChiSquare, GSquare]),
    depth=st.sampled_from([0, 1, 99]),
    known=st.booleans(),
)
def test_a_level_is_that_of_a_search_test_by_test(seed, columns, most, gaps, kind, depth, known):
    table = labels(seed, columns, 200, most, gaps)
    knowledge = Knowledge(required=[("v0", "v1")], forbidden=[("v1", "v2"), ("v2", "v1")]) if known else None
    options = {"max_depth": depth, "limits": Constraints.of(table.names, knowledge)}
    plain, one_by_one, after, _ = found(kind(table, missing="testwise"), -np.inf, **options)
    counted, together, since, told = found(kind(table, missing="testwise"), np.inf, **options)
    assert (counted.adjacent, counted.separators, counted.count, counted.capped) == (
        plain.adjacent, plain.separators, plain.count, plain.capped,
    )  # fmt: skip
    assert together == one_by_one
    assert since == after
    for what in {what for what, _, _ in told}:
        reports = [(done, of) for told_of, done, of in told if told_of == what]
        assert reports == sorted(reports)
        assert reports[-1][0] == reports[-1][1]


def test_a_store_keeps_tests_of_short_levels_no_more_than_it_must():
    table = labels(3, 6, 400, 3)
    store = {}
    with mock.patch.object(Contingency, "plain_seconds", np.inf):
        search = PC(test="chi2").fit(table)
        kept = find_skeleton(
            Asker(ChiSquare(table), store), alpha=0.01, max_depth=9, limits=Constraints.of(table.names, None)
        )
    assert not store
    assert kept.adjacent == list(search.skeleton_.adjacent)


def test_the_records_of_counted_levels_are_a_sequence():
    with mock.patch.object(Contingency, "plain_seconds", np.inf):
        tests = PC(test="chi2").fit(labels(4, 5, 300, 3)).tests_
    assert len(tests) == len(list(tests)) == len({(t.x, t.y, t.given) for t in tests})
    assert tests[-1] == list(tests)[-1]
    assert tests[:3] == list(tests)[:3]
    assert tests == list(tests)
    with pytest.raises(IndexError):
        tests[len(tests)]
