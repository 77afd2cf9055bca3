"""Answers against data: what is open is oriented by a model that passed a test, what the data tell is never touched."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.systems.pywhy_llm.models import always_first, who_knows

from aitia.errors import DataError, OptionError
from aitia.graph import Graph
from aitia.graph.enumeration import markov_equivalence_class
from aitia.graph.equivalence import cpdag
from aitia.systems.pywhy_llm import PywhyLlm, Verdict, consulted
from aitia.systems.pywhy_llm.refuting import CHANCE, ORDERS, _may_lead, chances, pairs_of

NAMES = [f"factor {c}" for c in "abcdef"]


def said(answers, confidence=1.0):
    return [Verdict(a, confidence if a in ("->", "<-") else 0.0, (a, a), ("", ""), 1) for a in answers]


def random_dag(random, edges=7):
    order = random.permutation(NAMES).tolist()
    pairs = [*combinations(order, 2)]
    return Graph([pairs[k] for k in random.choice(len(pairs), edges, replace=False)], nodes=NAMES)


def truth_of(dag, pairs):
    return ["->" if b in dag.descendants(a) else "<-" if a in dag.descendants(b) else "neither" for a, b in pairs]


@given(st.integers(0, 2**30), st.sampled_from([0.0, 0.5, 1.0]))
def test_what_comes_out_is_a_part_of_the_class(seed, error):
    """Whatever is said: skeleton and compelled arrows stay, and some member of the class has every arrow."""
    random = np.random.default_rng(seed)
    dag = random_dag(random)
    graph, pairs = cpdag(dag), [*combinations(NAMES, 2)]
    turned = {"->": "<-", "<-": "->", "neither": "->"}
    answers = [turned[a] if random.random() < error else a for a in truth_of(dag, pairs)]
    came = consulted(graph, pairs, said(answers), trust="always")
    arrows = {(e.left, e.right) for e in came.graph.edges if e.symbol == "-->"}
    assert {frozenset((e.left, e.right)) for e in came.graph.edges} == {
        frozenset((e.left, e.right)) for e in graph.edges
    }
    members = [{(e.left, e.right) for e in member.edges} for member in markov_equivalence_class(graph)]
    assert any(arrows <= member for member in members)
    assert set(came.oriented) == arrows - {(e.left, e.right) for e in graph.edges if e.symbol == "-->"}
    if error == 0.0:
        assert arrows == {(e.left, e.right) for e in dag.edges} & arrows
        assert not came.contradicted
    assert consulted(graph, pairs, said(answers), trust="never").graph == graph


@given(st.integers(0, 2**30))
def test_a_path_may_lead_where_a_member_of_the_class_has_one(seed):
    """Brute force over all members: `_may_lead` never denies a directed path that one of them has."""
    dag = random_dag(np.random.default_rng(seed), 6)
    graph = cpdag(dag)
    members = list(markov_equivalence_class(graph))
    for a, b in combinations(NAMES, 2):
        if any(b in member.descendants(a) for member in members):
            assert _may_lead(graph, a, b)


def test_a_model_is_trusted_by_what_the_data_tell():
    dag = Graph("a -> c; b -> c; c -> d; d -> e; e -> f; g -> h")
    graph = cpdag(dag)
    pairs = [*combinations(sorted(dag.nodes), 2)]
    right = truth_of(dag, pairs)
    wrong = [{"->": "<-", "<-": "->"}.get(a, a) for a in right]
    knows, inverted = consulted(graph, pairs, said(right)), consulted(graph, pairs, said(wrong))
    assert knows.trusted
    assert knows.oriented == (("g", "h"),)
    assert knows.agreed == knows.told > 8
    assert not inverted.trusted
    assert inverted.graph == graph
    assert inverted.agreed == 0
    named = {edge for edge, _ in inverted.contradicted}
    assert len(named) >= 0.5 * sum(a != "neither" for a in wrong)
    assert inverted.untestable == (("h", "g"),)
    assert "cannot test what the model says of h - g" in " ".join(inverted.warnings)


def test_without_anything_to_test_it_on_nothing_is_oriented_unless_asked_for():
    graph = Graph("a --- b; b --- c")
    pairs = [("a", "b"), ("b", "c")]
    assert consulted(graph, pairs, said(["->", "->"])).graph == graph
    assert "no direction that it could be tested on" in consulted(graph, pairs, said(["->", "->"])).reason
    always = consulted(graph, pairs, said(["->", "->"]), trust="always")
    assert str(always.graph) == "a --> b; b --> c"
    collider = consulted(graph, pairs, [*said(["->"]), *said(["<-"], 0.5)], trust="always")
    assert str(collider.graph) == "a --> b; b --> c"  # the surer answer; the other would make a collider at b
    assert collider.contradicted[0][0] == ("c", "b")


def test_a_coin_is_as_good_as_the_binomial_says():
    from scipy.stats import binom

    for tries in (1, 2, 5, 12):
        for right in range(tries + 1):
            told = {(f"cause {k}", f"effect {k}"): k < right for k in range(tries)}
            coin, order = chances(told)
            assert coin == pytest.approx(binom.sf(right - 1, tries, 0.5))
            # Pairs that share nothing are independent under an order too; 5 standard errors of so many orders.
            assert order == pytest.approx(coin, abs=5 * np.sqrt(max(coin * (1 - coin), 1e-4) / ORDERS) + 1 / ORDERS)
    assert chances({}) == (1.0, 1.0)


@given(st.integers(0, 2**30))
@settings(deadline=None, max_examples=15)
def test_an_order_is_right_as_often_as_all_orders_say(seed):
    """Against every order of the variables, counted one by one."""
    random = np.random.default_rng(seed)
    names = NAMES[: int(random.integers(2, 6))]
    pairs = [pair for pair in combinations(names, 2) if random.random() < 0.7] or [tuple(names[:2])]
    told = {pair[:: int(random.choice([-1, 1]))]: bool(random.random() < 0.7) for pair in pairs}
    true = [edge if is_so else edge[::-1] for edge, is_so in told.items()]
    agreed = [sum(o.index(a) < o.index(b) for a, b in true) for o in permutations(names)]
    exact = np.mean([k >= sum(told.values()) for k in agreed])
    assert chances(told)[1] == pytest.approx(
        exact, abs=5 * np.sqrt(max(exact * (1 - exact), 1e-4) / ORDERS) + 1 / ORDERS
    )
    assert chances(dict(reversed(told.items()))) == chances(told)  # and no order of columns or edges matters


def test_strict_trust_asks_more_than_a_coin_where_pairs_share_variables():
    """One cause of four effects, compelled: a coin is right of all four once in 16 times, an order once in 5."""
    graph = Graph("age -> cure; age -> dose; age -> pain; age -> weight; other --- thing")
    pairs = pairs_of(graph)
    arrows = {(e.left, e.right) for e in graph.edges if e.symbol == "-->"} | {("other", "thing")}
    answers = ["->" if p in arrows else "<-" if p[::-1] in arrows else "undecided" for p in pairs]
    by = {
        trust: consulted(graph, pairs, said(answers), trust=trust) for trust in ("tested", "strict", "always", "never")
    }
    assert {trust: came.trusted for trust, came in by.items()} == {
        "tested": True, "strict": False, "always": True, "never": False,
    }  # fmt: skip
    assert by["tested"].coin == 1 / 16 < CHANCE < by["tested"].order == pytest.approx(1 / 5, abs=0.05)
    assert (
        "(a coin is as often with probability 0.062, an order of the variables by chance with 0." in by["strict"].reason
    )
    assert by["tested"].oriented == (("other", "thing"),)
    assert by["strict"].graph == by["never"].graph == graph
    with pytest.raises(OptionError, match="trust is tested, strict, always, never, got 'blind'"):
        consulted(graph, pairs, said(answers), trust="blind")


def test_a_model_that_says_the_first_option_or_nothing_is_told_so():
    graph = Graph("age -> cure; dose -> cure")
    first = consulted(graph, pairs_of(graph), [Verdict("undecided", 0.0, ("->", "<-"), ("A", "A"), 2)] * 3)
    assert first.warnings == (
        "Asked both ways round, the model is undecided about all 3 pairs; of 6 answers 6 chose the first option and 0 "
        "named none.",
    )
    silent = consulted(graph, pairs_of(graph), [Verdict("undecided", 0.0, (None, None), ("?", "?"), 0)] * 3)
    assert "of 6 answers 0 chose the first option and 6 named none" in silent.warnings[0]


def test_contradictions_of_one_reason_stand_together():
    graph = Graph("age -> dose; dose -> cure; other -> cure")
    pairs = [("age", "other"), ("other", "dose"), ("cure", "age"), ("cure", "dose")]
    came = consulted(graph, pairs, said(["->", "->", "->", "->"]))
    assert came.warnings[0] == (
        "The data contradict the model: age -> other, other -> dose (the data separate them, and no path leads from "
        "one to the other); cure -> age (age causes cure by way of others); cure -> dose (the data compel dose -> "
        "cure)."
    )
    open_below = Graph("age --- dose; dose -> cure; other -> cure")
    (_, why), *_ = consulted(open_below, [("cure", "age")], said(["->"])).contradicted
    assert why == "the data separate them, and a path may lead the other way alone"


def test_denied_and_undecided_pairs_are_told():
    graph = Graph("a --> c; b --> c; c --- d")
    came = consulted(
        graph, [("a", "c"), ("c", "d"), ("a", "b"), ("b", "d")], said(["neither", "undecided", "neither", "<-"])
    )
    assert came.denied == (("a", "c"),)
    assert came.undecided == (("c", "d"),)
    assert [edge for edge, _ in came.contradicted] == [("d", "b")]
    assert "The data join what the model says is unrelated: a - c." in came.warnings
    assert any(w.startswith("Asked both ways round, the model is undecided about c - d; of 8") for w in came.warnings)


def test_all_pairs_of_few_variables_are_asked_and_of_many_those_that_are_joined():
    asked = []

    def counting(prompts, seed=0):
        asked.extend(prompts)
        return ["C"] * len(prompts)

    model = PywhyLlm().fit(None, model=counting)
    assert model.consult(Graph("a1a --> b1b; c1c --- d1d")).asked == 6
    many = Graph([(f"cause {k}", f"effect {k}") for k in range(8)])
    asked.clear()
    assert model.consult(many).asked == 8
    assert len(asked) == 16
    assert model.consult(Graph([], nodes=["cause", "effect"] + [f"other {k}" for k in range(10)])).asked == 0
    with pytest.raises(OptionError, match="take a search whose result is a CPDAG"):
        model.consult(Graph("a1a <-> b1b"))
    with pytest.raises(DataError, match="the name 'x1' holds no knowledge"):
        model.consult(Graph("x1 --> dose"))
    assert PywhyLlm().fit(None, model=always_first).consult(Graph("dose --- cure")).undecided == (("dose", "cure"),)


def test_descriptions_go_along():
    seen = []

    def keeping(prompts, seed=0):
        seen.extend(prompts)
        return who_knows(["x1", "dose"])(prompts)

    PywhyLlm().fit(None, model=keeping).consult(Graph("x1 --- dose"), {"x1": "age of the patient"})
    assert all('"x1": age of the patient' in prompt for prompt in seen)
