"""Members of a class against brute force, their number against the list, draws against the uniform distribution."""

from collections import Counter, defaultdict
from itertools import combinations, islice
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import GraphError
from aitia.graph.enumeration import count_class, markov_equivalence_class, sample_member
from aitia.graph.equivalence import cpdag
from aitia.graph.graph import Graph
from aitia.graph.knowledge import Knowledge, apply
from aitia.graph.separation import is_separated


def undirected(pairs):
    return Graph("; ".join(f"v{i} --- v{j}" for i, j in pairs))


def test_the_members_are_the_brute_force_class_for_all_185_cpdags_on_four_nodes(all_dags, queries):
    classes = defaultdict(set)
    for dag in all_dags:
        classes[tuple(is_separated(dag, *query) for query in queries)].add(dag)
    for members in classes.values():
        essential = cpdag(next(iter(members)))
        listed = list(markov_equivalence_class(essential))
        assert len(listed) == len(members) == count_class(essential)
        assert set(listed) == members


@given(data=st.data())
def test_as_many_members_are_counted_as_listed(dags, data):
    essential = cpdag(data.draw(dags))
    count = count_class(essential)
    listed = list(islice(markov_equivalence_class(essential), 300))
    assert len(set(listed)) == len(listed) == min(count, 300)
    assert all(cpdag(dag) == essential for dag in listed[:20])


@st.composite
def chordal(draw):
    """A connected chordal graph: each new node is joined to a part of a clique."""
    n = draw(st.integers(2, 8))
    cliques, pairs = [[0]], []
    for v in range(1, n):
        base = draw(st.sampled_from(cliques))
        beside = draw(st.lists(st.sampled_from(base), min_size=1, unique=True))
        pairs += [(u, v) for u in beside]
        cliques.append([*beside, v])
    return undirected(pairs)


@given(graph=chordal())
def test_as_many_orientations_of_a_chordal_graph_are_counted_as_listed(graph):
    count = count_class(graph)
    assert sum(1 for _ in islice(markov_equivalence_class(graph), 1500)) == min(count, 1500)


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_a_complete_graph_has_a_member_for_every_order(n):
    graph = undirected(combinations(range(n), 2)) if n > 1 else Graph("v0")
    assert count_class(graph) == factorial(n)


@pytest.mark.parametrize("n", [2, 7, 200])
def test_a_tree_has_a_member_for_every_root(n):
    assert count_class(undirected((i, i + 1) for i in range(n - 1))) == n
    assert count_class(undirected((0, i) for i in range(1, n))) == n


def test_two_cliques_that_share_an_edge_count_as_by_hand():
    # a, b, c and b, c, d. Either order of b, c starts; then a and d come after both (2 ways), or one of them stands
    # before b or c, and the other, which must not make a collider with it, after both: 2 * (1 + 2 * 2) = 10.
    assert count_class(Graph("a --- b --- c --- a; b --- d --- c")) == 10


def test_members_are_drawn_uniformly():
    graph = Graph("a --- b --- c --- d; b --- d; d --- e; e --- c; e --- f")
    members = set(markov_equivalence_class(graph))
    drawn = Counter(sample_member(graph, seed) for seed in range(100 * len(members)))
    assert set(drawn) == members
    statistic = sum((count - 100) ** 2 / 100 for count in drawn.values())
    degrees = len(members) - 1
    assert statistic < degrees + 4 * (2 * degrees) ** 0.5  # mean and 4 standard deviations of chi-squared


@given(data=st.data(), seed=st.integers(0, 2**32))
def test_a_drawn_member_is_in_the_class_and_the_seed_decides_which(dags, data, seed):
    essential = cpdag(data.draw(dags))
    drawn = sample_member(essential, seed)
    assert cpdag(drawn) == essential
    assert sample_member(essential, seed) == drawn


def test_listing_is_lazy():
    members = markov_equivalence_class(undirected(combinations(range(25), 2)))  # 25! of them
    assert len(set(islice(members, 5))) == 5


@given(data=st.data())
def test_under_knowledge_the_members_that_obey_are_listed(dags, data):
    essential = cpdag(data.draw(dags))
    first, *others = data.draw(st.permutations(essential.nodes))
    knowledge = Knowledge(tiers=[[first], others])
    members = list(islice(markov_equivalence_class(essential), 200))
    obeying = {dag for dag in members if not dag.parents(first)}
    if not obeying:
        return
    listed = set(islice(markov_equivalence_class(apply(essential, knowledge)), 201))
    assert listed >= obeying
    if len(members) < 200:
        assert listed == obeying


def test_a_graph_that_is_no_cpdag_is_not_counted():
    for question in (count_class, lambda graph: sample_member(graph, 0)):
        with pytest.raises(GraphError, match="takes a CPDAG, and this graph is none"):
            question(Graph("a -> b -> c"))


def test_a_class_without_members_is_refused_at_once():
    with pytest.raises(GraphError, match="no DAG has the skeleton"):
        markov_equivalence_class(Graph("a --- b --- c --- d --- a"))
