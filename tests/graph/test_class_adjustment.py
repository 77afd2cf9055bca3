"""Adjustment in every MAG of a PAG's class: beside all graphs of three kinds of edges, all sets, and linear systems."""

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aitia.errors import CostError, GraphError
from aitia.graph import Graph, is_adjustment_set, is_mag, mag, pag
from aitia.graph import _class_adjustment as module
from aitia.graph._class_adjustment import COUNTED, class_adjustment
from aitia.graph._partial_mag import PartialMag, Steps


def selected(graph):
    """Whether an edge of a PAG speaks of selection."""
    return any(edge.symbol in ("---", "o--", "--o") for edge in graph.edges)


@st.composite
def worlds(draw, most=6):
    """A DAG of which one or two nodes are hidden, and those."""
    seen, hidden = draw(st.integers(3, most)), draw(st.integers(1, 2))
    names = draw(st.permutations("abcdefgh"[: seen + hidden]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    degree = draw(st.floats(1.0, 3.5))
    edges = [(a, b) for k, b in enumerate(names) for a in names[:k] if rng.random() < degree / (len(names) - 1)]
    return Graph(edges, sorted(names)), tuple(names[k] for k in rng.permutation(len(names))[:hidden])


def every_mag(graph):
    """All MAGs with the PAG, by trying every kind of edge everywhere."""
    pairs = [(edge.left, edge.right) for edge in graph.edges]
    for symbols in product(("->", "<-", "<->"), repeat=len(pairs)):
        drawn = [f"{a} {symbol} {b}" for (a, b), symbol in zip(pairs, symbols, strict=True)]
        found = Graph(drawn, graph.nodes)
        if is_mag(found) and pag(found) == graph:
            yield found


def members(graph):
    start = PartialMag(graph)
    start.close()
    return list(start.members(Steps(100_000, "be listed")))


@settings(deadline=None, max_examples=40)
@given(worlds(most=5))
def test_the_members_are_all_mags_that_have_this_pag_each_once(world):
    graph = pag(mag(*world))
    assume(len(graph.edges) <= 7 and not selected(graph))
    found = members(graph)
    assert len(found) == len(set(found))
    assert set(found) == set(every_mag(graph))


def sets_in(member, treatments, outcome):
    """`zero`, or every set that is valid in this MAG by the criterion itself."""
    directed = Graph([edge for edge in member.edges if edge.symbol == "-->"], member.nodes)
    if outcome not in directed.descendants(treatments):
        return "zero"
    free = [name for name in member if name not in (*treatments, outcome)]
    chosen = [frozenset(z) for many in range(len(free) + 1) for z in combinations(free, many)]
    return frozenset(z for z in chosen if is_adjustment_set(member, treatments, outcome, z, read_as="mag"))


def joined(sets):
    """Sets that are valid in one member give the same there, and so in every distribution of the class."""
    groups = []
    for valid in sets:
        met = [group for group in groups if group & valid]
        groups = [group for group in groups if not group & valid] + [valid.union(*met)]
    return groups


@settings(deadline=None, max_examples=150)
@given(worlds(), st.data())
def test_answers_and_their_members_are_those_of_all_mags_and_all_sets(world, data):
    graph = pag(mag(*world))
    assume(not selected(graph))
    asked = data.draw(st.permutations(graph.nodes))
    treatments, outcome = sorted(asked[1 : 1 + data.draw(st.integers(1, 2))]), asked[0]
    every = members(graph)
    assume(len(every) <= COUNTED)
    found = class_adjustment(graph, treatments, outcome)
    answers = [sets_in(member, treatments, outcome) for member in every]
    groups = joined([valid for valid in answers if valid and valid != "zero"])
    true = Counter("zero" if valid == "zero" else "set" if valid else "none" for valid in answers)
    several = len(found.readings) > 1
    told = Counter()
    for reading in found.readings:
        kind = "zero" if not reading.effect else "none" if reading.adjustment is None else "set"
        told[kind] += reading.count or 0
        assert reading.member in every
        if kind == "set":
            (group,) = (group for group in groups if frozenset(reading.adjustment) in group)
            assert not several or reading.count == sum(bool(valid != "zero" and valid & group) for valid in answers)
    assert sum(reading.adjustment is not None for reading in found.readings) == len(groups)
    assert set(told) == set(true)
    assert not several or told == true
    assert not several or (found.members == len(every) and bool(found.deciding))
    plain = class_adjustment(graph, treatments, outcome, count=False).readings  # sets may stand there that are the same
    assert {reading.adjustment for reading in found.readings} <= {reading.adjustment for reading in plain}
    assert all(any(frozenset(r.adjustment) in group for group in groups) for r in plain if r.adjustment is not None)
    assert {(r.effect, r.identified) for r in plain} == {(r.effect, r.identified) for r in found.readings}


def covariance(dag, rng):
    """Of a linear system on the DAG, and the total effects: row i, column j what one more of i adds to j."""
    weights = np.zeros((len(dag), len(dag)))
    for edge in dag.edges:
        weights[dag.index(edge.left), dag.index(edge.right)] = rng.choice([-1, 1]) * rng.uniform(0.4, 1.2)
    total = np.linalg.inv(np.eye(len(dag)) - weights)
    return total.T @ np.diag(rng.uniform(0.5, 2.0, len(dag))) @ total, total


@settings(deadline=None, max_examples=150)
@given(worlds(), st.data())
def test_the_true_effect_of_a_linear_system_is_among_the_answers_unless_its_own_mag_leaves_it_open(world, data):
    dag, hidden = world
    true = mag(dag, hidden)
    graph = pag(true)
    assume(not selected(graph))
    x, y = data.draw(st.permutations(graph.nodes))[:2]
    sigma, total = covariance(dag, np.random.default_rng(data.draw(st.integers(0, 10**6))))

    def slope(adjusted):
        at = [dag.index(name) for name in (x, *adjusted)]
        return np.linalg.solve(sigma[np.ix_(at, at)], sigma[at, dag.index(y)])[0]

    found = class_adjustment(graph, x, y, count=False)
    answers = [0.0 if r.adjustment is None else slope(r.adjustment) for r in found.identified]
    hit = np.isclose(answers, total[dag.index(x), dag.index(y)], rtol=1e-9, atol=1e-9).any()
    if sets_in(true, [x], y):
        assert hit, (str(graph), x, y, answers)
    else:
        assert found.unidentified


def test_the_order_of_the_columns_changes_nothing():
    graph = pag(mag(Graph("c -> a; a -> x; c -> y; x -> y; a -> b; b -> y")))
    one, two = (class_adjustment(g, "x", "y") for g in (graph, graph.reorder(["y", "c", "x", "b", "a"])))
    assert len(one.readings) == 2
    assert [(set(r.adjustment or ()), r.reason, r.count) for r in one.readings] == [
        (set(r.adjustment or ()), r.reason, r.count) for r in two.readings
    ]
    ends = [{(e.left, e.right, e.symbol), (e.right, e.left, e.symbol[::-1])} for e in one.deciding]
    assert all(any((e.left, e.right, e.symbol) in both for both in ends) for e in two.deciding)
    assert len(one.deciding) == len(two.deciding) > 0


def test_a_mark_that_changes_nothing_does_not_decide():
    # By hand: x is seen to cause y through the collider at x, so that c o-> y is all that stays open, and matters not.
    graph = pag(mag(Graph("a -> x; b -> x; x -> y; c -> y")))
    found = class_adjustment(graph, "x", "y")
    assert [(r.adjustment, r.effect) for r in found.readings] == [((), True)]
    assert found.deciding == ()
    assert found.members is None


def test_bad_input_is_refused_in_a_sentence(monkeypatch):
    with pytest.raises(GraphError, match="is not a PAG"):
        class_adjustment(Graph("a o-> c; c -> d"), "a", "d")
    with pytest.raises(GraphError, match="selection"):
        class_adjustment(Graph("a o-- b"), "a", "b")
    with pytest.raises(GraphError, match="both treatment and outcome"):
        class_adjustment(Graph("a o-o b"), "a", "a")
    monkeypatch.setattr(module, "STEPS", 3)
    with pytest.raises(CostError, match="too large to tell its members apart: 3 ways to replace its circles"):
        class_adjustment(Graph("a o-o x; x o-o y"), "x", "y")
