"""What a search for a class keeps from step to step beside a search that looks at everything anew: they end alike."""

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.graph._pdag import compelled
from aitia.stats.independence import ChiSquare, FisherZ
from aitia.stats.search import classes, mending
from aitia.stats.search.classes import ClassSearch
from aitia.stats.search.likelihood import GaussianScore, score_of
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


def every_choice(search, u, v):
    """The choices of parents among the neighbours of both ends by which u --> v is another class, each tried."""
    rows = search.rows
    if not (rows.parents[u] | rows.neighbors[u]) >> v & 1:
        return set()
    beside = [rows.neighbors[u] & ~(1 << v), rows.neighbors[v] & ~(1 << u)]
    if rows.neighbors[u] >> v & 1:
        beside[0] &= search.adjacent[v]  # no member has v --> u and, apart from v, another parent of u
    sets = [[s for s in range(1 << len(rows.parents)) if s & ~near == 0 and clique(search, s)] for near in beside]
    return {
        (of_v, of_u)
        for of_u in sets[0]
        for of_v in sets[1]
        if (after := search._turned(classes._Turn(1.0, u, v, of_v, of_u))) is not None and after != rows.parents
    }


def clique(search, nodes):
    return all(search.adjacent[i] | 1 << i | ~nodes == -1 for i in range(len(search.adjacent)) if nodes >> i & 1)


def test_the_turns_that_are_looked_at_are_those_that_lead_to_another_class():
    counted = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        p = int(rng.integers(3, 7))
        near = np.triu(rng.random((p, p)) < rng.choice([0.5, 0.8, 1.0]), 1)
        rows = [sum(1 << int(i) for i in np.flatnonzero(row)) for row in near | near.T]
        parents = [rows[j] & ((1 << j) - 1) for j in range(p)]
        search = ClassSearch(parents, rows, np.zeros((p, p), np.bool_), lambda node, of: float(hash((node, of)) % 997))
        search.least = -np.inf
        for u in range(p):
            for v in range(p):
                if rows[u] >> v & 1:
                    listed = search._turns(u, v)
                    led = {(t.of_v, t.of_u) for t in listed if search._turned(t) not in (None, search.rows.parents)}
                    assert led == every_choice(search, u, v)
                    counted += len(led)
    assert counted > 200


def test_a_table_in_which_all_hang_together_has_no_turns_to_try():
    p = 24  # 4 million sets of neighbours at each end
    rows = [((1 << p) - 1) ^ 1 << k for k in range(p)]
    parents = [(1 << k) - 1 for k in range(p)]
    asked = []
    search = ClassSearch(parents, rows, np.zeros((p, p), np.bool_), lambda node, of: asked.append(node) or 0.0)
    search.ascend()
    assert search.rows.parents == [0] * p
    assert not asked


def test_compiled_a_table_in_which_all_hang_together_has_no_turns_to_try(monkeypatch):
    monkeypatch.setattr(mending, "_worth_compiling", lambda nodes: True)
    p, rng = 24, np.random.default_rng(0)
    rows = [((1 << p) - 1) ^ 1 << k for k in range(p)]
    score = GaussianScore(np.corrcoef(rng.normal(size=(500, p)) @ rng.normal(size=(p, p)), rowvar=False), 10**7)
    search = Mending([(1 << k) - 1 for k in range(p)], rows, np.zeros((p, p), np.bool_), score, rows)
    search.mend()
    assert search.rows.parents == [0] * p
