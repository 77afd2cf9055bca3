"""Partial correlation of normal scores: against scipy, under monotone changes, and where there are no moments."""

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm, rankdata

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.stats.independence import FisherZ, RankCorrelation, normal_scores
from aitia.systems.pc import PC


@given(arrays(np.float64, st.integers(1, 40), elements=st.integers(-4, 4).map(float)))
@settings(deadline=None)
def test_scores_are_the_quantiles_of_mean_ranks(values):
    assert np.allclose(normal_scores(values), norm.ppf((rankdata(values) - 0.5) / len(values)), atol=1e-12)


def test_many_scores_are_those_of_few(monkeypatch, rng):
    values = rng.normal(size=200)
    slow = normal_scores(values)
    monkeypatch.setattr("aitia.stats.independence.ranks.MANY", 100)
    assert np.allclose(normal_scores(values), slow, atol=1e-12)


def test_a_gap_has_no_score_and_takes_no_rank():
    assert np.allclose(
        normal_scores(np.array([3.0, np.nan, 1.0])), [norm.ppf(0.75), np.nan, norm.ppf(0.25)], equal_nan=True
    )
    assert np.isnan(normal_scores(np.full(3, np.nan))).all()


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_an_increasing_change_of_a_column_changes_no_answer(seed):
    x = np.random.default_rng(seed).normal(size=(60, 3))
    changed = np.column_stack([np.exp(x[:, 0]), x[:, 1] ** 3, np.arctan(x[:, 2])])
    told = [RankCorrelation(Table.of(values))("x0", "x1", ("x2",)).p_value for values in (x, changed)]
    assert told[0] == told[1]


def test_of_gaussian_rows_it_says_what_partial_correlation_says(rng):
    x, y, z = rng.normal(size=(3, 4000))
    table = Table.of({"x": x + z, "y": y + z, "z": z})
    for given_ in ((), ("z",)):
        ranks, plain = (test(table)("x", "y", given_).statistic for test in (RankCorrelation, FisherZ))
        assert abs(ranks - plain) < 0.03 * max(plain, 10)


def test_the_null_is_kept_and_dependence_found_where_no_moment_exists(rng):
    found, false = 0, 0
    for _ in range(200):
        z, a, b = rng.standard_cauchy(size=(3, 150))
        table = Table.of({"x": z + a, "z": z, "far": b})
        test = RankCorrelation(table)
        found += test("x", "z").p_value < 0.05
        false += test("x", "far", ("z",)).p_value < 0.05
    assert found == 200
    assert 2 <= false <= 20  # .05 of 200, within three standard deviations


def test_ordered_labels_go_by_their_order_and_loose_ones_are_refused():
    level = np.random.default_rng(0).integers(0, 3, 120)
    y = level + np.random.default_rng(1).normal(size=120)
    grade = np.array(["low", "mid", "high"])[level]
    ordered = pandas.DataFrame({"grade": pandas.Categorical(grade, ["low", "mid", "high"], ordered=True), "y": y})
    coded = Table.of({"grade": level.astype(float), "y": y}, kinds={"grade": "number"})
    assert RankCorrelation(Table.of(ordered))("grade", "y").statistic == RankCorrelation(coded)("grade", "y").statistic
    with pytest.raises(DataError, match=r"'grade' holds labels such as '.*' without an order: ranks need numbers"):
        RankCorrelation(Table.of({"grade": grade, "y": y}))


def test_a_strong_edge_of_forty_columns_and_twenty_rows_is_found(rng):
    values = rng.normal(size=(20, 40))
    values[:, 1] = 2 * values[:, 0] + 0.3 * rng.normal(size=20)
    found = PC(alpha=0.01).fit(Table.of(values))
    assert found.test_name_ in ("fisher-z", "ranks")
    assert "too few" in found.test_reason_
    assert found.graph_.has_edge("x0", "x1")
