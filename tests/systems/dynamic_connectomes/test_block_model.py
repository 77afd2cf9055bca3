"""The weighted block model: its description length by hand and by brute force, and what is found."""

from math import comb, factorial, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import DataError, MissingExtraError, OptionError
from aitia.systems.dynamic_connectomes.block_model import (
    WeightedGraph,
    description_length,
    fit_blocks,
    nested_description_length,
)
from aitia.systems.dynamic_connectomes.block_model._kernel import descend, node_change
from aitia.systems.dynamic_connectomes.block_model.description import block_sums
from aitia.systems.dynamic_connectomes.block_model.nested import _of_blocks, log_factorials


def drawn(rng, nodes, dense=0.5, scale=1.0):
    upper = np.triu((rng.random((nodes, nodes)) < dense) * rng.exponential(scale, (nodes, nodes)), 1)
    upper[0, 1] = 1.0
    return upper + upper.T


def partitions(nodes):
    def further(labels, blocks):
        if len(labels) == nodes:
            yield labels
            return
        for label in range(blocks + 1):
            yield from further([*labels, label], max(blocks, label + 1))

    return further([], 0)


def change_of_a_move(kind, counts, weights, beta, labels, node, to, blocks):
    m, x = block_sums(counts, labels).astype(np.int64), block_sums(weights, labels)
    sizes, ends = np.bincount(labels, minlength=len(m)), (m.sum(axis=1) + np.diagonal(m)).astype(np.int64)
    others = np.arange(len(labels)) != node
    to_m = np.array([counts[node][(labels == t) & others].sum() for t in range(len(m))])
    to_x = np.array([weights[node][(labels == t) & others].sum() for t in range(len(m))])
    edges = int((counts.sum() + np.trace(counts)) // 2)
    fact = log_factorials(len(labels), edges)
    loop = counts[node, node]
    return node_change(kind, beta, fact, edges, m, x, sizes, ends, to_m, to_x, loop, labels[node], to, blocks)


@given(seed=st.integers(0, 10_000), corrected=st.booleans())
def test_the_change_of_a_move_is_the_difference_of_two_whole_descriptions(seed, corrected):
    rng = np.random.default_rng(seed)
    graph = WeightedGraph(drawn(rng, 8))
    labels = rng.integers(0, 3, 8)
    labels[:3] = (0, 1, 2)
    node, after = int(rng.integers(3, 8)), labels.copy()
    after[node] = to = (labels[node] + 1) % 3
    whole = [description_length(graph, x, degree_corrected=corrected) for x in (labels, after)]
    change = change_of_a_move(int(corrected), graph.counts, graph.weights, graph.mean_weight, labels, node, to, 3)
    assert np.isclose(change, whole[1] - whole[0], atol=1e-9)


@given(seed=st.integers(0, 10_000))
def test_so_it_is_one_level_up(seed):
    """The blocks of the first level are the nodes; only the second level moves."""
    rng = np.random.default_rng(seed)
    graph = WeightedGraph(drawn(rng, 14, 0.7))
    first = np.arange(14) // 2
    labels = rng.integers(0, 3, 7)
    labels[:3] = (0, 1, 2)
    node, after = int(rng.integers(3, 7)), labels.copy()
    after[node] = to = (labels[node] + 1) % 3
    whole = [nested_description_length(graph, [first, x], degree_corrected=False) for x in (labels, after)]
    counts = block_sums(graph.counts, first).astype(np.int64)
    change = change_of_a_move(2, counts, np.zeros(counts.shape), 1.0, labels, node, to, 3)
    assert np.isclose(change, whole[1] - whole[0], atol=1e-9)


@given(seed=st.integers(0, 10_000), corrected=st.booleans())
@settings(max_examples=20)
def test_what_the_search_says_it_gained_is_gained(seed, corrected):
    rng = np.random.default_rng(seed)
    graph = WeightedGraph(drawn(rng, 12))
    order, fact = rng.permutation(12), log_factorials(12, graph.edges)
    path, gains = descend(int(corrected), graph.mean_weight, fact, graph.counts, graph.weights, order, 0.2, 20)
    apart = description_length(graph, np.arange(12), degree_corrected=corrected)
    for labels, gain in zip(path, gains, strict=True):
        found = description_length(graph, np.unique(labels, return_inverse=True)[1], degree_corrected=corrected)
        assert np.isclose(found - apart, gain, atol=1e-7)
    assert path[-1].min() == path[-1].max()  # the last one is one group


def test_two_edges_by_hand():
    """Path a - b - c of weights 1 and 3, blocks {a, c} and {b}: m = 2 between them, X = 4, mean weight 2.

    Edges, plain: e = (2, 2), n = (2, 1): 2 ln 2 + 2 ln 1 - ln 2!. Weights: -[ln 2! + ln 2 - 3 ln(2 + 4)].
    Partition: ln 3! - ln 2! - ln 1! + ln C(2, 1) + ln 3. Edge counts: ((3 over 2)) = C(4, 2).
    """
    graph = WeightedGraph(np.array([[0, 1, 0], [1, 0, 3], [0, 3, 0.0]]))
    edges, weights = 2 * log(2) - log(2), -(log(2) + log(2) - 3 * log(6))
    partition, counts = log(6) - log(2) + log(comb(2, 1)) + log(3), log(comb(4, 2))
    assert np.isclose(
        description_length(graph, [0, 1, 0], degree_corrected=False), edges + weights + partition + counts
    )
    # Corrected: e! and ((n over e)) in place of n^e, and the factorials of the degrees 1, 2, 1.
    corrected = 2 * log(2) - log(2) + log(comb(3, 2)) + log(comb(2, 2)) - log(factorial(2))
    assert np.isclose(
        description_length(graph, [0, 1, 0], degree_corrected=True), corrected + weights + partition + counts
    )


def test_a_level_of_one_block_costs_what_the_flat_prior_does_but_for_its_name():
    """One block of N blocks: ln((N (N + 1) / 2 over E)) as before, and ln N for the size of the partition."""
    graph = WeightedGraph(drawn(np.random.default_rng(0), 9))
    first = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    flat = nested_description_length(graph, [first], degree_corrected=False)
    above = nested_description_length(graph, [first, [0, 0, 0]], degree_corrected=False)
    assert np.isclose(above, flat + log(3))


@pytest.mark.parametrize("seed", range(3))
def test_no_partition_of_seven_nodes_is_described_shorter(seed):
    """All 877 of them, plain and corrected; heavy weights inside two groups, so that one group is not the answer."""
    rng = np.random.default_rng(seed)
    weights = drawn(rng, 7, 0.9) * np.where(np.equal.outer(np.arange(7) % 2, np.arange(7) % 2), 300.0, 1.0)
    graph = WeightedGraph(weights)
    best = min(description_length(graph, x, degree_corrected=c) for x in partitions(7) for c in (False, True))
    found = fit_blocks(weights, starts=8)
    assert description_length(graph, found.labels, degree_corrected=found.degree_corrected) <= best + 1e-9
    assert found.groups > 1


@pytest.mark.parametrize("seed", range(3))
def test_planted_groups_are_found_by_their_weights_alone(seed):
    """Every pair has an edge: only the weights tell the groups."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(30) % 3)
    upper = np.triu(rng.exponential(np.where(truth[:, None] == truth, 4.0, 1.0)), 1)
    found = fit_blocks(upper + upper.T)
    assert found.groups == 3
    assert len(set(zip(truth.tolist(), found.labels.tolist(), strict=True))) == 3
    assert found.description_length < found.one_group


def test_groups_of_groups_are_a_level_of_their_own():
    rng = np.random.default_rng(0)
    fine = np.arange(96) // 12
    dense = np.where(fine[:, None] == fine, 0.9, np.where(fine[:, None] // 4 == fine // 4, 0.1, 0.005))
    upper = np.triu(rng.random((96, 96)) < dense, 1) * 1.0
    found = fit_blocks(upper + upper.T, starts=2)
    assert [level.tolist() for level in found.levels] == [fine.tolist(), (fine // 4).tolist()]
    planted = nested_description_length(
        WeightedGraph(upper + upper.T), [fine, np.arange(8) // 4], degree_corrected=found.degree_corrected
    )
    assert np.isclose(found.description_length, planted)


def test_where_there_is_no_structure_there_is_one_group():
    for seed in range(3):
        found = fit_blocks(drawn(np.random.default_rng(seed), 30))
        assert found.groups == 1
        assert found.description_length == found.one_group


def test_hubs_alone_are_no_groups_to_the_corrected_model():
    """Two kinds of degrees, and nothing else: the corrected model describes them in one group."""
    rng = np.random.default_rng(1)
    pull = np.where(np.arange(80) < 8, 6.0, 1.0)
    upper = np.triu(rng.random((80, 80)) < np.minimum(0.04 * np.outer(pull, pull), 1), 1) * 1.0
    graph, one = WeightedGraph(upper + upper.T), np.zeros(80, int)
    assert description_length(graph, one, degree_corrected=True) < description_length(
        graph, one, degree_corrected=False
    )


def test_the_unit_of_the_weights_and_the_order_of_the_nodes_do_not_matter():
    rng = np.random.default_rng(2)
    truth = np.arange(24) % 2
    upper = np.triu(rng.exponential(np.where(truth[:, None] == truth, 5.0, 1.0)), 1)
    weights, order = upper + upper.T, rng.permutation(24)
    found, scaled, turned = (fit_blocks(w) for w in (weights, 1000 * weights, weights[np.ix_(order, order)]))
    assert found.labels.tolist() == scaled.labels.tolist()
    assert len(set(zip(found.labels[order].tolist(), turned.labels.tolist(), strict=True))) == 2


def test_impossible_graphs_are_refused():
    for weights, told in (
        (np.ones((2, 3)), "square"),
        (np.array([[0, 1], [2, 0.0]]), "the same in both directions"),
        (-np.ones((3, 3)), "zero or more"),
        (np.eye(3), "there is no edge"),
    ):
        with pytest.raises(DataError, match=told):
            fit_blocks(weights)
    with pytest.raises(OptionError, match="starts is 1 or more"):
        fit_blocks(np.ones((3, 3)), starts=0)
    with pytest.raises(OptionError, match="engine is 'aitia' or 'graph-tool'"):
        fit_blocks(np.ones((3, 3)), engine="other")


def test_levels_of_nodes_become_levels_of_blocks():
    """As graph-tool gives them: the second level of four blocks joins two and two; a third of one block ends it."""
    fine, coarse = np.array([0, 0, 1, 1, 2, 3]), np.array([0, 0, 1, 1, 0, 1])
    levels = _of_blocks([fine, coarse, np.zeros(6, int)])
    assert [level.tolist() for level in levels] == [fine.tolist(), [0, 1, 0, 1]]


def test_graph_tool_where_it_is_absent_is_named_with_its_package():
    try:
        import graph_tool  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match="Debian package python3-graph-tool, or take the built-in"):
            fit_blocks(np.ones((3, 3)), engine="graph-tool")
    else:
        pytest.skip("graph-tool is installed")


def test_graph_tool_finds_the_same_groups():
    pytest.importorskip("graph_tool", reason="graph-tool is not installed")
    rng = np.random.default_rng(0)
    truth = np.arange(30) % 3
    upper = np.triu(rng.exponential(np.where(truth[:, None] == truth, 4.0, 1.0)), 1)
    ours, theirs = (fit_blocks(upper + upper.T, engine=engine) for engine in ("aitia", "graph-tool"))
    assert ours.labels.tolist() == theirs.labels.tolist()
