"""Phase 3 where every coupling and evidence is given: which edge goes first, which way, and what forbids it."""

import numpy as np
import pytest

from aitia.graph import Graph
from aitia.stats.search import Orientation, Skeleton
from aitia.systems.cd_nod.model import CDNOD, RULED_OUT

A, B, C = 1, 2, 4
"""Sets of one variable, as masks."""


def begun(edges, measured, forbidden=()):
    """An orientation of variables a, b, c that all change with t, and a model that has measured this already."""
    names = ("a", "b", "c", "t")
    graph = Graph([*edges, *((name, "t") for name in names[:3])], names).skeleton()
    adjacent = [sum(1 << j for j, y in enumerate(names) if graph.has_edge(x, y)) for x in names]
    model = CDNOD()
    model.couplings_, model.evidence_, model._measured = {}, {}, measured
    ruled = np.zeros((4, 4), dtype=bool)
    for cause, effect in forbidden:
        ruled[names.index(cause), names.index(effect)] = True
    oriented = Orientation(Skeleton(names, adjacent, {}, (), 0, False), ruled)
    oriented.exogenous("t")
    return model, oriented


def arrows(oriented):
    return {(e.left, e.right) for e in oriented.graph.edges if e.symbol == "-->" and "t" not in (e.left, e.right)}


def evidences(**told):
    """Logarithms of p(effect | cause), and 0 for each variable alone and for what is not named."""
    found = {(mask, effect): 0.0 for mask in range(8) for effect in range(3)}
    return found | {(1 << "abc".index(pair[0]), "abc".index(pair[1])): value for pair, value in told.items()}


def test_the_surest_edge_goes_first_and_what_follows_from_it_overrules_weaker_evidence():
    model, oriented = begun([("a", "b"), ("b", "c")], evidences(ab=10.0, cb=1.0))
    model._by_evidence(oriented, None, "t", None)
    assert arrows(oriented) == {("a", "b"), ("b", "c")}  # b -> c: c -> b would be a collider
    assert model.evidence_ == {("a", "b"): 10.0}
    model, oriented = begun([("a", "b"), ("b", "c")], evidences(ab=1.0, cb=10.0))
    model._by_evidence(oriented, None, "t", None)
    assert arrows(oriented) == {("c", "b"), ("b", "a")}


def test_evidence_counts_the_parents_that_are_known():
    known = evidences() | {(0, 2): -3.0, (A | B, 2): 5.0, (C, 1): 4.0}
    model, oriented = begun([("a", "c"), ("b", "c"), ("a", "b")], known)
    oriented.orient(0, 2, "told")
    # Of b - c, with a among the parents of c: log p(b) + log p(c | a, b) - log p(c | a) - log p(b | c) = 0 + 5 - 0 - 4.
    assert model._bayes_factor(oriented, 1, 2, None, "t") == pytest.approx(1.0)
    assert model._bayes_factor(oriented, 2, 1, None, "t") == pytest.approx(-1.0)


def test_a_direction_that_is_forbidden_is_not_taken_whatever_the_evidence():
    model, oriented = begun([("a", "b")], evidences(ab=10.0), forbidden=[("a", "b")])
    model._by_evidence(oriented, None, "t", None)
    assert arrows(oriented) == {("b", "a")}
    assert model.evidence_ == {("b", "a"): -10.0}
    assert oriented.reasons["b", "a"] == RULED_OUT


def test_the_best_sink_goes_first_and_its_coupling_is_with_all_its_parents():
    measured = {(A | C, 1): 0.1, (B, 2): 0.5, (C, 1): 0.9}
    model, oriented = begun([("a", "b"), ("b", "c")], measured)
    oriented.orient(0, 1, "told")
    model._by_coupling(oriented, None, "t", None)
    assert arrows(oriented) == {("a", "b"), ("c", "b")}
    assert model.couplings_ == {("c", "b"): (0.9, 0.5)}


def test_a_coupling_that_points_where_it_is_forbidden_gives_the_other_direction():
    model, oriented = begun([("a", "b")], {(A, 1): 0.2, (B, 0): 0.6}, forbidden=[("a", "b")])
    model._by_coupling(oriented, None, "t", None)
    assert arrows(oriented) == {("b", "a")}
    assert model.couplings_ == {("b", "a"): (0.6, 0.2)}
    assert oriented.reasons["b", "a"] == RULED_OUT
