"""DirectLiNGAM: its order beside causal-learn's and beside all comparisons, knowledge, and noise without a shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aitia
from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.graph import Graph, Knowledge
from aitia.system import load, verbs_of
from aitia.systems.direct_lingam import DirectLiNGAM
from aitia.systems.direct_lingam.example import write
from aitia.systems.direct_lingam.order import _entropy, _exogenous, causal_order, gaussian_probability


def made(nodes, n, seed, degree=3.0):
    """Rows of a linear graph whose noise is uniform, Laplace or exponential, and the graph."""
    rng = np.random.default_rng(seed)
    edges = np.triu(rng.random((nodes, nodes)) < degree / (nodes - 1), 1)
    weights = edges * rng.uniform(0.5, 1, (nodes, nodes)) * rng.choice([-1, 1], (nodes, nodes))
    x = np.zeros((n, nodes))
    for j in range(nodes):
        noise = (rng.uniform(-1.7, 1.7, n), rng.laplace(size=n), rng.exponential(size=n))[j % 3]
        x[:, j] = x @ weights[:, j] + noise
    order = rng.permutation(nodes)
    names = [f"x{k}" for k in range(nodes)]
    return x[:, order], Graph.from_adjacency(edges[np.ix_(order, order)], names)


def free(nodes):
    return np.zeros((nodes, nodes), bool)


@pytest.mark.parametrize(("nodes", "n", "seed"), [(4, 100, 0), (8, 300, 1), (8, 300, 2), (12, 500, 3)])
def test_the_order_is_that_of_the_peer(nodes, n, seed):
    peer = pytest.importorskip("causallearn.search.FCMBased.lingam").DirectLiNGAM()
    x, _ = made(nodes, n, seed)
    peer.fit(x)
    assert causal_order(x, free(nodes)).tolist() == [int(k) for k in peer.causal_order_]


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_the_comparisons_that_are_left_out_would_not_have_decided(seed):
    x, _ = made(6, 60, seed)
    rows = (x.T - x.T.mean(axis=1, keepdims=True)) / x.T.std(axis=1, keepdims=True)

    def residual(i, j):
        left = rows[i] - np.cov(rows[i], rows[j])[0, 1] * rows[j]
        return left / left.std()

    sums = []
    for i in range(6):
        d = [
            _entropy(rows[j]) + _entropy(residual(i, j)) - _entropy(rows[i]) - _entropy(residual(j, i))
            for j in range(6)
            if j != i
        ]
        sums.append(sum(min(0.0, value) ** 2 for value in d))
    assert _exogenous(rows, np.arange(6)) == int(np.argmin(sums))


def test_the_entropy_of_a_gaussian_is_the_largest():
    # At variance 1 it is log(2 pi e) / 2; by quantiles, so that no draw is in it.
    from scipy.stats import norm

    levels = (np.arange(100_000) + 0.5) / 100_000
    assert _entropy(norm.ppf(levels)) == pytest.approx((1 + np.log(2 * np.pi)) / 2, abs=1e-4)
    uniform = (levels - 0.5) * np.sqrt(12)
    assert np.log(12) / 2 < _entropy(uniform) < _entropy(norm.ppf(levels)) - 0.05  # the approximation is from above


def test_the_graph_is_found_with_every_arrow():
    x, truth = made(8, 4000, 5)
    found = DirectLiNGAM().fit(x)
    assert found.graph_ == truth
    place = {name: k for k, name in enumerate(found.order_)}
    assert all(place[edge.left] < place[edge.right] for edge in truth.edges)
    line = next(line for line in found.why(found.graph_.edges[0]) if line.startswith("Direction"))
    assert line == "Direction: the noise of the other way would depend on its cause, by its shape."


@given(seed=st.integers(0, 2**16))
@settings(max_examples=15)
def test_order_of_columns_and_scale_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    x, _ = made(5, 150, seed)
    turn = rng.permutation(5)
    first = causal_order(x, free(5))
    other = causal_order(x[:, turn] * rng.uniform(0.1, 9, 5) + rng.normal(size=5), free(5))
    assert turn[other].tolist() == first.tolist()


def test_knowledge_decides_where_it_speaks(tmp_path):
    example = write(tmp_path, 0)
    found = DirectLiNGAM().fit(example.files)
    assert str(found.graph) == "adverts --> visits; price --> sales; visits --> sales"
    assert verbs_of(DirectLiNGAM) == DirectLiNGAM.card.verbs == ("graphs",)
    known = Knowledge(tiers=[["sales"], ["visits"]], forbidden=[("price", "sales"), ("sales", "price")])
    turned = DirectLiNGAM(knowledge=known).fit(example.files)
    assert "sales" in turned.graph_.parents("visits")
    assert not turned.graph_.has_edge("price", "sales")
    edge = next(e for e in turned.graph_.edges if {e.left, e.right} == {"sales", "visits"})
    assert "Direction: background knowledge." in turned.why(edge)
    found.save_pretrained(tmp_path / "model")
    read = load(tmp_path / "model")
    assert read.order_ == found.order_
    assert read.graphs() == found.graphs()
    assert aitia.discover(example.files, method="direct-lingam", bootstrap=0).graph == found.graph
    with pytest.raises(OptionError, match="direct-lingam has no option score"):
        aitia.discover(example.files, method="direct-lingam", score="bic")


def test_noise_that_looks_gaussian_is_said():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 500))
    with pytest.raises(DataError, match="the noise of every column looks Gaussian, and then no order can be told"):
        DirectLiNGAM().fit({"a": a, "b": a + b, "c": a + c})
    found = DirectLiNGAM().fit({"a": a, "b": a + b, "c": a + rng.exponential(size=500)})
    assert any(w.startswith("The noise of a, b looks Gaussian (Jarque-Bera)") for w in found.warnings_)


def test_the_test_of_gaussian_noise_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    for values in np.random.default_rng(0).gamma(9, size=(5, 80)):
        assert gaussian_probability(values) == pytest.approx(stats.jarque_bera(values).pvalue, rel=1e-9)
    with pytest.raises(DataError, match="all numbers are the same"):
        gaussian_probability(np.ones(9))


def test_tables_that_it_cannot_order_are_refused_in_a_sentence():
    rng = np.random.default_rng(0)
    numbers = {"a": rng.uniform(size=40), "b": rng.uniform(size=40)}
    for table, told in (
        ({**numbers, "site": np.array(["n", "s"] * 20, object)}, "there are labels in site: drop them"),
        ({**numbers, "v": rng.normal(size=(40, 2))}, "takes columns of single numbers, and there are vectors in v"),
        (rng.uniform(size=(12, 14)), "needs more rows than columns, and there are 12 rows of 14"),
        ({**numbers, "c": np.full(40, 2.5)}, "c: every row has the same value"),
    ):
        with pytest.raises(DataError, match=told):
            DirectLiNGAM().fit(Table.of(table))
