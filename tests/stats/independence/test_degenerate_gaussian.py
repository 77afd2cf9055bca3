"""Canonical correlation of labels and numbers beside statsmodels, its null, its score, and the search that takes it."""

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from statsmodels.multivariate.manova import MANOVA

from aitia.data.table import Kind, Table
from aitia.errors import DataError
from aitia.graph import Graph, cpdag, markov_equivalence_class, shd
from aitia.stats.independence import DegenerateGaussian, RankCorrelation, normal_scores
from aitia.stats.search.likelihood import score_of
from aitia.systems.pc import PC


def rows(seed, n=300):
    """Severity acts on drug, both and age on score; town on nothing."""
    rng = np.random.default_rng(seed)
    severity, town = rng.integers(0, 3, n), rng.integers(0, 4, n)
    age = rng.normal(50, 10, n)
    chance = np.stack([np.zeros(n), 0.8 * severity, 1.6 * severity - 1], 1) + rng.gumbel(size=(n, 3))
    drug = chance.argmax(1)
    score = 20 - 2.5 * severity + 1.8 * drug - 0.08 * age + rng.normal(0, 2, n)
    return Table.of(
        {
            "severity": np.array(["mild", "moderate", "severe"])[severity],
            "age": age,
            "town": np.array(list("klmn"))[town],
            "drug": np.array(["none", "low", "high"])[drug],
            "score": score,
        }
    )


TRUTH = Graph("severity -> drug; severity -> score; drug -> score; age -> score; town")


@pytest.mark.parametrize("given", [(), ("severity",), ("severity", "age"), ("town", "age")])
def test_wilks_lambda_is_that_of_statsmodels(given):
    table = rows(0)
    frame = table.to_pandas()
    n = table.n
    for name in ("age", "score"):
        frame[name] = normal_scores(frame[name].to_numpy())
    y = np.column_stack([frame["drug"] == "low", frame["drug"] == "high"]).astype(float)
    labels = [
        pandas.get_dummies(frame[name], drop_first=True) if name in ("severity", "town") else frame[name]
        for name in given
    ]
    X = np.column_stack([np.ones(n), frame["score"], *labels]).astype(float)
    only = np.eye(X.shape[1])[[1]]
    fit = MANOVA(y, X).mv_test([("score", only)])
    wilks = float(fit.results["score"]["stat"].loc["Wilks' lambda", "Value"])
    r = sum({"severity": 2, "town": 3}.get(name, 1) for name in given)
    found = DegenerateGaussian(table)("drug", "score", given)
    assert found.statistic == pytest.approx(-(n - 1 - r - (2 + 1 + 1) / 2) * np.log(wilks), rel=1e-9)


def test_between_two_numbers_it_is_partial_correlation_of_ranks():
    rng = np.random.default_rng(0)
    a = rng.standard_cauchy(400)
    b = 0.1 * a + rng.normal(size=400)
    table = Table.of({"a": a, "b": b, "c": b + rng.normal(size=400)})
    ours, theirs = DegenerateGaussian(table), RankCorrelation(table)
    for of in (("a", "b", ()), ("a", "c", ("b",)), ("b", "c", ("a",))):
        assert ours(*of).p_value == pytest.approx(theirs(*of).p_value, rel=0.05, abs=1e-12)


def test_under_independence_p_values_are_uniform():
    values = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        z = rng.integers(0, 3, 150)
        table = Table.of({"z": np.array(list("abc"))[z], "x": np.array(list("pqr"))[(z + rng.integers(0, 2, 150)) % 3],
                          "y": z + rng.normal(size=150)})  # fmt: skip
        values.append(DegenerateGaussian(table)("x", "y", ("z",)).p_value)
    assert kstest(values, "uniform").pvalue > 0.01


def test_what_follows_from_the_set_depends_on_nothing_more():
    rng = np.random.default_rng(0)
    town = rng.integers(0, 4, 200)
    table = Table.of({"town": np.array(list("abcd"))[town], "country": np.array(["x", "y"])[town // 2],
                      "y": town + rng.normal(size=200)})  # fmt: skip
    test = DegenerateGaussian(table)
    assert test("country", "y").p_value < 1e-6
    assert test("country", "y", ("town",)).p_value == 1


def test_rows_with_gaps_are_left_out_of_the_tests_that_need_them():
    table = rows(1)
    age = table.column("age").copy()
    age[:50] = np.nan
    test = DegenerateGaussian(table.with_columns({"age": age}), missing="testwise")
    assert (test("age", "score").n, test("drug", "score").n) == (250, 300)
    assert score_of(test) is None
    whole = DegenerateGaussian(table)("drug", "score", ("town",))
    assert test("drug", "score", ("town",)).statistic == pytest.approx(whole.statistic, rel=1e-9)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"a": ["u"] * 20, "b": np.arange(20.0)}, "a: every row has the same value"),
        ({"a": np.ones((20, 2)) * np.arange(20)[:, None], "b": np.arange(20.0)}, "'a' holds vectors"),
    ],
)
def test_columns_that_it_cannot_take_are_refused(columns, sentence):
    with pytest.raises(DataError, match=sentence):
        DegenerateGaussian(Table.of(columns, kinds={"b": Kind.NUMBER}))


def test_the_score_is_that_of_regressions_and_the_same_for_equivalent_graphs():
    table = rows(2)
    score = score_of(DegenerateGaussian(table))
    names = table.names
    place = {name: k for k, name in enumerate(names)}
    x = normal_scores(table.column("score"))
    severity = table.column("severity")
    Z = np.column_stack([np.ones(table.n), severity == 1, severity == 2, normal_scores(table.column("age"))])
    left = x - Z @ np.linalg.lstsq(Z, x, rcond=None)[0]
    expected = -table.n / 2 * np.log(left.var() / x.var()) - 3 / 2 * np.log(table.n)
    assert score(place["score"], 1 << place["severity"] | 1 << place["age"]) == pytest.approx(expected, rel=1e-9)
    totals = [
        sum(score(place[v], sum(1 << place[p] for p in dag.parents(v))) for v in names)
        for dag in markov_equivalence_class(Graph("severity --- drug --- score --- severity; score --- age; town"))
    ]
    assert len(totals) == 8
    assert np.ptp(totals) < 1e-8
    [(added, gain)] = score.gains(place["score"], 0, 1 << place["drug"], 0.0)
    assert (added, gain) == (place["drug"], score(place["score"], 1 << place["drug"]) - score(place["score"], 0))


def test_a_treatment_of_three_labels_is_found_among_what_confounds_it():
    far = {"degenerate-gaussian": 0, "kci": 0}
    for seed in range(4):
        for test in far:
            far[test] += shd(PC(test=test).fit(rows(seed)).graph_, cpdag(TRUTH))
    assert far["degenerate-gaussian"] <= 4
    assert far["degenerate-gaussian"] < far["kci"]
    model = PC().fit(rows(0))
    assert (model.test_name_, model.rule_) == ("degenerate-gaussian", "likelihood")


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 20), data=st.data())
def test_neither_the_order_of_columns_nor_of_rows_nor_what_labels_are_called_change_the_graph(seed, data):
    table = rows(seed, 150)
    found = PC(test="degenerate-gaussian").fit(table).graph_
    names = data.draw(st.permutations(table.names))
    places = np.random.default_rng(data.draw(st.integers(0, 99))).permutation(table.n)
    called = dict(zip(["none", "low", "high"], data.draw(st.permutations(["a", "b", "c"])), strict=True))
    other = table.with_columns(
        {"drug": [called[label] for label in table.labels("drug")], "score": 3 * table.column("score") - 7}
    )
    again = PC(test="degenerate-gaussian").fit(other.select(names).take(places)).graph_
    assert set(again.edges) | {e.reversed() for e in again.edges} == set(found.edges) | {
        e.reversed() for e in found.edges
    }
