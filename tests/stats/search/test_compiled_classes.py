"""The compiled ascent beside the plain one: the same classes, and the same edges back, from starts of any kind."""

import numpy as np
import pytest

from aitia.stats.search import mending
from aitia.stats.search.likelihood import GaussianScore
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
