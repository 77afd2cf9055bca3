"""Steps between classes: what they gain, which are valid, and where they end, beside all graphs of a few nodes."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.errors import GraphError
from aitia.graph import Graph, Knowledge, consistent_extension, cpdag, markov_equivalence_class
from aitia.graph._pdag import Pdag
from aitia.stats.search import compiling
from aitia.stats.search._order_kernel import Stand
from aitia.stats.search.greedy import (
    Step,
    _after,
    _deleted,
    _inserted,
    _insertions,
    _passes,
    backward,
    deletions,
    forward,
)
from aitia.stats.search.orders import GrowShrink, must_precede
from aitia.stats.search.scores import LocalScore
from aitia.stats.search.skeleton import Constraints
from aitia.systems.boss import BOSS
from aitia.systems.ges import GES

NAMES = tuple("abcdef")


def all_dags(p):
    """Every DAG of p nodes as the parents of each node in bit rows."""
    pairs = list(combinations(range(p), 2))
    for marks in product(range(3), repeat=len(pairs)):
        parents = [0] * p
        for (i, j), mark in zip(pairs, marks, strict=True):
            if mark:
                a, b = (i, j) if mark == 1 else (j, i)
                parents[b] |= 1 << a
        left, free = (1 << p) - 1, True
        while left and free:
            free = [k for k in range(p) if left >> k & 1 and not parents[k] & left]
            for k in free:
                left &= ~(1 << k)
        if not left:
            yield parents


def best_by_brute_force(score):
    """The CPDAG of the highest score among all DAGs."""
    p = len(score.names)
    best = max(all_dags(p), key=lambda parents: sum(score(y, parents[y]) for y in range(p)))
    adjacency = np.array([[best[j] >> i & 1 for j in range(p)] for i in range(p)])
    return cpdag(Graph.from_adjacency(adjacency, score.names))


def linear(dag, n, seed):
    rng = np.random.default_rng(seed)
    columns = {}
    for name in dag.topological_order():
        weights = rng.uniform(0.5, 1, len(dag.parents(name))) * rng.choice([-1, 1], len(dag.parents(name)))
        columns[name] = rng.normal(size=n) + sum(
            w * columns[a] for w, a in zip(weights, dag.parents(name), strict=True)
        )
    return Table.of({name: columns[name] for name in dag.nodes})


def binary(dag, n, seed):
    rng = np.random.default_rng(seed)
    columns = {}
    for name in dag.topological_order():
        logit = rng.uniform(-0.3, 0.3) + sum(
            rng.uniform(1.5, 2.5) * rng.choice([-1, 1]) * (2 * columns[a] - 1) for a in dag.parents(name)
        )
        columns[name] = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    return Table.of({name: np.where(columns[name], "yes", "no").astype(object) for name in dag.nodes})


def random_dag(p, share, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(p)
    return Graph.from_adjacency((np.triu(rng.random((p, p)) < share, 1))[np.ix_(order, order)], NAMES[:p])


@pytest.mark.parametrize(("p", "number"), [(2, 3), (3, 25), (4, 543)])
def test_the_walk_over_all_graphs_is_complete(p, number):
    assert sum(1 for _ in all_dags(p)) == number  # Robinson's numbers


@pytest.mark.parametrize("make", [linear, binary])
@pytest.mark.parametrize("seed", range(8))
def test_both_searches_reach_the_best_of_all_graphs_of_four_nodes(make, seed):
    table = make(random_dag(4, 0.6, seed), 20_000, seed)
    for method in (BOSS(), GES()):
        found = method.fit(table)
        score = found._score(table)
        wanted = best_by_brute_force(score)
        assert score.graph(consistent_extension(found.graph_)) == pytest.approx(
            score.graph(consistent_extension(wanted)), abs=1e-6
        )
        assert found.graph_ == wanted


def test_both_searches_reach_the_best_of_all_graphs_of_five_nodes():
    table = linear(random_dag(5, 0.6, 3), 5000, 3)
    wanted = best_by_brute_force(LocalScore(table, "bic", penalty=2.0))
    assert BOSS().fit(table).graph_ == wanted
    assert GES().fit(table).graph_ == wanted


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_a_step_leads_to_a_class_with_the_score_that_it_says(seed):
    table = linear(random_dag(5, 0.5, seed), 200, seed)
    score = LocalScore(table, "bic")
    graph = cpdag(random_dag(5, 0.4, seed + 1))
    rows, now = Pdag(graph), score.graph(consistent_extension(graph))
    for x, y in product(range(5), repeat=2):
        steps = [(step, _deleted(rows, step)) for step in deletions(rows, x, y, score)] if x != y else []
        if x != y:
            inserting = [s for s in _insertions(rows, x, y, score, 4) if _passes(rows, x, y, s.moved)]
            steps += [(step, _inserted(rows, step)) for step in inserting]
        for step, after in steps:
            other = _after(after, graph.nodes, None)
            assert other is not None, "a valid operator leads to a class"
            assert score.graph(consistent_extension(other)) - now == pytest.approx(step.gain, abs=1e-6)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_deletions_reach_every_class_that_lacks_one_edge_of_a_member(seed):
    # Chickering (2002), theorem 17: a member without one of its edges, and the other way round.
    graph = cpdag(random_dag(5, 0.5, seed))
    rows = Pdag(graph)
    score = LocalScore(linear(random_dag(5, 0.5, seed), 50, 0), "bic")
    reached = set()
    for x, y in product(range(5), repeat=2):
        if x != y:
            for step in deletions(rows, x, y, score):
                reached.add(str(_after(_deleted(rows, step), graph.nodes, None)))
    wanted = set()
    for dag in markov_equivalence_class(graph):
        for edge in dag.edges:
            wanted.add(str(cpdag(dag.without_edges([(edge.left, edge.right)]))))
    assert reached == wanted


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_insertions_reach_every_class_with_one_edge_more_that_scores_higher(seed):
    graph = cpdag(random_dag(5, 0.3, seed))
    rows = Pdag(graph)
    score = LocalScore(linear(random_dag(5, 0.7, seed), 100, seed), "bic")
    now = score.graph(consistent_extension(graph))
    reached = set()
    for x, y in product(range(5), repeat=2):
        if x != y:
            for step in _insertions(rows, x, y, score, 4):
                if _passes(rows, x, y, step.moved):
                    reached.add(str(_after(_inserted(rows, step), graph.nodes, None)))
    wanted = set()
    for dag in markov_equivalence_class(graph):
        for a, b in product(graph.nodes, repeat=2):
            if a != b and not dag.has_edge(a, b):
                more = dag.with_edges([(a, b)])
                if more.is_dag and score.graph(more) > now + 1e-5:
                    wanted.add(str(cpdag(more)))
    assert reached == wanted


def test_steps_end_where_none_gains():
    table = linear(random_dag(6, 0.5, 1), 400, 1)
    score = LocalScore(table, "bic")
    found = backward(forward(Graph([], table.names), score, limit=5), score)
    rows = Pdag(found)
    for x, y in product(range(6), repeat=2):
        if x != y:
            assert all(step.gain <= 1e-6 for step in deletions(rows, x, y, score))


def test_a_required_edge_is_not_deleted_and_a_class_without_an_obeying_member_is_not_entered():
    table = linear(Graph("a -> c <- b", ["a", "b", "c", "d"]), 500, 0)
    score = LocalScore(table, "bic")
    known = Knowledge(required=[("a", "d")], forbidden=[("b", "c"), ("c", "b")])
    start = cpdag(Graph("a -> d", table.names))
    found = backward(forward(start, score, known, limit=3), score, known)
    assert found.has_edge("a", "d")
    assert not found.has_edge("b", "c")
    collider = _inserted(Pdag(Graph("a --- b", table.names)), Step(0.0, 3, 0, 0b10))
    assert str(_after(collider, table.names, None)) == "b --> a; d --> a; c"
    assert _after(collider, table.names, Knowledge(tiers=[["a"], ["b"]])) is None


def test_growing_and_shrinking_makes_room_for_itself():
    table = linear(random_dag(6, 0.7, 2), 300, 2)
    score = LocalScore(table, "bic")
    trees = GrowShrink(score, Constraints.of(table.names, None), 5)
    narrow = GrowShrink(score, Constraints.of(table.names, None), 5)
    first = narrow._trees
    narrow._trees = first._replace(nodes=first.nodes[:6].copy(), twigs=first.twigs[:7].copy())
    free = must_precede(table.names, None)
    ends = []
    for forest in (trees, narrow):
        orders, turns = np.array([range(6), range(5, -1, -1)]), np.array([range(6)] * 2)
        climbed, order = forest.climb(orders, turns, free)[1], orders[1]
        value, parents = forest.along(order)
        assert climbed == pytest.approx(value, abs=1e-9)
        ends.append((order.tolist(), value, parents.tolist()))
    assert ends[0] == ends[1]
    assert len(narrow._trees.nodes) > 6


@given(seed=st.integers(0, 2**16), kind=st.sampled_from(["bic", "bdeu"]))
@settings(max_examples=25)
def test_the_scores_of_all_places_are_those_of_the_orders_walked_anew(seed, kind):
    rng = np.random.default_rng(seed)
    table = linear(random_dag(6, 0.6, seed), 150, seed)
    if kind == "bdeu":
        table = Table.of({name: np.where(table.column(name) > 0, "u", "d").astype(object) for name in table.names})
    trees = GrowShrink(LocalScore(table, kind), Constraints.of(table.names, None), 5)
    kernels, data, forest = compiling._plain(), trees.score.data, trees._trees
    order, places = rng.permutation(6), rng.integers(0, 6, (4, 2))
    stand = Stand(np.empty(6, np.int64), np.empty((6, 6), bool), np.empty((6, 6), bool))
    assert kernels.settle(data, forest, order, stand)
    for place, target in places:  # the walks that are kept are those of the order as it is by then
        scores = np.empty(6)
        assert kernels.places(data, forest, order, stand, place, 0, 5, scores)
        others = np.delete(order, place)
        for k in range(6):
            assert scores[k] == pytest.approx(trees.along(np.insert(others, k, order[place]))[0], abs=1e-8)
        moved = np.insert(others, target, order[place])
        assert kernels.move(data, forest, order, stand, place, target)
        assert order.tolist() == moved.tolist()
        anew = Stand(np.empty(6, np.int64), np.empty((6, 6), bool), np.empty((6, 6), bool))
        assert kernels.settle(data, forest, order, anew)
        assert all(np.array_equal(one, other) for one, other in zip(stand, anew, strict=True))


@given(seed=st.integers(0, 2**16))
@settings(max_examples=15)
def test_a_climb_ends_where_no_move_of_one_variable_scores_higher(seed):
    table = linear(random_dag(6, 0.7, seed), 200, seed)
    trees = GrowShrink(LocalScore(table, "bic"), Constraints.of(table.names, None), 5)
    rng = np.random.default_rng(seed)
    orders, turns = (np.array([rng.permutation(6) for _ in range(2)]) for _ in range(2))
    values = trees.climb(orders, turns, must_precede(table.names, None))
    for order, value in zip(orders, values, strict=True):
        for place, k in product(range(6), repeat=2):
            assert trees.along(np.insert(np.delete(order, place), k, order[place]))[0] <= value + 1e-5


def test_tiers_and_required_edges_that_no_order_obeys_are_named():
    known = Knowledge(tiers=[["a"], ["b"]], required=[("b", "c"), ("c", "a")])
    with pytest.raises(GraphError, match="no order of the variables obeys the knowledge: required edges lead from 'a'"):
        must_precede(("a", "b", "c"), known)
