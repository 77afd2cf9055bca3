"""The search with an oracle that knows the graph, and the compiled search beside the general one."""

from math import exp, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.errors import CostError, DataError
from aitia.graph import Graph, Knowledge, apply, cpdag, is_cpdag, is_separated
from aitia.scm import random_dag
from aitia.stats.independence import FisherZ, IndependenceTest, Tested
from aitia.stats.search import (
    Asker,
    Constraints,
    Orientation,
    Skeleton,
    _fisher_z_kernel,
    check_table,
    choose_test,
    find_skeleton,
    partial_correlation_skeleton,
    table_warnings,
)
from aitia.stats.search.functions import determines
from aitia.systems.pc.model import PC


class Oracle(IndependenceTest):
    """Answers by separation in a graph: 1 where separated, else 0."""

    name = "oracle"
    title = "separation in the true graph"

    def __init__(self, graph):
        super().__init__(Table.of({name: np.arange(12.0) for name in graph.nodes}))
        self.graph = graph
        self.asked = 0

    def _one(self, x, y, given):
        self.asked += 1
        return Tested(0.0, float(is_separated(self.graph, x, y, given)), 12)

    def cost(self, given):
        return 1e-6


def search(graph, rule="strongest-first", knowledge=None):
    limits = Constraints.of(graph.nodes, knowledge)
    asker = Asker(Oracle(graph))
    skeleton = find_skeleton(asker, alpha=0.5, max_depth=99, limits=limits)
    oriented = Orientation(skeleton, limits.forbidden)
    oriented.known()
    oriented.colliders(rule, asker, 0.5, 99)
    oriented.close(with_knowledge=knowledge is not None)
    return oriented


@pytest.fixture(scope="module")
def dags():
    return [random_dag(d, degree=2.5, seed=seed) for d in (4, 6, 8) for seed in range(25)]


@pytest.mark.parametrize("rule", ["strongest-first", "majority", "conservative", "max-p"])
def test_with_an_oracle_the_true_cpdag_is_found_by_every_rule(rule, dags):
    for dag in dags[:: 1 if rule == "strongest-first" else 3]:
        oriented = search(dag, rule)
        assert oriented.graph == cpdag(dag)
        assert not oriented.conflicts
        assert not oriented.ambiguous


class Told:
    """Answers for x and z by a table of p-values, by the set that is given; of others x is what separates them."""

    def __init__(self, values):
        self.values = values

    def ask(self, triples, what):
        values = [
            self.values.get("".join(given), 0.0) if {a, b} == {"x", "z"} else float("x" in given)
            for a, b, given in triples
        ]
        return [Tested(0.0, value, 12) for value in values]


@pytest.mark.parametrize(
    ("values", "majority", "conservative", "max_p"),
    [
        ({"": 0.9, "w": 0.6}, True, True, True),  # y is in none of the sets that separate x and z
        ({"y": 0.9, "yw": 0.6}, False, False, False),  # in all of them
        ({"": 0.6, "w": 0.6, "y": 0.9}, True, None, False),  # in one of three
        ({"": 0.9, "y": 0.6, "yw": 0.6}, False, None, True),  # in two of three
        ({"": 0.6, "y": 0.9}, None, None, False),  # in half of them
    ],
)
def test_sets_that_contradict_each_other_are_settled_by_the_rule(values, majority, conservative, max_p):
    """x - y - z and x - w, where the sets that separate x and z hold y or do not."""
    names = ("x", "y", "z", "w")
    skeleton = Skeleton(names, (0b1010, 0b0101, 0b0010, 0b0001), {(0, 2): (0,)})
    for rule, wanted in (("majority", majority), ("conservative", conservative), ("max-p", max_p)):
        oriented = Orientation(skeleton, np.zeros((4, 4), dtype=bool))
        oriented.colliders(
            rule, Told({"".join(n for n in names if n in given): p for given, p in values.items()}), 0.5, 9
        )
        arrows = {(e.left, e.right) for e in oriented.graph.edges if e.symbol == "-->"}
        assert ({("x", "y"), ("z", "y")} <= arrows) is (wanted is True), rule
        assert bool({(0, 1, 2), (2, 1, 0)} <= oriented.ambiguous) is (wanted is None), rule


def oriented_from(edges, arrows):
    """The orientation of a skeleton over i, j, k, l in which these arrows are told."""
    names = "ijkl"
    graph = Graph([tuple(edge) for edge in edges], tuple(names))
    adjacent = [sum(1 << n for n in range(4) if graph.has_edge(a, names[n])) for a in names]
    found = Orientation(Skeleton(tuple(names), adjacent, {}), np.zeros((4, 4), dtype=bool))
    for cause, effect in arrows:
        assert found.orient(names.index(cause), names.index(effect), "told")
    return found


class Strengths:
    """Answers for two that are apart by the logarithm of p, by names and the set that is given; of others 0."""

    def __init__(self, logs):
        self.logs = {(frozenset(pair), given): log for (pair, given), log in logs.items()}

    def ask(self, triples, what):
        return [Tested(0.0, exp(self.logs.get((frozenset((a, b)), "".join(g)), 0.0)), 12) for a, b, g in triples]


@pytest.mark.parametrize("weaker", [0, 1])
def test_of_two_colliders_on_one_edge_the_stronger_stands_and_the_other_is_named(weaker):
    """i - j - k - l, where i -> j <- k and j -> k <- l both have evidence."""
    strong, weak = ("jl", "ik") if weaker else ("ik", "jl")
    middle = {"ik": "j", "jl": "k"}
    logs = {(strong, middle[strong]): -9.0, (weak, middle[weak]): -4.0}
    skeleton = Skeleton(tuple("ijkl"), (0b0010, 0b0101, 0b1010, 0b0100), {(0, 2): (0,), (1, 3): (0,), (0, 3): (2, 4)})
    found = Orientation(skeleton, np.zeros((4, 4), dtype=bool))
    found.colliders("strongest-first", Strengths(logs), 0.05, 9)
    ends, at = strong, middle[strong]
    arrows = {(e.left, e.right) for e in found.graph.edges if e.symbol == "-->"}
    assert {(ends[0], at), (ends[1], at)} <= arrows
    assert len(found.conflicts) == 1
    assert f"that {middle[weak]} is a collider between {weak[0]} and {weak[1]}" in found.conflicts[0]


def test_where_no_collider_makes_a_dag_the_weakest_verdict_gives_way():
    """i - j - k - l - i with every middle taken as no collider: no DAG has no collider on a cycle of four."""
    skeleton = Skeleton(tuple("ijkl"), (0b1010, 0b0101, 0b1010, 0b0101), {(0, 2): (0b1010,), (1, 3): (0b0101,)})
    logs = {("ik", "j"): -9.0, ("ik", "l"): -7.0, ("jl", "i"): -8.0, ("jl", "k"): -3.0}
    found = Orientation(skeleton, np.zeros((4, 4), dtype=bool))
    found.colliders("strongest-first", Strengths(logs), 0.05, 9)
    found.close(with_knowledge=False)
    assert found.graph.parents("i") == ("j", "l")  # the evidence that i is no collider is the weakest of the four
    assert is_cpdag(found.graph)
    assert len(found.conflicts) == 1


@pytest.mark.parametrize("arrows", [["jl", "kl"], ["jk", "kl"]])  # as the third rule has them, as the fourth
def test_the_rules_that_ask_for_two_that_are_apart_leave_four_that_are_all_adjacent_alone(arrows):
    """i may come first or last in both: every edge of i points either way."""
    found = oriented_from(["ij", "ik", "il", "jk", "jl", "kl"], arrows)
    found.close(with_knowledge=True)
    assert sorted(e.symbol for e in found.graph.edges if "i" in (e.left, e.right)) == ["---"] * 3


def test_with_knowledge_the_arrows_are_those_of_the_class_that_obeys_it(dags):
    for dag in dags[:30]:
        order = dag.topological_order()
        knowledge = Knowledge(tiers=[order[: len(order) // 2], order[len(order) // 2 :]])
        assert search(dag, knowledge=knowledge).graph == apply(cpdag(dag), knowledge)


def test_every_arrow_has_its_reason(dags):
    for dag in dags:
        oriented = search(dag)
        assert set(oriented.reasons) == {(e.left, e.right) for e in oriented.graph.edges if e.symbol == "-->"}


def data(seed, nodes=8, n=150):
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((nodes, nodes)) < 0.4, 1) * rng.uniform(0.3, 1, (nodes, nodes))
    x = np.zeros((n, nodes))
    for j in range(nodes):
        x[:, j] = x @ weights[:, j] + rng.standard_normal(n)
    return Table.of(x[:, rng.permutation(nodes)])


@given(seed=st.integers(0, 10_000), depth=st.sampled_from([0, 1, 2, 99]), jobs=st.integers(1, 2))
def test_the_compiled_search_gives_what_the_general_one_gives(seed, depth, jobs):
    table = data(seed)
    test = FisherZ(table)
    knowledge = Knowledge(forbidden=[("x0", "x1"), ("x1", "x0")], required=[("x2", "x3")]) if seed % 2 else None
    limits = Constraints.of(table.names, knowledge)
    slow = find_skeleton(Asker(test), alpha=0.05, max_depth=depth, limits=limits)
    fast = partial_correlation_skeleton(
        test.correlation, test.n, test.names, alpha=0.05, max_depth=depth, limits=limits, jobs=jobs
    )
    assert list(fast.adjacent) == list(slow.adjacent)
    assert dict(fast.separators) == dict(slow.separators)
    assert fast.capped == slow.capped
    assert fast.count == slow.count
    weakest = {}
    for t in slow.tests:
        pair = frozenset((t.x, t.y))
        weakest[pair] = max(weakest.get(pair, -inf), t.p_value)
    for t in fast.tests:
        assert t.p_value == pytest.approx(weakest[frozenset((t.x, t.y))], abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_plain_and_compiled_tests_of_partial_correlation_agree_to_the_last_bit(seed, monkeypatch):
    test = FisherZ(data(seed))
    found = []
    for loading in (10**9, -1):
        monkeypatch.setattr(_fisher_z_kernel, "LOADING", loading)
        found.append(
            partial_correlation_skeleton(
                test.correlation,
                test.n,
                test.names,
                alpha=0.05,
                max_depth=9,
                limits=Constraints.of(test.names, None),
            )
        )
    plain, compiled = found
    assert (plain.count, list(plain.adjacent)) == (compiled.count, list(compiled.adjacent))
    assert dict(plain.separators) == dict(compiled.separators)
    assert [(t.given, t.p_value) for t in plain.tests] == [(t.given, t.p_value) for t in compiled.tests]


def test_in_the_compiled_search_threads_change_nothing():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 220))
    x[:, 1:] += 0.5 * x[:, :-1]
    one, two = (PC(test="fisher-z", alpha=0.01, jobs=jobs).fit(x) for jobs in (1, 2))
    assert one.graph_ == two.graph_
    assert one.skeleton_.separators == two.skeleton_.separators


def test_answers_are_kept_in_the_store_and_not_asked_again():
    graph = Graph("a -> b -> c; a -> d <- c")
    store, told = {}, []
    first = Asker(Oracle(graph), store, lambda *p: told.append(p))
    limits = Constraints.of(graph.nodes, None)
    options = {"alpha": 0.5, "max_depth": 9, "limits": limits}
    skeleton = find_skeleton(first, **options)
    again = Asker(Oracle(graph), store)
    assert find_skeleton(again, **options).adjacent == skeleton.adjacent
    assert again.test.asked == 0
    assert told
    assert all(0 <= done <= total for _, done, total in told)


def test_contradicting_tests_leave_no_cycle_and_no_two_headed_edge():
    for seed in range(40):
        learner = PC(test="fisher-z", alpha=0.2).fit(data(seed, nodes=10, n=40))
        assert learner.graph_.is_pdag
        assert learner.graph_.is_acyclic


def test_hours_of_tests_are_refused_unless_accepted():
    oracle = Oracle(Graph("a -> b -> c; a -> c"))
    oracle.cost = lambda given: 5000.0
    limits = Constraints.of(oracle.names, None)
    with pytest.raises(CostError, match="accept the cost"):
        find_skeleton(Asker(oracle), alpha=0.5, max_depth=9, limits=limits)
    find_skeleton(Asker(oracle), alpha=0.5, max_depth=9, limits=limits, accept_cost=True)


# -- checks of the table -----------------------------------------------------------------------------------------------


def columns(n=60):
    return dict(zip("abc", np.random.default_rng(0).normal(size=(3, n)), strict=True))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"d": np.ones(60)}, "d: every row has the same value"),
        ({"d": columns()["a"] * -3 + 2}, "'d' repeats 'a' up to scale"),
        ({"d": columns()["a"] + columns()["b"]}, "'d' follows exactly from a, b"),
        ({"d": np.where(np.arange(60) < 5, np.nan, columns()["a"])}, r"values are missing: d \(5 of 60\)"),
        ({"d": ["u", "v"] * 30, "e": ["v", "u"] * 30}, "'e' repeats 'd'"),
        ({"d": [f"patient {k}" for k in range(60)]}, "'d' has 60 labels in 60 rows: it names the rows"),
        (
            {"d": [*map(str, range(12)), "unknown"] + ["3"] * 47},
            r"'d' holds numbers, but also text such as 'unknown' \(row 12\)",
        ),
    ],
)
def test_a_table_that_cannot_be_searched_is_refused_in_one_sentence(change, sentence):
    with pytest.raises(DataError, match=sentence):
        check_table(Table.of({**columns(), **change}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"d": columns(300)["a"] ** 2}, "'d' follows exactly from 'a'"),
        ({"d": np.where(columns(300)["a"] > 0.5, "high", "low")}, "'d' follows exactly from 'a'"),
        ({"d": list("uvwx") * 75, "e": list("ssrr") * 75}, "'e' follows exactly from 'd'"),
        ({"d": list("uvwx") * 75, "e": [1.5, 2.5, 1.5, 0.0] * 75}, "'e' follows exactly from 'd'"),
    ],
)
def test_a_column_that_another_one_determines_is_refused_where_the_test_would_see_it(change, sentence):
    table = Table.of({**columns(300), **change})
    check_table(table)
    with pytest.raises(DataError, match=sentence):
        PC(test="kci").fit(table)


def test_what_is_nearly_a_function_is_none():
    rng = np.random.default_rng(0)
    x = np.sort(rng.normal(size=400))
    table = Table.of(
        {
            "x": x,
            "noisy": x**2 + 0.01 * rng.normal(size=400),
            "step": np.where(x + 0.05 * rng.normal(size=400) > 0, "high", "low"),
            "group": rng.integers(0, 50, 400).astype(str),
            "rare": np.where(np.arange(400) == 7, "yes", "no"),
        }
    )
    pairs = [(a, b) for a in table.names for b in table.names if a != b]
    assert not [pair for pair in pairs if determines(table, (pair[0],), pair[1])]


def test_functions_that_a_search_survives_are_told_to_its_reader():
    rng = np.random.default_rng(0)
    a, b, site = rng.integers(0, 3, 600), rng.integers(0, 3, 600), np.repeat(np.arange(6), 100)
    names = np.array(["r", "s", "t"])
    table = Table.of({"a": names[a], "b": names[b], "c": names[(a + b) % 3], "place": names[site % 3], "site": site})
    told = " ".join(table_warnings(table, context="site"))
    assert "c follows exactly from a and b together" in told
    assert "place follows exactly from the context 'site'" in told


def test_a_bootstrap_sample_that_cannot_be_searched_is_drawn_again():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 200)
    labels = {"a": a, "b": a ^ (rng.random(200) < 0.2), "rare": np.arange(200) == 5}
    table = Table.of({name: np.array(["no", "yes"])[v.astype(int)] for name, v in labels.items()})
    found = PC(test="chi2", bootstrap=20).fit(table)  # a third of the samples lack the rare label
    assert found.edge_frequencies_.graphs == 20
    assert found.edge_frequencies_.share("a", "b") == 1.0


def test_too_few_rows_or_columns_are_refused():
    with pytest.raises(DataError, match="fewer than ten"):
        check_table(Table.of(columns(5)))
    with pytest.raises(DataError, match="two variables"):
        check_table(Table.of({"a": columns()["a"]}))


def bowl(n):
    x, noise = np.random.default_rng(0).normal(size=(2, n))
    return Table.of({"x": x, "y": x**2 + 0.5 * noise})


def likert(n, kinds=None):
    x, noise = np.random.default_rng(0).normal(size=(2, n))
    made = {"a": x, "b": x + noise}
    return Table.of({name: np.digitize(v, [-1.5, -0.5, 0.5, 1.5]) for name, v in made.items()}, kinds=kinds or {})


def bowl_of_labels(n):
    """Three labels and two numbers, of which one bends with the other."""
    table = bowl(n)
    return table.with_columns({"label": np.array(list("uvw"))[np.random.default_rng(2).integers(0, 3, n)]})


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (Table.of(np.random.default_rng(0).normal(size=(300, 3))), "fisher-z"),
        (Table.of({"a": ["u", "v"] * 50, "b": [0, 1, 1, 1] * 25}), "chi2"),
        (Table.of({"a": ["u", "v"] * 50, "b": np.random.default_rng(0).normal(size=100)}), "ranks"),
        (
            Table.of({"a": ["u", "v", "w", "w"] * 25, "b": np.random.default_rng(0).normal(size=100)}),
            "degenerate-gaussian",
        ),
        (bowl_of_labels(400), "kci"),
        (Table.of({"a": [f"t{k % 20}" for k in range(100)], "b": np.random.default_rng(0).normal(size=100)}), "kci"),
        (Table.of(np.random.default_rng(0).exponential(size=(300, 3))), "ranks"),
        (Table.of(np.random.default_rng(0).standard_cauchy(size=(300, 3))), "ranks"),
        (bowl(300), "kci"),
        (bowl(3000), "rcit"),
        (bowl(15), "fisher-z"),  # too few rows to tell a bowl from chance
        (likert(100), "ranks"),
        (likert(1000), "chi2"),
        (likert(1000, kinds=dict.fromkeys("ab", "ordinal")), "ranks"),
        (Table.of({"a": [1, 2, 3, 4] * 10, "b": ["u", "v", "w", "w"] * 10}), "chi2"),
        (Table.of({"a": [0, 1, 2, 3] * 20, "b": [1, 0, 0, 1] * 20}), "chi2"),  # by its ranks it bends
    ],
)
def test_the_test_is_chosen_by_kind_shape_and_size_with_a_reason(table, expected):
    name, reason = choose_test(table, 3)
    assert name == expected
    assert reason.startswith(f"Test {expected}: ")


def test_labels_whose_indicators_are_too_many_for_lines_are_counted():
    table = Table.of({"a": [f"t{k % 20}" for k in range(100)], "b": np.random.default_rng(0).normal(size=100)})
    assert choose_test(table, 3)[1] == (
        "Test kci: 'a' holds labels without an order beside columns of numbers, and indicators of all labels make 20 "
        "columns, more than one for every 10 rows; 100 rows."
    )


def test_bent_relations_of_gaussian_looking_columns_are_seen():
    x = np.random.default_rng(0).normal(size=500)
    y = 0.3 * x**2 + np.random.default_rng(1).normal(size=500)
    name, reason = choose_test(Table.of({"x": x, "y": y}), 3)
    assert (name, "bends" in reason or "far from Gaussian" in reason) == ("kci", True)
