"""What a search for a class keeps from step to step beside a search that looks at everything anew: they end alike."""

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.graph._pdag import compelled
from aitia.stats.independence import ChiSquare, FisherZ
from aitia.stats.search import mending
from aitia.stats.search.likelihood import score_of
from aitia.stats.search.mending import Mending


class Forgetful(Mending):
    """Keeps nothing from one step to the next, and nothing from one search to another."""

    def _improve(self):
        self._dirty = self._stale = (1 << len(self.adjacent)) - 1
        self._barred, self._loose, self._gained = {}, {}, {}
        self._sought, self._known_turns, self._walks = {}, {}, {}
        return super()._improve()

    def _ended(self, known):
        return super()._ended({})


def drawn(labels, p, n, seed):
    """Rows of a random system, and a skeleton that is wrong here and there."""
    rng = np.random.default_rng(seed)
    near = np.triu(rng.random((p, p)) < 0.4, 1)
    columns = {}
    for j in range(p):
        value = sum((rng.uniform(0.5, 1.5) * columns[f"v{i}"] for i in np.flatnonzero(near[:, j])), rng.normal(size=n))
        columns[f"v{j}"] = np.digitize(value, np.quantile(value, (0.3, 0.7))) if labels else value
    if labels:
        columns = {name: values.astype(str).astype(object) for name, values in columns.items()}
    near = (near ^ np.triu(rng.random((p, p)) < 0.1, 1)) & (rng.random((p, p)) > 0.2)
    return (ChiSquare if labels else FisherZ)(Table.of(columns)), near | near.T


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("bound", [False, True])
def test_a_search_that_keeps_what_it_found_ends_where_one_does_that_keeps_nothing(monkeypatch, labels, bound):
    monkeypatch.setattr(mending, "_worth_compiling", lambda nodes: False)
    p, back, further = 8, 0, 0
    for seed in range(8):
        test, near = drawn(labels, p, 400, seed)
        forbidden = np.zeros((p, p), np.bool_)
        forbidden[p - 1, : p // 2] = bound  # the last column comes after the first half
        rows = [sum(1 << int(i) for i in np.flatnonzero(row)) for row in near]
        parents = [rows[j] & ((1 << j) - 1) for j in range(p)]
        apart = [(1 << p) - 1 - (1 << j) for j in range(p)]
        searches = [kind(parents, rows, forbidden, score_of(test), apart) for kind in (Mending, Forgetful)]
        for search in searches:
            search.mend()
        back += len(searches[0].mended)
        ends = [search.escaped() for search in searches]
        further += ends[0] is not searches[0]
        for one, other in (searches, ends):
            assert one.rows.parents == other.rows.parents
            assert one.adjacent == other.adjacent
            assert set(one.mended) == set(other.mended)
            assert one.total == pytest.approx(other.total, abs=1e-6)
            assert compelled(one.member, one.adjacent) == one.rows.parents
    assert back > 0
    assert further > 0
