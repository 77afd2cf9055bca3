"""Exact queries equal brute force on the mutilated network, closed forms, and pgmpy."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.do import Intervention, Normal, do
from aitia.errors import CostError, DataError, OptionError, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.scm import SCM, Linear, query, random_dag, random_discrete_scm


def brute_force(scm, outcomes, given, action):
    """P(outcomes | do(action), given) from every row of the mutilated network; None if the evidence is impossible."""
    nodes = scm.graph.nodes
    total = {}
    for codes in itertools.product(*(range(len(scm.categories(v))) for v in nodes)):
        row = dict(zip(nodes, codes, strict=True))
        if any(row[v] != code for v, code in given.items()):
            continue
        p = 1.0
        for v in nodes:
            if v in action:
                p *= row[v] == action[v]
            else:
                mechanism = scm.mechanisms[v]
                p *= mechanism.table[(*tuple(row[q] for q in mechanism.parents), row[v])]
        key = tuple(row[v] for v in outcomes)
        total[key] = total.get(key, 0.0) + p
    evidence = sum(total.values())
    return {key: p / evidence for key, p in total.items()} if evidence > 0 else None


@st.composite
def questions(draw):
    """A system of up to 5 variables, what is done, what is seen (anywhere), and what is asked."""
    d = draw(st.integers(1, 5))
    degree = draw(st.integers(0, d - 1))
    graph = random_dag(d, degree, seed=draw(st.integers(0, 10_000)))
    sizes = {v: draw(st.integers(2, 3)) for v in graph}
    sharp = draw(st.sampled_from([0.05, 1.0]))  # nearly deterministic tables too
    scm = random_discrete_scm(graph, sizes, concentration=sharp, seed=draw(st.integers(0, 10_000)))
    role = {v: draw(st.sampled_from(["do", "see", "ask", "none"])) for v in graph}
    code = {v: draw(st.integers(0, sizes[v] - 1)) for v in graph}
    asked = [v for v in graph if role[v] == "ask"] or [v for v in graph if role[v] != "see"] or [graph.nodes[0]]
    seen = {v: code[v] for v in graph if role[v] == "see" and v not in asked}
    done = {v: code[v] for v in graph if role[v] == "do"}
    return scm, asked, seen, done


@given(question=questions())
def test_every_query_equals_brute_force_on_the_mutilated_network(question):
    scm, asked, seen, done = question
    wanted = brute_force(scm, asked, seen, done)
    if wanted is None:
        with pytest.raises(DataError, match="has probability zero"):
            query(scm, asked, seen, done)
        return
    found = query(scm, asked, seen, done)
    assert found.names == tuple(asked)
    assert all(abs(p - wanted[labels]) < 1e-10 for labels, p in found)


@pytest.mark.parametrize("seed", range(20))
def test_one_target_may_be_a_parent_of_another_and_evidence_may_be_a_collider(seed):
    graph = Graph("a -> b -> c -> d; a -> c; b -> d; a -> e; d -> e")
    scm = random_discrete_scm(graph, {"a": 2, "b": 3, "c": 2, "d": 3, "e": 2}, seed=seed)
    wanted = brute_force(scm, ("d", "a"), {"e": 1}, {"b": 2, "c": 0})
    found = query(scm, ("d", "a"), {"e": 1}, "do(b=2, c=0)")
    assert all(abs(p - wanted[labels]) < 1e-12 for labels, p in found)
    # The same after the first of the two was done to the system itself.
    again = query(do(scm, b=2), ("d", "a"), {"e": 1}, {"c": 0})
    assert np.allclose(again.p, found.p, atol=1e-14)


def test_the_front_door_formula_gives_the_same_number():
    # Pearl, Causality, theorem 3.3.4: P(y | do(x)) = sum_m P(m | x) sum_x' P(y | x', m) P(x').
    scm = random_discrete_scm(Graph("u -> x; u -> y; x -> m; m -> y"), seed=5)
    joint = query(scm, ("x", "m", "y")).p
    p_x = joint.sum(axis=(1, 2))
    p_m = joint.sum(axis=2) / p_x[:, None]
    p_y = joint / joint.sum(axis=2, keepdims=True)
    front = np.einsum("m,xmy,x->y", p_m[1], p_y, p_x)
    assert np.allclose(query(scm, "y", do={"x": 1}).p, front, atol=1e-12)
    assert not np.allclose(query(scm, "y", {"x": 1}).p, front, atol=1e-3)  # seeing is not doing


def test_simpsons_paradox_by_hand():
    # Pearl, Causality, section 6.1: recovery with a drug within men and women; men take it more often.
    graph = Graph("man -> drug; man -> well; drug -> well")
    scm = SCM.from_tables(
        graph,
        {
            "man": [0.5, 0.5],
            "drug": [[0.75, 0.25], [0.25, 0.75]],
            "well": [[[0.7, 0.3], [0.8, 0.2]], [[0.3, 0.7], [0.4, 0.6]]],
        },
    )
    assert graph.parents("well") == ("man", "drug")
    assert query(scm, "well", {"drug": 1})[1] == pytest.approx(0.5)  # 20 of 40
    assert query(scm, "well", {"drug": 0})[1] == pytest.approx(0.4)  # 16 of 40
    assert query(scm, "well", do={"drug": 1})[1] == pytest.approx(0.4)
    assert query(scm, "well", do={"drug": 0})[1] == pytest.approx(0.5)


def test_a_random_intervention_mixes_the_fixed_ones(survey):
    mixed = query(survey, "y", {"s": 1}, "do(x=Categorical({low: 0.3, high: 0.7}))")
    joint = sum(
        weight * query(survey, ("y", "s"), do={"x": label}).p[:, 1] for label, weight in (("low", 0.3), ("high", 0.7))
    )
    assert np.allclose(mixed.p, joint / joint.sum(), atol=1e-12)


def test_sampling_agrees(survey):
    n = 40_000
    rows = do(survey, x="mid").sample(n, seed=1)
    seen = rows.labels("s") == 1
    share = float((rows.labels("y")[seen] == 1).mean())
    exact = query(survey, "y", {"s": 1}, {"x": "mid"})[1]
    assert abs(share - exact) < 5 * np.sqrt(exact * (1 - exact) / seen.sum())


def test_pgmpy_gives_the_same_numbers():
    pytest.importorskip("pgmpy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.factors.discrete import TabularCPD
        from pgmpy.inference import VariableElimination
        from pgmpy.models import DiscreteBayesianNetwork

        graph = random_dag(8, 3, seed=7)
        scm = random_discrete_scm(graph, 3, seed=7)
        network = DiscreteBayesianNetwork([(e.left, e.right) for e in graph.edges])
        network.add_nodes_from(graph.nodes)
        for v in graph:
            parents = list(graph.parents(v))
            table = scm.mechanisms[v].table.reshape(-1, 3).T
            network.add_cpds(TabularCPD(v, 3, table, evidence=parents, evidence_card=[3] * len(parents)))
        target = max(graph, key=lambda v: len(graph.descendants(v)) * len(graph.parents(v)))
        below = [v for v in graph.descendants(target) if v != target]
        outcome, seen = below[-1], graph.parents(target)[0]
        cut = network.do([target])
        cut.remove_cpds(target)
        cut.add_cpds(TabularCPD(target, 3, [[0.0], [1.0], [0.0]]))
        theirs = VariableElimination(cut).query([outcome], evidence={seen: 2}, show_progress=False).values
        assert np.allclose(query(scm, outcome, {seen: 2}, {target: 1}).p, theirs, atol=1e-10)
        seeing = VariableElimination(network).query([outcome], evidence={seen: 2, target: 1}, show_progress=False)
        assert np.allclose(query(scm, outcome, {seen: 2, target: 1}).p, seeing.values, atol=1e-10)


def test_a_long_chain_is_cheap_and_a_dense_graph_is_refused_beforehand():
    chain = random_discrete_scm(Graph([(f"v{i}", f"v{i + 1}") for i in range(199)]), 3, seed=0)
    assert query(chain, "v199", {"v0": 1}).p.sum() == pytest.approx(1)
    names = [f"h{i}" for i in range(30)]
    pairs = [(names[i], f"o{i}_{j}") for i in range(30) for j in range(i)]
    pairs += [(names[j], f"o{i}_{j}") for i in range(30) for j in range(i)]
    graph = Graph(pairs)
    scm = random_discrete_scm(graph, seed=0)
    with pytest.raises(CostError, match=r"tables of .*e\+09 cells, at most 3e\+07 are allowed: draw rows with"):
        query(scm, "h0", {v: 0 for v in graph if v.startswith("o")})


def test_bad_questions_are_refused(survey):
    with pytest.raises(UnknownVariableError, match="'w'"):
        query(survey, "w")
    with pytest.raises(OptionError, match="both outcome and evidence"):
        query(survey, "y", {"y": 1})
    with pytest.raises(OptionError, match="its labels are low, mid, high"):
        query(survey, "y", {"x": "none"})
    with pytest.raises(OptionError, match="at least one outcome"):
        query(survey, ())
    with pytest.raises(DataError, match="the evidence x = 'low' has probability zero under"):
        query(survey, "y", {"x": "low"}, {"x": "high"})
    scm = SCM(Graph("a -> b"), {"a": Linear(), "b": Linear(("a",), [1.0])})
    with pytest.raises(OptionError, match="'a' has Linear"):
        query(scm, "a", do=Intervention(b=Normal(0, 1)))
