"""P-values held against causal-learn 0.1.4.8."""

from itertools import combinations

import numpy as np
import pytest

from aitia.data.table import Kind, Table
from aitia.stats.independence import KCI, independence_test
from aitia.worlds import HeterogeneousWorld

cit = pytest.importorskip("causallearn.utils.cit", reason="causal-learn is the peer of this test")
pytestmark = pytest.mark.filterwarnings("ignore")  # the peer's own warnings


def triples(p, sizes, rng, count):
    every = [
        (i, j, s) for i, j in combinations(range(p), 2) for k in sizes
        for s in combinations([v for v in range(p) if v not in (i, j)], k)
    ]  # fmt: skip
    return [every[k] for k in rng.permutation(len(every))[:count]]


def compare(ours, theirs, table, chosen):
    names = table.names
    found = ours.test([(names[i], names[j], tuple(names[k] for k in s)) for i, j, s in chosen])
    expected = [theirs(i, j, list(s) or None) for i, j, s in chosen]
    return np.array([t.p_value for t in found]), np.array(expected)


def test_fisher_z_agrees_to_a_millionth(rng):
    mixing = rng.normal(size=(6, 6))
    table = Table.of(rng.normal(size=(200, 6)) @ mixing)
    chosen = triples(6, range(5), rng, 60)
    found, expected = compare(independence_test("fisher-z", table), cit.CIT(table.matrix(), "fisherz"), table, chosen)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("name", "peer"), [("chi2", "chisq"), ("g2", "gsq")])
def test_contingency_tests_agree_to_a_millionth_also_with_empty_cells(name, peer, rng):
    a = rng.integers(0, 3, 300)
    b = (a + rng.integers(0, 2, 300)) % 4
    c = np.where(b == 0, 0, rng.integers(0, 3, 300))
    d = rng.integers(0, 2, 300)
    columns = {"a": a, "b": b, "c": c, "d": d, "e": (c + d) % 3}
    table = Table.of(columns, kinds=dict.fromkeys(columns, Kind.LABEL))
    found, expected = compare(
        independence_test(name, table), cit.CIT(table.matrix().astype(int), peer), table, triples(5, range(4), rng, 50)
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("method", ["auto", "dense", "low-rank"])
def test_kci_agrees_to_a_thousandth_and_flips_no_decision(method, rng):
    table = HeterogeneousWorld(world_seed=5).sample(150, seed=0).drop(["domain"])
    peer = cit.CIT(table.matrix(), "kci")
    found, expected = compare(KCI(table, method=method), peer, table, triples(6, range(4), rng, 24))
    np.testing.assert_allclose(found, expected, atol=1e-3)
    for alpha in (0.05, 0.01):
        assert ((found > alpha) == (expected > alpha)).all()


def test_kci_agrees_at_the_width_of_larger_samples(rng):
    table = HeterogeneousWorld(world_seed=6).sample(350, seed=0).drop(["domain"])
    peer = cit.CIT(table.matrix(), "kci")
    found, expected = compare(KCI(table), peer, table, triples(6, range(3), rng, 12))
    np.testing.assert_allclose(found, expected, atol=1e-3)
