"""The graph type: every DAG on four nodes, text, and what it refuses."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import GraphError, OptionError, UnknownVariableError
from aitia.graph import Edge, Graph, Mark
from aitia.graph.marks import parse_edges, quote

odd_names = st.text(min_size=1, max_size=8)


def reach(graph):
    """Boolean matrix of directed paths, by powers of the adjacency."""
    a = np.eye(len(graph), dtype=bool) | (np.asarray(graph.adjacency) > 0)
    for _ in range(len(graph)):
        a = a @ a
    return a


def test_ancestors_and_descendants_of_every_dag_on_four_nodes(all_dags):
    for graph in all_dags:
        paths = reach(graph)
        for i, name in enumerate(graph.nodes):
            assert graph.descendants(name) == tuple(n for n, r in zip(graph.nodes, paths[i], strict=True) if r)
            assert graph.ancestors(name) == tuple(n for n, r in zip(graph.nodes, paths[:, i], strict=True) if r)


def test_every_dag_on_four_nodes_has_its_order_and_no_cycle(all_dags):
    assert len(all_dags) == 543
    for graph in all_dags:
        place = {name: k for k, name in enumerate(graph.topological_order())}
        assert all(place[e.left] < place[e.right] for e in graph.edges)
        assert graph.is_dag
        assert graph.find_cycle() == ()


def test_a_cycle_is_found_shown_and_real():
    graph = Graph("a -> b -> c -> a; c -> d; e -> a")
    assert not graph.is_acyclic
    cycle = graph.find_cycle()
    assert cycle[0] == cycle[-1]
    assert all(graph.parents(b).count(a) for a, b in pairwise(cycle))
    with pytest.raises(GraphError, match="directed cycle: a -> b -> c -> a"):
        graph.topological_order()


def test_matrices_round_trip_for_every_dag_on_four_nodes(all_dags):
    for graph in all_dags:
        assert Graph.from_marks(graph.marks, graph.nodes) == graph
        assert Graph.from_adjacency(graph.adjacency, graph.nodes) == graph
        assert Graph.from_adjacency(graph.adjacency.T, graph.nodes, edge_direction="column->row") == graph


def test_text_round_trips_for_every_mixed_graph_on_three_nodes(all_mixed):
    for graph in all_mixed(3, ("->", "<-", "<->", "---")):
        assert Graph(str(graph)).reorder(graph.nodes) == graph
        assert eval(repr(graph)) == graph


@given(
    st.lists(odd_names, min_size=2, max_size=4, unique=True),
    st.lists(st.sampled_from(list(Mark)), min_size=2, max_size=2),
)
def test_any_name_survives_text_and_pickling(names, marks):
    graph = Graph([Edge(names[0], names[1], *marks)], names)
    again = Graph(str(graph))
    assert again == graph
    assert pickle.loads(pickle.dumps(graph)) == graph
    assert hash(again) == hash(graph)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a->b", "a --> b"),
        ("a -> b <- c", "a --> b; c --> b"),
        ("a <-> b; b --- c", "a <-> b; b --- c"),
        ("a o-> b o-o c", "a o-> b; b o-o c"),
        ("a o-- b", "a o-- b"),
        ("a <-o b", "b o-> a"),
        ("x-1 -> x-2", "x-1 --> x-2"),
        ('"a b" -> c\n d', '"a b" --> c; d'),
        ("a, b -> c", "b --> c; a"),
    ],
)
def test_text_is_read_as_people_write_it(text, expected):
    assert str(Graph(text)) == expected


@pytest.mark.parametrize("text", ["->", "a ->", "a -> -> b", "a b", "a -> b;; -> c", '"a', "a <- ; b"])
def test_text_that_is_no_graph_says_where(text):
    with pytest.raises(GraphError, match="cannot read a graph at character"):
        Graph(text)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Graph("a -> b; b -> a"), "at most one"),
        (lambda: Graph([("a", "a")]), "its own neighbour"),
        (lambda: Graph((), ["a", "a"]), "repeated: a"),
        (lambda: Graph("a -> b", ["a"]), "which `nodes` does not list"),
        (lambda: Graph((), [1]), "node names are text"),
        (lambda: Graph.from_marks([[0, 2], [0, 0]]), "one end only"),
        (lambda: Graph.from_marks([[0, 7], [1, 0]]), "marks are 0"),
        (lambda: Graph.from_marks([[1]]), "adjacent to itself"),
        (lambda: Graph.from_marks([[0, 1]]), "square"),
        (lambda: Graph.from_adjacency([[0, np.nan], [0, 0]]), "NaN"),
        (lambda: Graph("a <-> b").adjacency, "use `marks`"),
        (lambda: Graph("a -> b").reorder(["a"]), "each of a, b once"),
    ],
)
def test_what_cannot_be_a_graph_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(GraphError, match=sentence):
        make()


def test_unknown_names_and_directions_are_told():
    with pytest.raises(UnknownVariableError, match="Did you mean 'light'"):
        Graph("light -> shade").parents("ligth")
    with pytest.raises(KeyError):
        Graph("a -> b").children("c")
    with pytest.raises(OptionError, match="row->column"):
        Graph.from_adjacency([[0]], edge_direction="down")


def test_relatives_and_components_by_hand():
    graph = Graph("a -> b; b <-> c; c <-> d; d --- e; e --- f; g")
    assert (graph.parents("b"), graph.children("a"), graph.spouses("c")) == (("a",), ("b",), ("b", "d"))
    assert graph.neighbors("e") == ("d", "f")
    assert graph.adjacent("d") == ("c", "e")
    assert graph.districts() == (("a",), ("b", "c", "d"), ("e",), ("f",), ("g",))
    assert graph.chain_components() == (("a",), ("b",), ("c",), ("d", "e", "f"), ("g",))
    assert graph.mark("a", "b") is Mark.ARROW
    assert graph.mark("b", "a") is Mark.TAIL
    assert graph.mark("a", "g") is None
    assert (graph.is_admg, graph.is_pdag, graph.is_directed) == (False, False, False)


def test_do_removes_exactly_the_arrows_into_its_targets(all_mixed):
    for graph in all_mixed(3, ("->", "<-", "<->")):
        for target in graph.nodes:
            cut = graph.do(target)
            into = {e for e in graph.edges if (e.right == target and e.right_mark == Mark.ARROW)
                    or (e.left == target and e.left_mark == Mark.ARROW)}  # fmt: skip
            assert set(cut.edges) == set(graph.edges) - into
            assert cut.do(target) == cut


def test_new_graphs_from_old_ones_leave_the_old_alone():
    graph = Graph("a -> b -> c")
    before = str(graph)
    assert graph.with_edges("c -> a; d").edges != graph.edges
    assert str(graph.with_edges("b <- c")) == "a --> b; c --> b"
    assert str(graph.without_edges([("c", "b")])) == "a --> b; c"
    assert str(graph.subgraph(["c", "b"])) == "b --> c"
    assert str(graph.rename({"a": "z"})) == "z --> b; b --> c"
    assert str(graph.skeleton()) == "a --- b; b --- c"
    assert str(graph) == before


def test_equality_goes_by_names_and_marks_not_by_order():
    assert Graph("a -> b; c") == Graph("c; a -> b")
    assert Graph("a -> b") != Graph("b -> a")
    assert Graph("a -> b") != "a -> b"
    assert len({Graph("a -> b; c"), Graph("c; a -> b")}) == 1


def test_wide_graphs_work_beyond_a_machine_word():
    graph = Graph([(f"v{i}", f"v{i + 1}") for i in range(199)])
    assert len(graph.descendants("v0")) == 200
    assert len(graph.ancestors("v199")) == 200


def test_names_are_quoted_only_where_they_must():
    assert quote("plain-name_1") == "plain-name_1"
    assert quote("two words") == '"two words"'
    assert parse_edges('"say \\"x\\""')[1] == ['say "x"']
