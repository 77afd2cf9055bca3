"""What a report costs where there are many columns: work that is counted, not timed."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from aitia.data.table import Table
from aitia.discovery import discover
from aitia.discovery.report import report
from aitia.stats.search.records import TestRecord, weakest_tests

COLUMNS = 60


class Counted(Sequence):
    """Tests that count how often one of them is read."""

    def __init__(self, tests):
        self._tests, self.read = tests, 0

    def __len__(self):
        return len(self._tests)

    def __getitem__(self, place):
        self.read += 1
        return self._tests[place]


def chain():
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=400)]
    for _ in range(COLUMNS - 1):
        rows.append(0.7 * rows[-1] + rng.normal(size=400))
    return Table.of({f"x{k}": row for k, row in enumerate(rows)})


def test_a_report_of_many_edges_walks_the_tests_once():
    found = discover(chain(), test="fisher-z")
    tests = found.learner.tests_ = Counted(list(found.learner.tests_))
    assert len(found.graph.edges) > COLUMNS / 2
    assert len(tests) == COLUMNS * (COLUMNS - 1) / 2
    page = report(found, "aitia discover chain.csv", {})
    assert page.count("its weakest test of all") >= len(found.graph.edges)
    found.to_json()
    assert tests.read <= len(tests) + 1  # the last is asked for in vain


def test_the_weakest_tests_are_those_that_a_look_at_every_test_finds():
    rng = np.random.default_rng(1)
    names = "abcde"
    pairs = [pair[::flip] for pair in combinations(names, 2) for flip in (1, -1, 1)]
    tests = [TestRecord(x, y, (), float(k), float(rng.integers(4)) / 4) for k, (x, y) in enumerate(pairs)]
    found = weakest_tests(tests)
    for x, y in combinations(names, 2):
        of = [test for test in tests if {test.x, test.y} == {x, y}]
        assert found[frozenset((y, x))] is max(of, key=lambda test: test.p_value)


def test_a_second_fit_is_not_explained_by_the_tests_of_the_first():
    found = discover(chain(), test="fisher-z")
    edge = found.graph.edges[0]
    before = found.evidence(edge)
    found.learner.tests_ = [replace(test, p_value=0.5) for test in found.learner.tests_]
    assert before != found.evidence(edge)
    assert "p = 0.5" in found.evidence(edge)[0]
