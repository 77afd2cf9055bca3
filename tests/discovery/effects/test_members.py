"""All members of a class answer: parents' sets beside enumeration, effects beside least squares, PAGs and no effect."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.discovery import discover, estimate_effect
from aitia.discovery.effects import Search
from aitia.discovery.effects.members import members
from aitia.discovery.effects.over import _possible
from aitia.errors import CostError, IdentifiabilityError
from aitia.graph import Graph, Knowledge, apply, cpdag, markov_equivalence_class


@st.composite
def dags(draw):
    names = draw(st.permutations("abcdef"))[: draw(st.integers(2, 6))]
    pairs = [(a, b) for k, b in enumerate(names) for a in names[:k] if draw(st.booleans())]
    return Graph(pairs, sorted(names))


@settings(deadline=None, max_examples=80)
@given(dags(), st.integers(0, 5), st.integers(0, 5))
def test_parents_sets_are_those_of_all_members(dag, one, two):
    graph = cpdag(dag)
    targets = sorted({graph.nodes[one % len(graph)], graph.nodes[two % len(graph)]})
    every = {tuple(frozenset(m.parents(t)) for t in targets) for m in markov_equivalence_class(graph)}
    found = [tuple(frozenset(m.parents(t)) for t in targets) for m in members(graph, targets)]
    assert set(found) == every
    assert len(found) == len(every), "each once"


@settings(deadline=None, max_examples=40)
@given(dags(), st.data())
def test_so_they_are_under_background_knowledge(dag, data):
    edge = data.draw(st.sampled_from(dag.edges)) if dag.edges else None
    known = Knowledge(required=[] if edge is None else [(edge.left, edge.right)])
    graph = apply(cpdag(dag), known)
    target = data.draw(st.sampled_from(graph.nodes))
    every = {frozenset(m.parents(target)) for m in markov_equivalence_class(graph)}
    assert {frozenset(m.parents(target)) for m in members(graph, [target])} == every


@pytest.fixture(scope="module")
def chain():
    rng = np.random.default_rng(0)
    a = rng.normal(size=500)
    b = 0.8 * a + rng.normal(size=500)
    c = 0.7 * b + 0.4 * a + rng.normal(size=500)
    return Table.of({"a": a, "b": b, "c": c})


def slope(rows, x, y, adjusted):
    X = np.column_stack([np.ones(rows.n), *(rows.column(n) for n in (x, *adjusted))])
    return np.linalg.lstsq(X, rows.column(y), rcond=None)[0][1]


def test_effects_of_a_class_are_the_least_squares_of_ida(chain):
    graph = Graph("a --- b --- c --- a")
    found = estimate_effect(graph, chain, "b=1", "c", against="b=0", resamples=60)
    by_parents = {"": slope(chain, "b", "c", ()), "a": slope(chain, "b", "c", ("a",)), "c": 0.0}
    told = sorted(m.estimate for m in found.members)
    np.testing.assert_allclose(told, sorted(by_parents.values()), rtol=1e-9)
    assert np.isnan(found.estimate)
    assert found.low == 0 < found.high
    assert found.range_line == f"0 to {max(told):.4g}: the directions of b - a, b - c decide"
    assert "the members of the equivalence class" in found.because
    assert len(found.to_json()["members"]) == 3
    assert found.range_line in found.lines()


def test_an_edge_that_does_not_matter_leaves_one_answer(chain):
    rows = chain.with_columns({"d": np.random.default_rng(2).normal(size=500)})
    graph = Graph("d --- a; a -> b; b -> c; a -> c")
    assert estimate_effect(graph, rows, "b=1", "c", against="b=0", resamples=5).members == ()
    alone = estimate_effect(Graph("b --- c"), chain, "b=1", "c", against="b=0", resamples=20)
    assert alone.range_line.endswith(": the direction of b - c decides")
    assert alone.range_line.startswith("0 to ")


def test_too_many_open_edges_are_refused():
    names = [f"v{k}" for k in range(14)]
    graph = Graph("; ".join(f"x --- {name}" for name in names))
    with pytest.raises(CostError, match="14 edges at x have no direction"):
        list(members(graph, ["x"]))


def test_a_pag_is_answered_where_an_adjustment_set_gives_it(chain):
    # a is an instrument-like ancestor, so that b --> c is visible and nothing needs to be adjusted for.
    graph = Graph("a o-> b; d o-> b; b -> c")
    rows = chain.with_columns({"d": np.random.default_rng(1).normal(size=500)})
    found = estimate_effect(graph, rows, "b=1", "c", against="b=0", resamples=5)
    assert found.estimate == pytest.approx(slope(rows, "b", "c", ()), rel=1e-9)
    with pytest.raises(IdentifiabilityError, match="is zero in 2 of the 3 members of the class, not"):
        estimate_effect(Graph("b o-o c"), rows, "b=1", "c", against="b=0", read_as="pag")


def test_what_is_zero_by_the_graph_is_told_so_and_has_no_interval(chain):
    found = estimate_effect(Graph("a -> b -> c <- a"), chain, "c=1", "a", against="c=0")
    assert str(found) == "do(c=1) changes a by 0 against do(c=0): no directed path in this graph"
    assert (found.estimate, found.zero) == (0.0, True)
    assert np.isnan([found.low, found.high]).all()
    assert "it has no interval" in found.because
    ratio = estimate_effect(Graph("a -> b"), chain.with_columns({"b": np.array(["u", "v"])[np.arange(500) % 2]}),
                            "b=u", "a", against="b=v", scale="ratio")  # fmt: skip
    assert ratio.estimate == 1


@settings(deadline=None, max_examples=60)
@given(dags(), st.data())
def test_a_path_in_some_member_is_found_where_listing_the_members_finds_one(dag, data):
    graph = cpdag(dag)
    if dag.edges and data.draw(st.booleans()):
        edge = data.draw(st.sampled_from(dag.edges))
        graph = apply(graph, Knowledge(required=[(edge.left, edge.right)]))
    every = list(markov_equivalence_class(graph))
    for a in graph.nodes:
        reached = {b for b in graph.nodes if b != a and _possible(graph, [a], b)}
        assert reached == set().union(*(m.descendants(a) for m in every)) - {a}


def test_a_path_that_only_some_members_have_is_told_beside_the_share_of_directed_ones():
    rng = np.random.default_rng(0)
    a = rng.normal(size=600)
    b = a + rng.normal(size=600)
    found = discover({"a": a, "b": b, "c": b + rng.normal(size=600)}, test="fisher-z", bootstrap=0)
    search = Search.of(found, 20)
    effect = estimate_effect(found.graph, found.table, "a=1", "c", against="a=0", search=search, resamples=40)
    told = "0% of the graphs from 20 random halves of the rows, and in some members of the classes of a further 100%"
    assert any(line.endswith(f"a directed path in {told}") for line in effect.lines())
    over = effect.to_json()["over_graphs"]
    assert (over["directed_path"], over["possible_path"]) == (0.0, 1.0)


def test_gaps_that_were_filled_are_told_where_the_first_member_has_no_path():
    rng = np.random.default_rng(0)
    age = rng.normal(size=120)
    dose = age + rng.normal(size=120)
    recovery = dose + age + rng.normal(size=120)
    dose[:30] = np.nan
    table = Table.of({"age": age, "dose": dose, "recovery": recovery})
    found = estimate_effect(
        Graph("age --- dose; age --- recovery; dose --- recovery"), table, "do(dose=1)", "recovery",
        against="do(dose=0)", missing="impute", resamples=40,
    )  # fmt: skip
    assert found.members[0].estimate == 0
    assert (found.imputations, found.resamples) == (20, 40)
    assert "gaps filled 20 times (Rubin's rules)" in found.covers_line


def test_effects_over_bootstrap_graphs_of_filled_tables_say_that_they_take_whole_rows(chain):
    values = chain.column("c").copy()
    values[:20] = np.nan
    table = chain.with_columns({"c": values})
    found = discover(table, bootstrap=0)
    how = {"against": "do(b=0)", "resamples": 40, "search": Search.of(found, 3)}
    told = "effects over bootstrap graphs take whole rows, and this is --missing impute"
    assert told in estimate_effect(found.graph, found.table, "do(b=1)", "c", missing="impute", **how).warnings
    plain = estimate_effect(found.graph, found.table, "do(b=1)", "c", **how).warnings
    assert not any("over bootstrap graphs take" in line for line in plain)
