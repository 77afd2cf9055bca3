"""Separation within an ancestral set, plain and compiled, beside networkx; listings that both give."""

from itertools import islice

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import IdentifiabilityError
from aitia.graph import Graph, adjustment_sets, is_adjustment_set
from aitia.graph import _listing as listing
from aitia.graph.bits import closure


def random_admg(rng, nodes, share, bidirected):
    """A random acyclic graph of --> and <->, and the DAG with a latent parent for each <->."""
    names = [f"v{k}" for k in rng.permutation(nodes)]
    edges, latent = [], nx.DiGraph()
    latent.add_nodes_from(names)
    for i in range(nodes):
        for j in range(i + 1, nodes):
            if rng.random() < share:
                if rng.random() < bidirected:
                    edges.append(f"{names[i]} <-> {names[j]}")
                    latent.add_edges_from([((i, j), names[i]), ((i, j), names[j])])
                else:
                    edges.append(f"{names[i]} -> {names[j]}")
                    latent.add_edge(names[i], names[j])
    return Graph("; ".join(edges + names)), latent


@pytest.mark.parametrize("many", [1, 1000], ids=["compiled", "plain"])
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 1 << 30), nodes=st.sampled_from([4, 8, 70]))
def test_what_separates_within_an_ancestral_set_is_what_networkx_says(many, seed, nodes):
    rng = np.random.default_rng(seed)
    graph, latent = random_admg(rng, nodes, min(1.0, rng.uniform(1, 4) / nodes), rng.choice([0, 0.4]))
    x, y, *others = rng.permutation(list(graph.nodes)).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "MANY", many)
        split = listing.separating(graph, graph.mask(x), graph.mask(y))
    for share in (0.0, 0.3, 0.7):
        among = [name for name in others if rng.random() < share]
        within = closure(graph._parents, graph.mask([x, y, *among]))
        part = split(within, graph.mask(among))
        assert (part is not None) == nx.is_d_separator(latent, {x}, {y}, set(among))
        if part is not None:
            assert set(graph.names(part)) <= set(among)
            assert split(within, part) == part


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 1 << 30))
def test_plain_and_compiled_list_the_same_sets_in_the_same_order(seed):
    rng = np.random.default_rng(seed)
    graph, _ = random_admg(rng, 9, 0.35, 0.3)
    x, y = rng.choice(graph.nodes, 2, replace=False).tolist()
    found = []
    for many in (1, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(listing, "MANY", many)
            try:
                found.append(list(adjustment_sets(graph, x, y, minimal=False)))
            except IdentifiabilityError:
                found.append(None)
    assert found[0] == found[1]


def test_sets_of_a_large_graph_are_valid_and_differ():
    adjacency = np.triu(np.random.default_rng(5).random((300, 300)) < 4 / 299, 1)
    graph = Graph.from_adjacency(adjacency)
    first = next(n for n in reversed(graph.nodes[:240]) if "x299" in graph.descendants(n) and graph.parents(n))
    sets = list(islice(adjustment_sets(graph, first, "x299", minimal=False), 150))
    assert len(set(sets)) == 150
    assert all(is_adjustment_set(graph, first, "x299", z) for z in sets)
