"""Distances against gadjid, against their definitions by enumeration of paths, and by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import CostError, GraphError, OptionError
from aitia.graph._sides import Distance
from aitia.graph.adjustment import is_adjustment_set
from aitia.graph.comparison import compare
from aitia.graph.distances import (
    Scores,
    adjacency_scores,
    ancestor_aid,
    arrowhead_scores,
    oset_aid,
    parent_aid,
    shd,
    sid,
    sid_bounds,
)
from aitia.graph.equivalence import consistent_extension, cpdag, meek
from aitia.graph.graph import Graph

SEEDS = st.integers(0, 2**32 - 1)
AIDS = {"parent_aid": parent_aid, "ancestor_aid": ancestor_aid, "oset_aid": oset_aid}


def all_dags(names):
    pairs = list(itertools.combinations(names, 2))
    for choice in itertools.product((None, 0, 1), repeat=len(pairs)):
        edges = [
            pair if turn == 0 else pair[::-1] for pair, turn in zip(pairs, choice, strict=True) if turn is not None
        ]
        graph = Graph(edges, names)
        if graph.is_acyclic:
            yield graph


DAGS = list(all_dags("abcd"))


def random_dag(rng, d, share=None):
    share = rng.uniform(0.1, 0.9) if share is None else share
    adjacency = np.triu(rng.random((d, d)) < share, 1)
    order = rng.permutation(d)
    return Graph.from_adjacency(adjacency[np.ix_(order, order)])


def random_pair(rng, d):
    """A true DAG and a guess that is unrelated, or near it."""
    true = random_dag(rng, d)
    if rng.random() < 0.5:
        return true, random_dag(rng, d)
    drop = [(e.left, e.right) for e in true.edges if rng.random() < 0.2]
    return true, true.without_edges(drop)


def gadjid_matrix(graph):
    matrix = np.zeros((len(graph), len(graph)), dtype=np.int8)
    for edge in graph.edges:
        matrix[graph.index(edge.left), graph.index(edge.right)] = 1 if edge.symbol == "-->" else 2
    return matrix


def gadjid_distance(name, true, guess):
    gadjid = pytest.importorskip("gadjid")
    function = getattr(gadjid, name)
    return tuple(function(gadjid_matrix(true), gadjid_matrix(guess), edge_direction="from row to column"))


# -- the definition, by enumeration ------------------------------------------------------------------------------------


def paths(dag, x, y):
    """Every path between two nodes, whatever the directions."""
    waiting = [(x,)]
    while waiting:
        path = waiting.pop()
        if path[-1] == y:
            yield path
            continue
        waiting += [(*path, n) for n in dag.adjacent(path[-1]) if n not in path]


def is_open(dag, path, z):
    for a, b, c in zip(path, path[1:], path[2:], strict=False):
        collider = b in dag.children(a) and b in dag.children(c)
        if collider != bool(set(dag.descendants(b)) & set(z) if collider else b in z):
            return False
    return True


def brute_valid(dag, x, y, z):
    """The adjustment criterion as it is stated: no node of Z below a causal path, every other path blocked."""
    causal = [p for p in paths(dag, x, y) if all(b in dag.children(a) for a, b in itertools.pairwise(p))]
    forbidden = {d for p in causal for node in p[1:] for d in dag.descendants(node)}
    return not forbidden & set(z) and not any(is_open(dag, p, z) for p in paths(dag, x, y) if p not in causal)


def brute_sid(true, guess):
    wrong = 0
    for x, y in itertools.permutations(true.nodes, 2):
        parents = guess.parents(x)
        if y in parents:
            wrong += y in true.descendants(x)
        else:
            wrong += not brute_valid(true, x, y, parents)
    return wrong


def test_sid_is_its_definition_on_pairs_of_all_dags_of_4_nodes():
    rng = np.random.default_rng(0)
    assert len(DAGS) == 543
    for true in DAGS:
        for guess in (DAGS[k] for k in rng.integers(543, size=3)):
            count = brute_sid(true, guess)
            assert sid(true, guess) == Distance(count / 12, count), (true, guess)


@pytest.mark.parametrize("name", ["sid", *AIDS])
def test_distances_of_4_node_dags_are_those_of_gadjid(name):
    pytest.importorskip("gadjid")
    rng = np.random.default_rng(1)
    function = {**AIDS, "sid": sid}[name]
    for true in DAGS:
        for guess in (DAGS[k] for k in rng.integers(543, size=2)):
            assert tuple(function(true, guess)) == gadjid_distance(name, true, guess), (true, guess)


@settings(max_examples=150)
@given(seed=SEEDS, d=st.integers(3, 9), as_class=st.tuples(st.booleans(), st.booleans()))
@pytest.mark.parametrize("name", AIDS)
def test_aids_between_dags_and_cpdags_are_those_of_gadjid(name, seed, d, as_class):
    pair = random_pair(np.random.default_rng(seed), d)
    true, guess = (cpdag(g) if c else g for g, c in zip(pair, as_class, strict=True))
    assert tuple(AIDS[name](true, guess)) == gadjid_distance(name, true, guess)


@pytest.mark.parametrize("d", [63, 64, 65, 130])
def test_aids_across_word_boundaries_are_those_of_gadjid(d):
    rng = np.random.default_rng(d)
    true, guess = random_dag(rng, d, 0.06), random_dag(rng, d, 0.06)
    near = true.without_edges([(e.left, e.right) for e in true.edges if rng.random() < 0.05])
    for other in (guess, near, cpdag(near)):
        for name, function in AIDS.items():
            assert tuple(function(true, other)) == gadjid_distance(name, true, other)
        assert shd(true, other) == _gadjid_shd(true, other)


def _gadjid_shd(a, b):
    return pytest.importorskip("gadjid").shd(gadjid_matrix(a), gadjid_matrix(b))[1]


@given(seed=SEEDS, d=st.integers(2, 8))
def test_shd_by_pair_is_that_of_gadjid_on_cpdags(seed, d):
    a, b = map(cpdag, random_pair(np.random.default_rng(seed), d))
    assert shd(a, b) == _gadjid_shd(a, b)


def test_aids_under_background_knowledge_follow_the_generalised_criterion():
    rng = np.random.default_rng(2)
    seen = 0
    for _ in range(120):
        true, hidden = random_dag(rng, 5), random_dag(rng, 5, rng.uniform(0.4, 1))
        graph = cpdag(hidden)
        told = [(e.left, e.right) for e in hidden.edges if e.right in graph.neighbors(e.left) and rng.random() < 0.3]
        guess = meek(graph.with_edges(told)).reorder(true.nodes)
        seen += guess not in (graph, hidden)
        members = list(_members(guess))
        wrong = 0
        for x, y in itertools.permutations(true.nodes, 2):
            z = guess.parents(x)
            rest = [n for n in true.nodes if n not in (x, y)]
            sets = [s for k in range(4) for s in itertools.combinations(rest, k)]
            if y in z:
                wrong += y in true.descendants(x)
            elif any(all(brute_valid(m, x, y, s) for m in members) for s in sets):
                wrong += not brute_valid(true, x, y, z)
            else:  # no set is valid in every DAG that the guess stands for: it claims nothing
                wrong += 1
        assert parent_aid(true, guess).mistakes == wrong, (true, guess)
    assert seen > 50


def _members(pdag):
    """Every DAG with the skeleton, directed edges and unshielded colliders of the PDAG."""
    undirected = [(e.left, e.right) for e in pdag.edges if e.symbol == "---"]
    for turns in itertools.product((False, True), repeat=len(undirected)):
        dag = pdag.with_edges([pair[::-1] if turn else pair for pair, turn in zip(undirected, turns, strict=True)])
        if dag.is_acyclic and _unshielded(dag) == _unshielded(pdag):
            yield dag


def _unshielded(graph):
    return {
        (a, c, b)
        for c in graph.nodes
        for a, b in itertools.combinations(sorted(graph.parents(c)), 2)
        if not graph.has_edge(a, b)
    }


@given(seed=SEEDS, d=st.integers(2, 6))
def test_sid_bounds_are_the_extremes_over_the_class(seed, d):
    rng = np.random.default_rng(seed)
    true, hidden = random_pair(rng, d)
    guess = cpdag(hidden)
    every = [sid(true, member).mistakes for member in _members(guess)]
    lower, upper = sid_bounds(true, guess)
    assert (lower.mistakes, upper.mistakes) == (min(every), max(every))


def test_sid_bounds_follow_orientations_that_a_root_forces_further_down():
    # From root r: r -> a, b; then a, b -> c and b -> d; a and d are not adjacent, so c --- d becomes c -> d.
    guess = Graph("r --- a; r --- b; a --- b; a --- c; b --- c; b --- d; c --- d")
    rng = np.random.default_rng(4)
    for _ in range(20):
        true = random_dag(rng, 5, 0.5).rename(dict(zip([f"x{i}" for i in range(5)], guess.nodes, strict=True)))
        every = [sid(true, member).mistakes for member in _members(guess)]
        assert tuple(b.mistakes for b in sid_bounds(true, guess)) == (min(every), max(every))


def test_sid_bounds_of_a_clique_need_no_enumeration_of_its_orders_and_are_refused_beyond_the_limit():
    names = [f"x{i}" for i in range(10)]
    clique = Graph(itertools.combinations(names, 2), names)
    lower, upper = sid_bounds(clique, cpdag(clique))
    assert lower == Distance(0.0, 0)
    assert upper.mistakes == 90  # the reversed order gets every pair wrong
    with pytest.raises(CostError, match="more than 100 components of undirected edges: raise max_states"):
        sid_bounds(clique, cpdag(clique), max_states=100)


@settings(max_examples=300)
@given(seed=SEEDS, d=st.integers(3, 6))
def test_a_pdag_is_taken_iff_it_extends_to_a_dag_and_is_closed_under_the_rules(seed, d):
    rng = np.random.default_rng(seed)
    dag = random_dag(rng, d)
    loose = rng.random(len(dag.edges)) < 0.6
    pdag = Graph(
        [f"{e.left} {'---' if free else '->'} {e.right}" for e, free in zip(dag.edges, loose, strict=True)], dag.nodes
    )
    for graph in (pdag, meek(pdag)):
        try:
            consistent_extension(graph)
            expected = meek(graph) == graph
        except GraphError:
            expected = False
        try:
            assert parent_aid(graph, graph) == Distance(0.0, 0)
            taken = True
        except GraphError:
            taken = False
        assert taken == expected, graph


# -- laws --------------------------------------------------------------------------------------------------------------


@given(seed=SEEDS, d=st.integers(1, 8))
def test_every_distance_is_0_between_equal_graphs_and_at_most_all_pairs(seed, d):
    true, guess = random_pair(np.random.default_rng(seed), d)
    for graph in (true, cpdag(true)):
        same = graph.reorder(graph.nodes[::-1])
        assert all(function(graph, same) == Distance(0.0, 0) for function in AIDS.values())
        assert shd(graph, same) == 0
    assert all(0 <= function(true, guess).mistakes <= d * (d - 1) for function in AIDS.values())


@given(seed=SEEDS, d=st.integers(2, 8))
def test_a_dag_that_contains_the_true_one_is_no_mistake_for_parents(seed, d):
    # Peters and Bühlmann, proposition 7: SID is 0 iff the true DAG is a subgraph of the guess.
    rng = np.random.default_rng(seed)
    guess = random_dag(rng, d)
    true = guess.without_edges([(e.left, e.right) for e in guess.edges if rng.random() < 0.5])
    assert sid(true, guess).mistakes == 0
    assert (sid(guess, true).mistakes == 0) == (guess == true)


@given(seed=SEEDS, d=st.integers(2, 7))
def test_distances_follow_names_and_not_positions(seed, d):
    rng = np.random.default_rng(seed)
    true, guess = random_pair(rng, d)
    shuffled = guess.reorder(rng.permutation(guess.nodes).tolist())
    assert compare(true, shuffled) == compare(true, guess)
    names = dict(zip(true.nodes, rng.permutation(true.nodes).tolist(), strict=True))
    assert compare(true.rename(names), guess.rename(names)) == compare(true, guess)


def test_a_claim_of_parent_aid_is_right_iff_its_set_is_an_adjustment_set():
    rng = np.random.default_rng(3)
    for _ in range(60):
        pair = random_pair(rng, 6)
        true, guess = cpdag(pair[0]), pair[1]
        wrong = 0
        for x, y in itertools.permutations(true.nodes, 2):
            z = guess.parents(x)
            possible = _walks(true, x)
            wrong += y in possible if y in z else not is_adjustment_set(true, x, y, z)
        assert parent_aid(true, guess).mistakes == wrong


def _walks(pdag, x):
    reached, waiting = {x}, [x]
    while waiting:
        here = waiting.pop()
        more = {*pdag.children(here), *pdag.neighbors(here)} - reached
        reached |= more
        waiting += more
    return reached


# -- by hand -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "pair", "reversal_two", "marks"),
    [
        ("x -> y", "x -> y", 0, 0, 0),
        ("x -> y", "y -> x", 1, 2, 2),
        ("x -> y", "x --- y", 1, 1, 1),
        ("x -> y", "x; y", 1, 1, 2),
        ("x --- y", "x; y", 1, 1, 2),
        ("x o-> y", "x -> y", 1, 1, 1),
        ("x o-o y", "x -> y", 1, 1, 2),
        ("x <-> y", "y -> x", 1, 1, 1),
        ("x -> y; y -> z", "z -> y; y -> x", 2, 4, 4),
    ],
)
def test_shd_by_each_convention(a, b, pair, reversal_two, marks):
    a, b = Graph(a), Graph(b)
    for convention, expected in (("pair", pair), ("reversal_two", reversal_two), ("marks", marks)):
        assert shd(a, b, convention) == shd(b, a, convention) == expected


def test_scores_by_hand():
    true, guess = Graph("x -> y <- z; z -> w"), Graph("x -> y -> z; x -> w")
    assert adjacency_scores(true, guess) == Scores(2 / 3, 2 / 3, 2 / 3)
    assert arrowhead_scores(true, guess) == Scores(1 / 3, 1 / 3, 1 / 3)
    empty = Graph("x; y; z; w")
    assert adjacency_scores(true, empty) == Scores(1.0, 0.0, 0.0)
    assert adjacency_scores(empty, guess) == Scores(0.0, 1.0, 0.0)
    assert adjacency_scores(empty, empty) == Scores(1.0, 1.0, 1.0)
    assert arrowhead_scores(Graph("x <-> y"), Graph("x -> y")) == Scores(1.0, 0.5, 2 / 3)


def test_compare_leaves_out_what_the_kind_of_graph_does_not_allow():
    dag, pag = Graph("x -> y <- z"), Graph("x o-> y <-o z")
    result = compare(dag, pag)
    assert (result.sid, result.parent_aid, result.ancestor_aid, result.oset_aid) == (None, None, None, None)
    assert result.shd == 2
    assert result.arrowhead.f1 == 1.0
    result = compare(dag, Graph("x --- y --- z"))
    assert result.sid is None
    assert result.parent_aid is not None
    flat = compare(dag, dag).as_dict()
    assert flat["sid"] == flat["parent_aid_mistakes"] == flat["shd"] == 0
    assert flat["adjacency_f1"] == 1.0
    assert len(flat) == 17


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_graphs_over_different_names_are_refused_with_the_difference():
    for function in (shd, sid, parent_aid, ancestor_aid, oset_aid, adjacency_scores, arrowhead_scores, compare):
        with pytest.raises(GraphError, match="only the first has y; only the second has z, w"):
            function(Graph("x -> y"), Graph("x -> z; w"))


def test_graphs_of_a_kind_without_the_distance_are_refused():
    dag = Graph("x -> y -> z")
    with pytest.raises(GraphError, match="sid compares two DAGs and the guess is none"):
        sid(dag, Graph("x --- y; z"))
    with pytest.raises(GraphError, match="compare DAGs and CPDAGs, and the guess is neither"):
        parent_aid(dag, Graph("x <-> y; z"))
    with pytest.raises(GraphError, match="the true graph is neither"):
        ancestor_aid(Graph("x -> y -> z -> x"), dag)
    with pytest.raises(GraphError, match="Meek's rules direct more of its edges; compare meek"):
        parent_aid(dag, Graph("x -> y --- z"))
    with pytest.raises(GraphError, match="the guess is neither: no DAG has the skeleton"):
        parent_aid(Graph("x; y; z; w"), Graph("x --- y --- z --- w --- x"))
    with pytest.raises(GraphError, match="needs a DAG as true graph"):
        sid_bounds(Graph("x --- y"), Graph("x --- y"))
    with pytest.raises(GraphError, match="has background knowledge"):
        sid_bounds(Graph("x -> y; x -> z; y -> z"), Graph("x -> y; x --- z; y --- z"))
    with pytest.raises(OptionError, match="convention is one of pair, reversal_two, marks, got 'double'"):
        shd(dag, dag, "double")
