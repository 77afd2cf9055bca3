"""Tests in tables whose gaps were filled several times."""

import numpy as np
import pytest
from scipy import stats

from aitia.data.table import Table
from aitia.discovery import discover
from aitia.errors import DataError
from aitia.graph import Graph
from aitia.stats.imputation import IMPUTATIONS, imputed
from aitia.stats.independence import FilledTest, independence_test


def selected(seed, n=200, labels=False):
    """x and y independent, z their noisy sum and a sibling w of z; z is lacking where x and y are both high.

    The rows that have z are selected by x and y together, and so x and y depend on each other in them.
    """
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n))
    z = rng.normal(size=n)
    if labels:
        x, y, z = (rng.integers(0, 2, n).astype(float) for _ in range(3))
    gap = (x + y > (1.5 if labels else 0)) & (rng.random(n) < 0.8)
    z = np.where(gap, np.nan, z)
    if not labels:
        return Table.of({"x": x, "y": y, "z": z})
    named = {name: np.array(["no", "yes"], object)[v.astype(int)] for name, v in (("x", x), ("y", y))}
    return Table.of({**named, "z": [None if np.isnan(v) else "ab"[int(v)] for v in z]})


def rejected(name, rows, missing):
    return independence_test(name, rows, missing=missing)("x", "y", ["z"]).p_value < 0.05


def test_fishers_z_is_pooled_by_rubins_rules():
    rows = selected(0)
    found = independence_test("fisher-z", rows, missing="impute", fill_seed=3)("x", "z", ["y"])
    answers = []
    for table in imputed(rows, IMPUTATIONS, 3):  # by hand: correlation of what a line in y leaves of x and of z
        x, y, z = (table.column(name) for name in "xyz")
        left = [v - np.polyval(np.polyfit(y, v, 1), y) for v in (x, z)]
        answers.append(np.arctanh(np.corrcoef(*left)[0, 1]))
    within, between = 1 / (200 - 1 - 3), np.var(answers, ddof=1) * (1 + 1 / IMPUTATIONS)
    statistic = abs(np.mean(answers)) / np.sqrt(within + between)
    freedom = (IMPUTATIONS - 1) * (1 + within / between) ** 2
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.p_value == pytest.approx(2 * stats.t.sf(statistic, freedom), rel=1e-9)
    assert found.n == 200


def test_counts_are_pooled_by_d2():
    rows = selected(1, labels=True)
    found = independence_test("chi2", rows, missing="impute", fill_seed=2)("x", "z")
    values = []
    for table in imputed(rows, IMPUTATIONS, 2):
        cells = np.zeros((2, 2))
        np.add.at(cells, (table.column("x").astype(int), table.column("z").astype(int)), 1)
        values.append(stats.chi2_contingency(cells, correction=False)[0])
    m, v = IMPUTATIONS, 1
    r = (1 + 1 / m) * np.var(np.sqrt(values), ddof=1)
    d2 = max((np.mean(values) / v - (m + 1) / (m - 1) * r) / (1 + r), 0)
    assert found.p_value == pytest.approx(stats.f.sf(d2, v, v ** (-3 / m) * (m - 1) * (1 + 1 / r) ** 2), rel=1e-9)


@pytest.mark.parametrize("name", ["fisher-z", "chi2", "g2", "rcit"])
def test_where_nothing_is_missing_it_is_the_test_itself(name):
    rng = np.random.default_rng(0)
    rows = Table.of({n: rng.integers(0, 3, 90).astype(float) for n in "xyz"})
    whole = independence_test(name, rows)
    assert independence_test(name, rows, missing="impute")("x", "y", ["z"]) == whole("x", "y", ["z"])
    if name != "rcit":
        same = FilledTest(rows, [whole] * 5)("x", "y", ["z"])
        assert same.p_value == pytest.approx(whole("x", "y", ["z"]).p_value, rel=1e-9)


@pytest.mark.parametrize(("name", "labels", "draws"), [("fisher-z", False, 80), ("chi2", True, 80)])
def test_the_level_is_kept_where_the_rows_that_are_there_are_selected(name, labels, draws):
    filled = sum(rejected(name, selected([k, 7], labels=labels), "impute") for k in range(draws))
    there = sum(rejected(name, selected([k, 7], labels=labels), "testwise") for k in range(draws))
    # Of 80 tests at level 0.05 more than 11 reject once in a thousand times.
    assert stats.binom.sf(11, draws, 0.05) < 0.001
    assert filled <= 11 < 20 < there


def test_the_median_of_a_kernel_test_keeps_the_level_and_sees_a_bend():
    found = [independence_test("rcit", selected([k, 3], 100), missing="impute", features=25) for k in range(30)]
    # Of 30 at level 0.05 more than 6 once in a thousand times.
    assert stats.binom.sf(6, 30, 0.05) < 0.001
    assert sum(test("x", "y").p_value < 0.05 for test in found) <= 6
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    bent = Table.of({"x": x, "y": np.where(rng.random(300) < 0.1, np.nan, x**2 + 0.3 * rng.normal(size=300))})
    assert independence_test("rcit", bent, missing="impute")("x", "y").p_value < 0.001


def test_a_search_with_filled_gaps_finds_what_selected_rows_hide(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 800))
    z = x + y + rng.normal(size=800)
    gap = rng.random(800) < 1 / (1 + np.exp(-2 * (x + y)))
    rows = {"x": x, "y": y, "z": np.where(gap, np.nan, z)}
    found = discover(rows, test="fisher-z", missing="impute", out=tmp_path / "run")
    assert found.graph == Graph("x --> z; y --> z")
    assert any("filled several times along straight lines and each test is pooled" in w for w in found.warnings)
    assert not any("whether" in w for w in found.warnings)
    assert "The rows" in (tmp_path / "run" / "report.html").read_text()
    again = discover(rows, test="fisher-z", missing="impute", out=tmp_path / "run")
    assert str(again.graph) == str(found.graph)
    assert "missing='impute'" in found.python()


def test_what_cannot_be_filled_is_named():
    rows = Table.of({"x": np.arange(40.0) + 0.5, "y": np.where(np.arange(40) < 6, 1.5, np.nan)})
    with pytest.raises(DataError, match="'y' has 6 values, which are too few to fill its gaps from"):
        independence_test("fisher-z", rows, missing="impute")
