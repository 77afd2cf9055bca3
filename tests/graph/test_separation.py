"""m-separation against its definition, path by path, and minimal separators against all subsets."""

import itertools

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import GraphError, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.graph.marks import Mark
from aitia.graph.separation import (
    Independence,
    implied_independencies,
    is_minimal_separator,
    is_separated,
    markov_blanket,
    minimal_separator,
)


def paths(graph, x, y):
    """Every path between x and y, each node at most once."""
    waiting = [(x,)]
    while waiting:
        path = waiting.pop()
        if path[-1] == y:
            yield path
        else:
            waiting += [(*path, n) for n in graph.adjacent(path[-1]) if n not in path]


def is_open(graph, path, given, opened):
    """The definition: no non-collider is given, every collider has itself or a descendant given."""
    for a, b, c in zip(path, path[1:], path[2:], strict=False):
        if graph.mark(a, b) == graph.mark(c, b) == Mark.ARROW:
            if b not in opened:
                return False
        elif b in given:
            return False
    return True


def separated_by_definition(graph, x, y, given):
    opened = set(graph.ancestors(given))
    return not any(is_open(graph, path, given, opened) for path in paths(graph, x, y))


def subsets(names):
    return itertools.chain.from_iterable(itertools.combinations(names, size) for size in range(len(names) + 1))


def test_d_separation_follows_its_definition_in_all_543_dags_on_four_nodes(all_dags, queries):
    assert len(all_dags) == 543
    for dag in all_dags:
        for query in queries:
            assert is_separated(dag, *query) == separated_by_definition(dag, *query), (dag, query)


def test_m_separation_follows_its_definition_in_every_mixed_graph_on_three_nodes(all_mixed):
    tried = 0
    for graph in all_mixed(3, ("->", "<-", "<->", "---")):
        arrowed = any(
            graph.neighbors(v) and any(graph.mark(u, v) == Mark.ARROW for u in graph.adjacent(v)) for v in graph
        )
        if arrowed or not graph.is_acyclic:
            with pytest.raises(GraphError):
                is_separated(graph, "a", "b")
            continue
        tried += 1
        for x, y, z in itertools.permutations("abc"):
            assert is_separated(graph, x, y) == separated_by_definition(graph, x, y, ())
            assert is_separated(graph, x, y, z) == separated_by_definition(graph, x, y, (z,))
    # By hand: 4^3 - 2 cyclic without undirected edges; 3 x 2^2 with one, 3 with two, 1 with three.
    assert tried == 62 + 12 + 3 + 1


@given(data=st.data())
def test_m_separation_follows_its_definition_in_larger_admgs(admgs, data):
    graph = data.draw(admgs)
    x, y = data.draw(st.permutations(graph.nodes))[:2]
    z = data.draw(st.sets(st.sampled_from(graph.nodes))) - {x, y}
    assert is_separated(graph, x, y, z) == separated_by_definition(graph, x, y, z)


@given(data=st.data())
def test_sets_are_separated_as_networkx_says(dags, data):
    dag = data.draw(dags)
    role = data.draw(st.lists(st.sampled_from("xyzo"), min_size=len(dag), max_size=len(dag)))
    x, y, z = ({v for v, r in zip(dag, role, strict=True) if r == letter} for letter in "xyz")
    peer = networkx.DiGraph([(e.left, e.right) for e in dag.edges])
    peer.add_nodes_from(dag)
    if x and y:
        assert is_separated(dag, x, y, z) == networkx.is_d_separator(peer, x, y, z)


def test_an_empty_set_is_separated_from_everything():
    assert is_separated(Graph("x -> y"), [], "y")


@pytest.mark.parametrize("bounded", [False, True])
def test_minimal_separators_are_those_of_brute_force_in_all_dags_on_four_nodes(all_dags, queries, bounded):
    for dag in all_dags:
        for x, y, chosen in queries:
            rest = [v for v in dag if v not in (x, y)]
            bounds = {"include": chosen, "restrict": None} if not bounded else {"include": (), "restrict": chosen}
            allowed = chosen if bounded else rest
            fits = [set(s) for s in subsets(allowed) if set(bounds["include"]) <= set(s) and is_separated(dag, x, y, s)]
            smallest = [s for s in fits if not any(t < s for t in fits)]
            found = minimal_separator(dag, x, y, **bounds)
            assert (found is None) == (not fits), (dag, x, y, bounds)
            assert found is None or set(found) in smallest, (dag, x, y, bounds)
            for s in subsets(rest):
                assert is_minimal_separator(dag, x, y, s, **bounds) == (set(s) in smallest), (dag, x, y, s, bounds)


@given(data=st.data())
def test_minimal_separators_are_those_of_brute_force_in_admgs(admgs, data):
    graph = data.draw(admgs)
    x, y = data.draw(st.permutations(graph.nodes))[:2]
    rest = [v for v in graph if v not in (x, y)]
    restrict = data.draw(st.sets(st.sampled_from(rest))) if rest else set()
    include = data.draw(st.sets(st.sampled_from(sorted(restrict)))) if restrict else set()
    fits = [set(s) for s in subsets(sorted(restrict)) if include <= set(s) and is_separated(graph, x, y, s)]
    found = minimal_separator(graph, x, y, include, restrict)
    assert (found is None) == (not fits)
    for s in subsets(rest):
        smallest = set(s) in fits and not any(t < set(s) for t in fits)
        assert is_minimal_separator(graph, x, y, s, include, restrict) == smallest
    assert found is None or is_minimal_separator(graph, x, y, found, include, restrict)


@given(data=st.data())
def test_a_markov_blanket_is_the_one_smallest_set_that_shields_a_node(admgs, data):
    graph = data.draw(admgs)
    node = data.draw(st.sampled_from(graph.nodes))
    rest = [v for v in graph if v != node]
    shields = [set(s) for s in subsets(rest) if is_separated(graph, node, set(rest) - set(s), s)]
    assert set(markov_blanket(graph, node)) == min(shields, key=len)
    assert all(set(markov_blanket(graph, node)) <= s for s in shields)


@given(data=st.data())
def test_every_missing_edge_of_a_dag_implies_an_independence_that_holds(dags, data):
    dag = data.draw(dags)
    listed = list(implied_independencies(dag))
    assert len(listed) == len(dag) * (len(dag) - 1) // 2 - len(dag.edges)
    for x, y, z in listed:
        assert not dag.has_edge(x, y)
        assert is_minimal_separator(dag, x, y, z)


def test_implied_independencies_of_a_graph_that_is_not_maximal_pass_over_inseparable_pairs():
    # x and y: given neither a nor b, x <-> a --> b --> y is open;
    # given either, a is an opened collider in x <-> a <-> y.
    inducing = Graph("x <-> a <-> y; a -> b -> y")
    assert not inducing.has_edge("x", "y")
    assert [str(found) for found in implied_independencies(inducing)] == ["x ⫫ b | a"]


def test_independencies_print_as_in_a_paper():
    assert str(Independence("x", "y", ("a", "b"))) == "x ⫫ y | a, b"
    assert str(Independence("x", "y")) == "x ⫫ y"


def test_a_cpdag_is_refused_with_the_mend():
    with pytest.raises(GraphError, match=r"'b' has both an arrow and the undirected edge b --- c: ask consistent_ext"):
        is_separated(Graph("a -> b --- c"), "a", "c")


def test_a_pag_is_refused_with_the_mend():
    with pytest.raises(GraphError, match=r"has circle marks: ask member_mag\(graph\)"):
        minimal_separator(Graph("a o-> b"), "a", "b")


def test_a_cyclic_graph_is_refused_with_its_cycle():
    with pytest.raises(GraphError, match=r"without directed cycle; here a -> b -> c -> a"):
        markov_blanket(Graph("a -> b -> c -> a"), "a")


def test_sets_that_share_a_node_are_refused():
    with pytest.raises(GraphError, match=r"`x` and `given` share a"):
        is_separated(Graph("a -> b"), "a", "b", "a")
    with pytest.raises(GraphError, match=r"`y` and `include` share b"):
        minimal_separator(Graph("a -> b"), "a", "b", "b")


def test_include_must_lie_in_restrict():
    with pytest.raises(GraphError, match=r"`include` has m, which `restrict` leaves out"):
        minimal_separator(Graph("a -> m -> b"), "a", "b", include="m", restrict=[])


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownVariableError, match=r"'smokin' is not a variable of this graph. Did you mean 'smoking'"):
        is_separated(Graph("smoking -> cancer"), "smokin", "cancer")
