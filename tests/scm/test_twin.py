"""Counterfactual posteriors equal brute force over all response types, and numbers from Pearl's book."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.do import Intervention, do
from aitia.errors import CostError, DataError, OptionError
from aitia.graph.graph import Graph
from aitia.scm import SCM, counterfactual_posterior, query, random_dag, random_discrete_scm


def brute_force(scm, done, evidence, action, outcomes, given):
    """Lists every combination of the noises' intervals and solves both worlds in each."""
    nodes = scm.graph.topological_order()
    middles, widths = [], []
    for v in nodes:
        edges = {0.0, 1.0}
        for row in scm.mechanisms[v].table.reshape(-1, scm.mechanisms[v].table.shape[-1]):
            edges |= {float(min(1.0, e)) for e in itertools.accumulate(row)}
        edges = np.array(sorted(edges))
        middles.append((edges[1:] + edges[:-1]) / 2)
        widths.append(np.diff(edges))
    noise = dict(zip(nodes, (m.ravel() for m in np.meshgrid(*middles, indexing="ij")), strict=True))
    weight = np.prod([w.ravel() for w in np.meshgrid(*widths, indexing="ij")], axis=0)

    def world(held):
        x = {}
        for v in nodes:
            mechanism = scm.mechanisms[v]
            if v in held:
                x[v] = np.full(len(weight), held[v])
                continue
            rows = mechanism.table[tuple(x[p] for p in mechanism.parents)]
            rows = np.broadcast_to(rows, (len(weight), mechanism.table.shape[-1]))
            x[v] = (noise[v][:, None] >= np.cumsum(rows, axis=1)[:, :-1]).sum(axis=1)
        return x

    fact, twin = world(done), world({**done, **action})
    fits = np.ones(len(weight), dtype=bool)
    for v, code in evidence.items():
        fits &= fact[v] == code
    for v, code in given.items():
        fits &= twin[v] == code
    total = weight[fits].sum()
    if total < 1e-12:
        return None, total
    shape = [len(scm.categories(v)) for v in outcomes]
    p = np.zeros(shape)
    np.add.at(p, tuple(twin[v][fits] for v in outcomes), weight[fits] / total)
    return p, total


@st.composite
def questions(draw):
    d = draw(st.integers(1, 5))
    graph = random_dag(d, min(d - 1, draw(st.sampled_from([1.0, 1.5, 2.0]))), seed=draw(st.integers(0, 10_000)))
    sizes = {v: draw(st.integers(2, 3 if d < 4 else 2)) for v in graph}
    scm = random_discrete_scm(
        graph, sizes, concentration=draw(st.sampled_from([0.1, 1.0])), seed=draw(st.integers(0, 999))
    )

    def some(most):
        chosen = draw(st.lists(st.sampled_from(graph.nodes), max_size=most, unique=True))
        return {v: draw(st.integers(0, sizes[v] - 1)) for v in chosen}

    outcomes = draw(st.lists(st.sampled_from(graph.nodes), min_size=1, max_size=2, unique=True))
    given = {v: code for v, code in some(1).items() if v not in outcomes}
    return scm, some(1), some(d), some(2), outcomes, given


@settings(max_examples=150)
@given(question=questions())
def test_every_posterior_equals_brute_force_over_the_response_types(question):
    scm, done, evidence, action, outcomes, given = question
    wanted, likely = brute_force(scm, done, evidence, action, outcomes, given)
    system = do(scm, done)
    if wanted is None:
        with pytest.raises((DataError, OptionError), match=r"probability zero|cannot differ"):
            counterfactual_posterior(system, evidence, action, outcomes, given=given)
        return
    found = counterfactual_posterior(system, evidence, action, outcomes, given=given)
    assert found.names == tuple(outcomes)
    assert np.allclose(found.p, wanted, atol=1e-10 + 1e-14 / likely)  # both sides round the intervals' ends


def test_the_firing_squad():
    # Pearl, Causality, section 7.1.2: the court orders with p, rifleman A is nervous with q; the prisoner is dead.
    # Had A not fired, he would be alive with (1 - p) q / (1 - (1 - p)(1 - q)).
    p, q = 0.6, 0.2
    scm = SCM.from_tables(
        Graph("order -> a; order -> b; a -> dead; b -> dead"),
        {
            "order": [1 - p, p],
            "a": [[1 - q, q], [0, 1]],
            "b": [[1, 0], [0, 1]],
            "dead": [[[1, 0], [0, 1]], [[0, 1], [0, 1]]],
        },
    )
    found = counterfactual_posterior(scm, {"dead": 1}, {"a": 0}, "dead")
    assert found[0] == pytest.approx((1 - p) * q / (1 - (1 - p) * (1 - q)))
    # Section 7.1.1: without the nervous rifleman the prisoner would be dead in any case.
    calm = SCM.from_tables(scm.graph, {**scm.mechanisms, "a": scm.mechanisms["b"]})
    assert counterfactual_posterior(calm, {"dead": 1}, {"a": 0}, "dead")[1] == pytest.approx(1)


def test_the_probability_of_necessity_under_monotonicity():
    # Pearl, Causality, theorem 9.2.14 without confounding: PN = (P(y|x) - P(y|x')) / P(y|x); we are monotone.
    scm = SCM.from_tables(Graph("x -> y"), {"x": [0.5, 0.5], "y": [[0.7, 0.3], [0.2, 0.8]]})
    found = counterfactual_posterior(scm, {"x": 1, "y": 1}, {"x": 0}, "y")
    assert found[0] == pytest.approx((0.8 - 0.3) / 0.8)


def test_without_evidence_it_is_the_interventional_distribution(survey):
    for action in ({"x": "low"}, {"m": 1, "x": "high"}):
        exact = query(survey, ("y", "s"), do=action)
        assert np.allclose(counterfactual_posterior(survey, {}, action, ("y", "s")).p, exact.p, atol=1e-12)
    seen = query(survey, "c", {"s": 1, "y": 0})
    assert np.allclose(counterfactual_posterior(survey, {"s": 1, "y": 0}, {}, "c").p, seen.p, atol=1e-12)


def test_counterfactual_rows_are_draws_from_the_posterior(survey):
    fact = {"c": 1, "x": "mid", "m": 0, "y": 1, "s": 0}
    rows = survey.sample(20_000, seed=4)
    fits = np.all([rows.labels(v) == label for v, label in fact.items()], axis=0)
    facts = rows.take(np.resize(np.flatnonzero(fits), 20_000))
    drawn = survey.counterfactual(facts, Intervention(x="high"), seed=5)
    exact = counterfactual_posterior(survey, fact, {"x": "high"}, "y")[1]
    share = float((drawn.labels("y") == 1).mean())
    assert abs(share - exact) < 5 * np.sqrt(max(exact * (1 - exact), 1e-3) / 20_000)


def test_too_many_response_types_are_refused_beforehand():
    parents = [f"p{i}" for i in range(12)]
    graph = Graph([(p, "y") for p in parents])
    scm = random_discrete_scm(graph, {**dict.fromkeys(parents, 2), "y": 4}, seed=0)
    with pytest.raises(CostError, match=r"the noise of 'y' has 122\d\d response types, .*draw rows"):
        counterfactual_posterior(scm, {"y": 1}, {"p0": 1}, "y")


def test_impossible_evidence_and_contradictions_are_refused(survey):
    with pytest.raises(DataError, match="the evidence x = 'low', y = 1 has probability zero under"):
        counterfactual_posterior(do(survey, x="mid"), {"x": "low", "y": 1}, {"m": 1}, "y")
    with pytest.raises(OptionError, match="does not reach 'c'"):
        counterfactual_posterior(survey, {"c": 0}, {"x": "low"}, "y", given={"c": 1})
    with pytest.raises(OptionError, match="both outcome and given"):
        counterfactual_posterior(survey, {}, {"x": "low"}, "y", given={"y": 1})
