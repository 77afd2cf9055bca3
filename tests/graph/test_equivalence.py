"""CPDAGs, PAGs and Markov equivalence against classes found by brute force."""

import itertools
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aitia.errors import GraphError, UnknownVariableError
from aitia.graph.equivalence import (
    consistent_extension,
    cpdag,
    is_cpdag,
    is_mag,
    is_pag,
    mag,
    markov_equivalent,
    meek,
    member_mag,
    pag,
    unshielded_colliders,
)
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark
from aitia.graph.separation import is_separated

SYMBOLS = ("->", "<-", "<->", "---")


def common_marks(graphs):
    """The marks that all graphs share; a circle where they differ."""
    marks = np.array([graph.marks for graph in graphs])
    agreed = (marks == marks[0]).all(axis=0)
    return Graph.from_marks(np.where(agreed, marks[0], np.where(marks[0] > 0, Mark.CIRCLE, 0)), graphs[0].nodes)


def shared_edges(dags):
    """The skeleton with the directed edges that all DAGs share."""
    shared = set.intersection(*({(e.left, e.right) for e in dag.edges} for dag in dags))
    return dags[0].skeleton().with_edges(shared)


@pytest.fixture(scope="module")
def dag_classes(all_dags, queries):
    """The DAGs on four nodes, grouped by their independence models."""
    groups = defaultdict(list)
    for dag in all_dags:
        groups[tuple(is_separated(dag, *query) for query in queries)].append(dag)
    return list(groups.values())


@pytest.fixture(scope="module")
def mag_classes(all_mixed, queries):
    """The MAGs on four nodes, undirected edges included, grouped by their independence models."""
    groups = defaultdict(list)
    for graph in all_mixed(4, SYMBOLS):
        if is_mag(graph):
            groups[tuple(is_separated(graph, *query) for query in queries)].append(graph)
    return list(groups.values())


# -- DAGs ---------------------------------------------------------------------------------------------------------


def test_the_543_dags_on_four_nodes_fall_into_185_classes(dag_classes):
    # Gillispie and Perlman, Enumerating Markov equivalence classes of acyclic digraph models, UAI 2001, table 1.
    assert (len(dag_classes), sum(map(len, dag_classes))) == (185, 543)


def test_the_cpdag_has_the_edges_that_the_whole_class_shares(dag_classes):
    for members in dag_classes:
        expected = shared_edges(members)
        assert all(cpdag(dag) == expected for dag in members)
        assert is_cpdag(expected)


def test_exactly_185_of_the_pdags_on_four_nodes_are_cpdags(all_mixed):
    assert sum(is_cpdag(graph) for graph in all_mixed(4, ("->", "<-", "---"))) == 185


def test_the_consistent_extension_of_a_cpdag_belongs_to_its_class(dag_classes):
    for members in dag_classes:
        assert consistent_extension(shared_edges(members)) in members


def test_a_pdag_extends_exactly_where_brute_force_finds_an_extension(all_mixed, all_dags):
    by_skeleton = defaultdict(list)
    for dag in all_dags:
        by_skeleton[dag.skeleton()].append(dag)
    for pdag in itertools.islice(all_mixed(4, ("->", "<-", "---")), 0, None, 3):
        arrows = {(e.left, e.right) for e in pdag.edges if e.symbol == "-->"}
        colliders = unshielded_colliders(pdag)
        fits = [
            dag
            for dag in by_skeleton[pdag.skeleton()]
            if arrows <= {(e.left, e.right) for e in dag.edges} and unshielded_colliders(dag) == colliders
        ]
        if fits:
            assert consistent_extension(pdag) in fits
            # Meek's rules are complete on colliders with knowledge: all that every extension shares is found.
            assert meek(pdag) == shared_edges(fits)
        else:
            with pytest.raises(GraphError, match="no DAG has the skeleton"):
                consistent_extension(pdag)


def test_markov_equivalence_of_dags_is_equality_of_independence_models(dag_classes):
    first = [members[0] for members in dag_classes]
    assert not any(markov_equivalent(a, b) for a, b in itertools.combinations(first, 2))
    assert all(markov_equivalent(members[0], dag) for members in dag_classes for dag in members)


@given(data=st.data())
def test_the_cpdag_is_what_meeks_rules_make_of_the_colliders(dags, data):
    dag = data.draw(dags)
    arrows = {(end, c) for a, c, b in unshielded_colliders(dag) for end in (a, b)}
    assert cpdag(dag) == meek(dag.skeleton().with_edges(arrows))


@given(data=st.data())
def test_a_cpdag_is_closed_and_stands_for_its_extension(dags, data):
    dag = data.draw(dags)
    essential = cpdag(dag)
    extension = consistent_extension(essential)
    assert is_cpdag(essential)
    assert meek(essential) == essential
    assert cpdag(extension) == essential
    assert markov_equivalent(dag, extension)


@given(data=st.data())
def test_meek_is_idempotent(dags, data):
    dag = data.draw(dags)
    undirect = data.draw(st.lists(st.booleans(), min_size=len(dag.edges), max_size=len(dag.edges)))
    loose = [
        Edge(e.left, e.right, Mark.TAIL, Mark.TAIL if free else Mark.ARROW)
        for e, free in zip(dag.edges, undirect, strict=True)
    ]
    once = meek(Graph(loose, dag.nodes))
    assert meek(once) == once


@given(data=st.data())
def test_renaming_and_reordering_carry_over_to_the_cpdag(dags, data):
    dag = data.draw(dags)
    order = data.draw(st.permutations(dag.nodes))
    names = {v: f"w{v}" for v in dag.nodes}
    assert cpdag(dag.reorder(order)) == cpdag(dag)
    assert cpdag(dag.rename(names)) == cpdag(dag).rename(names)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a -> b --- c", "a -> b -> c"),
        ("a -> b -> c --- a", "a -> b -> c <- a"),
        ("a --- b; a --- c; a --- d; b -> d <- c", "a --- b; a --- c; a -> d; b -> d <- c"),
        ("a --- b; a --- c; a --- d; d -> c -> b", "a -> b; a --- c; a --- d; d -> c -> b"),
    ],
)
def test_each_of_meeks_four_rules_directs_its_edge(before, after):
    assert meek(Graph(before)) == Graph(after)


def test_cpdags_are_those_of_causal_learn():
    learn = pytest.importorskip("causallearn.graph.Dag")
    nodes = pytest.importorskip("causallearn.graph.GraphNode")
    convert = pytest.importorskip("causallearn.utils.DAG2CPDAG")
    rng = np.random.default_rng(0)
    for _ in range(20):
        adjacency = np.triu(rng.random((7, 7)) < 0.4, 1)
        ours = cpdag(Graph.from_adjacency(adjacency)).marks
        peers = [nodes.GraphNode(f"x{i}") for i in range(7)]
        dag = learn.Dag(peers)
        for i, j in np.argwhere(adjacency):
            dag.add_directed_edge(peers[i], peers[j])
        theirs = convert.dag2cpdag(dag).graph  # [i, j] = mark at i: -1 tail, 1 arrow
        assert np.array_equal(ours.T, np.where(theirs == -1, Mark.TAIL, np.where(theirs == 1, Mark.ARROW, 0)))


# -- MAGs ---------------------------------------------------------------------------------------------------------


def test_a_mag_is_ancestral_and_separates_all_that_are_not_adjacent(all_mixed):
    for graph in itertools.islice(all_mixed(4, SYMBOLS), 0, None, 5):
        ancestral = graph.is_acyclic and not any(
            (graph.neighbors(v) and any(graph.mark(u, v) == Mark.ARROW for u in graph.adjacent(v)))
            or set(graph.spouses(v)) & set(graph.ancestors(v))
            for v in graph
        )
        maximal = ancestral and all(
            graph.has_edge(x, y)
            or any(
                is_separated(graph, x, y, z) for r in range(3) for z in itertools.combinations(set(graph) - {x, y}, r)
            )
            for x, y in itertools.combinations(graph, 2)
        )
        assert is_mag(graph) == maximal, graph


def test_the_pag_has_the_marks_that_the_whole_class_of_mags_shares(mag_classes):
    assert (len(mag_classes), sum(map(len, mag_classes))) == (251, 3045)
    for members in mag_classes:
        expected = common_marks(members)
        assert all(pag(member) == expected for member in members)
        assert is_pag(expected)
        assert member_mag(expected) in members


def test_markov_equivalence_of_mags_is_equality_of_independence_models(mag_classes):
    first = [members[0] for members in mag_classes]
    assert not any(markov_equivalent(a, b) for a, b in itertools.combinations(first, 2))
    assert all(markov_equivalent(members[0], members[-1]) for members in mag_classes)


def test_only_pags_are_pags_among_all_marked_graphs_on_three_nodes(all_mixed):
    real = {pag(graph) for graph in all_mixed(3, SYMBOLS) if is_mag(graph)}
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    found = set()
    for choice in itertools.product((None, *itertools.product(Mark, Mark)), repeat=3):
        graph = Graph([Edge(*pair, *ends) for pair, ends in zip(pairs, choice, strict=True) if ends], "abc")
        if is_pag(graph):
            found.add(graph)
    assert found == real


@given(data=st.data())
def test_the_mag_of_a_dag_keeps_its_separations_among_what_is_seen(dags, data):
    dag = data.draw(dags)
    role = data.draw(st.lists(st.sampled_from("oooohs"), min_size=len(dag), max_size=len(dag)))
    hidden = [v for v, r in zip(dag, role, strict=True) if r == "h"]
    selected = [v for v, r in zip(dag, role, strict=True) if r == "s"]
    projected = mag(dag, hidden, selected)
    assert is_mag(projected)
    assert projected.nodes == tuple(v for v in dag if v not in (*hidden, *selected))
    assume(len(projected) >= 2)
    for _ in range(5):
        x, y = data.draw(st.permutations(projected.nodes))[:2]
        z = data.draw(st.sets(st.sampled_from(projected.nodes))) - {x, y}
        assert is_separated(projected, x, y, z) == is_separated(dag, x, y, z | set(selected))


@given(data=st.data())
def test_the_pag_of_a_mag_is_a_pag_and_its_member_is_equivalent(dags, data):
    dag = data.draw(dags)
    hidden = [v for v in dag if data.draw(st.integers(0, 4)) == 0]
    projected = mag(dag, hidden)
    marks = pag(projected)
    assert is_pag(marks)
    assert markov_equivalent(member_mag(marks), projected)
    for mark in (Mark.TAIL, Mark.ARROW):
        assert not np.any((marks.marks == mark) & (projected.marks != mark))


def test_the_pag_of_a_dag_without_hidden_variables_has_the_skeleton_and_colliders_of_its_cpdag():
    dag = Graph("a -> c <- b; c -> d")
    assert cpdag(dag) == dag
    assert pag(dag) == Graph("a o-> c <-o b; c -> d")


def test_a_discriminating_path_decides_its_last_collider():
    # By hand: s, b and c are joined by s *-> a <-> b *-* c with a --> c; a is in every set that separates s from c.
    chain = Graph("s -> a <-> b -> c; a -> c")
    collider = Graph("s -> a <-> b <-> c; a -> c")
    assert pag(chain) == Graph("s o-> a <-> b -> c; a -> c") or pag(chain).mark("c", "b") == Mark.TAIL
    assert pag(collider).mark("c", "b") == Mark.ARROW
    assert not markov_equivalent(chain, collider)
    assert unshielded_colliders(chain) == unshielded_colliders(collider)


# -- what is refused ----------------------------------------------------------------------------------------------


def test_cpdag_of_a_cycle_names_it():
    with pytest.raises(GraphError, match=r"takes a DAG; this graph has the cycle a -> b -> a|a -> b -> c -> a"):
        cpdag(Graph("a -> b -> c -> a"))


def test_cpdag_of_a_graph_with_other_edges_names_one():
    with pytest.raises(GraphError, match=r"cpdag\(\) takes a DAG; this graph has the edge a <-> b"):
        cpdag(Graph("a <-> b -> c"))


def test_meek_refuses_bidirected_edges():
    with pytest.raises(GraphError, match=r"a PDAG has edges x --> y and x --- y only; this graph has a <-> b"):
        meek(Graph("a <-> b"))


def test_a_graph_without_extension_says_why():
    with pytest.raises(GraphError, match=r"it has the cycle a -> b -> c -> a"):
        consistent_extension(Graph("a -> b -> c -> a"))
    with pytest.raises(GraphError, match="without a new collider or a cycle"):
        consistent_extension(Graph("a --- b --- c --- d --- a"))


def test_pag_of_what_is_no_mag_says_why():
    with pytest.raises(GraphError, match=r"a <-> b although 'a' is an ancestor of 'b'"):
        pag(Graph("a <-> b; a -> c -> b"))
    with pytest.raises(GraphError, match=r"no set separates 'x' from 'y', which are not adjacent"):
        pag(Graph("x <-> a <-> b <-> y; a -> y; b -> x"))
    with pytest.raises(GraphError, match=r"'b' has both an arrow and an undirected edge"):
        pag(Graph("a -> b --- c"))


def test_member_of_what_is_no_pag_is_refused():
    for text in ("a o-> c; c -> d", "a o-o b -> c", "a o-o b o-o c o-o d o-o a"):
        with pytest.raises(GraphError, match="this graph is not a PAG"):
            member_mag(Graph(text))


def test_graphs_over_different_variables_are_not_compared():
    with pytest.raises(GraphError, match=r"different variables: c, d stand in one only"):
        markov_equivalent(Graph("a -> c"), Graph("a -> d"))


def test_a_node_cannot_be_both_latent_and_selected_on():
    with pytest.raises(GraphError, match="h cannot be both latent and selected on"):
        mag(Graph("h -> x"), "h", "h")
    with pytest.raises(UnknownVariableError):
        mag(Graph("h -> x"), "z")
