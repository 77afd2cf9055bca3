"""Compiled parts of the search for a class beside the plain ones.

The ascent ends in the same class, with the same edges back, from starts of any kind; labels are counted alike.
"""

from math import inf

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.stats.independence import ChiSquare
from aitia.stats.independence.contingency import Contingency
from aitia.stats.search import mending
from aitia.stats.search.likelihood import GaussianScore, score_of
from aitia.stats.search.mending import Mending


def table(p, n, degree, seed):
    """Rows of a random linear system, and a skeleton that is near its own and wrong here and there."""
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((p, p)) < degree / (p - 1), 1) * rng.uniform(0.3, 0.9, (p, p))
    x = np.zeros((n, p))
    for j in range(p):
        x[:, j] = x @ weights[:, j] + rng.standard_normal(n)
    order = rng.permutation(p)
    near = ((weights != 0) ^ np.triu(rng.random((p, p)) < 0.3 / p, 1)) & (rng.random((p, p)) > 0.1)
    near = (near | near.T)[np.ix_(order, order)]
    return np.corrcoef(x[:, order].T), near


def ends(monkeypatch, compiled, correlation, near, n, seed):
    """Where a search from a random member ends."""
    p = len(near)
    monkeypatch.setattr(mending, "_worth_compiling", lambda nodes: compiled)
    rank = np.random.default_rng(seed).permutation(p)
    rows = [sum(1 << int(i) for i in np.flatnonzero(row)) for row in near]
    parents = [sum(1 << int(i) for i in np.flatnonzero(near[j]) if rank[i] < rank[j]) for j in range(p)]
    apart = [(1 << p) - 1 - (1 << j) for j in range(p)]
    search = Mending(parents, rows, np.zeros((p, p), np.bool_), GaussianScore(correlation, n), apart)
    search.mend()
    return search


@pytest.mark.parametrize(("p", "cases"), [(6, 30), (20, 10), (70, 3), (130, 1)])
def test_the_compiled_search_ends_where_the_plain_one_does(monkeypatch, p, cases):
    back = 0
    for seed in range(cases):
        n = (60, 400, 2000)[seed % 3] + p
        correlation, near = table(p, n, (1.5, 3.0)[seed % 2], seed)
        plain, swift = (ends(monkeypatch, on, correlation, near, n, seed) for on in (False, True))
        assert swift.rows.parents == plain.rows.parents
        assert swift.rows.neighbors == plain.rows.neighbors
        assert swift.adjacent == plain.adjacent
        assert set(swift.mended) == set(plain.mended)
        assert swift.total == pytest.approx(plain.total, abs=1e-6)
        for pair, (_, gain) in swift.mended.items():
            assert gain == pytest.approx(plain.mended[pair][1], abs=1e-5)
        back += len(swift.mended)
    assert back > 0


@pytest.mark.parametrize("gaps", [False, True])
def test_labels_are_counted_alike_with_the_compiler_and_without(monkeypatch, gaps):
    rng = np.random.default_rng(0)
    n, sizes = 300, [2, 3, 5, 2, 40, 7, 9]
    columns = {f"c{k}": rng.integers(0, size, n).astype(str).astype(object) for k, size in enumerate(sizes)}
    if gaps:
        columns["c1"][:20] = None
    test = ChiSquare(Table.of(columns), missing="testwise")
    codes = test.codes[:, (test.codes >= 0).all(axis=0)]
    scores = []
    for seconds in (0.0, 1e9):  # of tests that the process has put: none, and more than the compiler takes to load
        monkeypatch.setattr(Contingency, "plain_seconds", seconds)
        score = score_of(test)
        scores.append(
            [
                (score(k, mask & ~(1 << k)), score.gains(k, 0, mask & ~(1 << k), -inf))
                for k in range(7)
                for mask in range(128)
            ]
        )
    assert scores[0] == scores[1]
    score = score_of(test)
    for mask in range(1, 128):
        chosen = [k for k in range(7) if mask >> k & 1]
        found = score(chosen[0], mask & ~(1 << chosen[0]))
        by_rows = [row_by_row(codes[of].T, np.prod([float(test.sizes[k]) for k in of])) for of in (chosen, chosen[1:])]
        assert found == pytest.approx(by_rows[0] - by_rows[1], abs=1e-7)


def row_by_row(rows, cells):
    """The log-likelihood of one row after another; nothing of no columns."""
    if not rows.shape[1]:
        return 0.0
    rows = [tuple(row) for row in rows.tolist()]
    occur, seen, total = len(set(rows)), {}, 0.0
    share = occur / (2 * np.log((len(rows) + 1) / occur))
    for t, row in enumerate(rows):
        chance = seen[row] if row in seen else share / (cells - len(seen))
        total += np.log(chance / (t + share))
        seen[row] = seen.get(row, 0) + 1
    return total
