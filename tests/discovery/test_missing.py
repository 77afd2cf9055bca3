"""Missing cells in fits and effects."""

import json

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.data.table import Table
from aitia.discovery import discover, estimate_effect
from aitia.discovery.gaps import gap_warnings
from aitia.do import Intervention
from aitia.errors import DataError, OptionError
from aitia.graph import Graph
from aitia.stats.imputation import imputed, pooled

GRAPH = Graph("z -> x -> y <- z")


def table(seed, n=300, at_random=False):
    """y = x + z + noise; y is lacking where z and x are high, so that whole rows tell another mean of y."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = z + rng.normal(size=n)
    y = x + z + rng.normal(size=n)
    gap = rng.random(n) < (0.3 if at_random else 1 / (1 + np.exp(-2 * x)))
    return Table.of({"z": z, "x": x, "y": np.where(gap, np.nan, y)})


def test_rubins_rules_are_those_of_the_book():
    # Closed form: U = 1, B = var(1, 2, 3) = 1, m = 3: T = 1 + 4/3, df = 2 (1 + 3/4)^2.
    found = pooled([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    assert (found.estimate, found.variance) == (2.0, pytest.approx(7 / 3))
    assert found.freedom == pytest.approx(2 * 1.75**2)
    half = stats.t.ppf(0.975, 2 * 1.75**2) * np.sqrt(7 / 3)
    assert found.interval(0.95) == pytest.approx((2 - half, 2 + half))
    assert pooled([1.0, 1.0], [4.0, 4.0]).interval(0.95) == pytest.approx(stats.norm.interval(0.95, 1, 2))


def test_a_mean_from_imputed_tables_is_covered_where_that_of_whole_rows_is_not():
    covered, off = 0, []
    for seed in range(40):
        rows = table(seed)
        filled = [t.column("y") for t in imputed(rows, 20, seed)]
        found = pooled([float(y.mean()) for y in filled], [float(y.var(ddof=1)) / len(y) for y in filled])
        low, high = found.interval(0.95)
        covered += low <= 0 <= high
        off.append(float(np.nanmean(rows.column("y"))))
    assert np.mean(off) < -0.5
    # Of 40 intervals of 95 % fewer than 34 hold the truth once in a thousand times: stats.binom.cdf(33, 40, .95).
    assert stats.binom.cdf(33, 40, 0.95) < 0.005
    assert covered >= 34


def test_filled_gaps_are_values_that_occur_and_the_rest_stays():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, 400)
    b = np.where(rng.random(400) < 0.9, a, rng.integers(0, 3, 400))
    gap = rng.random(400) < 0.3
    names = np.array(["low", "mid", "high"], dtype=object)
    labels = names[b].copy()
    labels[gap] = None
    counts = rng.poisson(20, 400).astype(float)
    counts[::7] = np.nan
    rows = Table.of({"a": names[a], "b": labels, "c": counts})
    one, two = imputed(rows, 2, seed=1)
    assert one.missing("b") == one.missing("c") == 0
    assert (one.kind("c"), one.categories("b")) == (rows.kind("c"), rows.categories("b"))
    np.testing.assert_array_equal(one.column("b")[~gap], rows.column("b")[~gap])
    assert set(one.column("c")) <= set(counts[~np.isnan(counts)])
    assert (one.labels("b")[gap] == names[b][gap]).mean() > 0.75
    assert not np.array_equal(one.column("b"), two.column("b"))
    assert imputed(rows, 1, seed=1)[0] == one


def test_effects_say_which_rows_they_used():
    rows = table(0)
    gaps = rows.missing("y")
    ask = {"against": Intervention(x=0.0), "resamples": 40, "draws": 500}
    whole = estimate_effect(GRAPH, rows, Intervention(x=1.0), "y", **ask)
    assert f"the table: 300 rows read, {gaps} with gaps left out, {300 - gaps} used" in whole.flow
    assert any("whether 'y' is missing depends on 'x'" in w and "--missing impute" in w for w in whole.warnings)
    same = estimate_effect(GRAPH, rows.complete(), Intervention(x=1.0), "y", **ask)
    assert (whole.estimate, whole.low, whole.high) == (same.estimate, same.low, same.high)
    full = estimate_effect(GRAPH, rows, Intervention(x=1.0), "y", missing="impute", **ask)
    assert (full.imputations, full.resamples) == (20, 40)
    assert all("none stands beside it" in line for line in full.warnings)
    assert full.low < 1 < full.high
    assert "gaps filled 20 times" in full.because
    with pytest.raises(DataError, match=rf"of 300 rows cells are missing: y in {gaps}. Say --missing complete"):
        estimate_effect(GRAPH, rows, Intervention(x=1.0), "y", missing="error", **ask)
    with pytest.raises(OptionError, match="missing is complete, testwise, impute or error, got 'all'"):
        estimate_effect(GRAPH, rows, Intervention(x=1.0), "y", missing="all", **ask)


def test_no_whole_row_and_too_few_values_are_one_sentence():
    x = np.arange(40.0) + 0.5
    first, last = np.where(x < 20, x, np.nan), np.where(x < 20, np.nan, x)
    rows = Table.of({"x": first, "y": last})
    with pytest.raises(DataError, match=r"no row has all of x, y; '.' lacks 20 of 40: say --missing impute"):
        estimate_effect(Graph("x -> y"), rows, Intervention(x=1.0), "y")
    few = Table.of({"x": x, "y": np.where(x < 8, x, np.nan)})
    with pytest.raises(DataError, match="'y' has 8 values, which are too few to fill its gaps from"):
        estimate_effect(Graph("x -> y"), few, Intervention(x=1.0), "y", missing="impute")


def test_gaps_at_random_are_no_alarm_and_others_are():
    alarms = sum(bool(gap_warnings(table(seed, at_random=True))) for seed in range(40))
    # At level 0.05, 40 tables give 2; more than 7 once in a thousand times.
    assert alarms <= 7
    assert all(gap_warnings(table(seed)) for seed in range(10))
    rng = np.random.default_rng(0)
    site = rng.integers(0, 2, 400)
    rows = Table.of(
        {"site": np.array(["a", "b"])[site], "y": np.where(site * rng.random(400) > 0.5, np.nan, 1.5 + site)}
    )
    assert any("whether 'y' is missing depends on 'site'" in w for w in gap_warnings(rows))


def test_the_commands_tell_rows_read_dropped_and_used(tmp_path):
    rows = table(0)
    rows.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "g.txt").write_text("z -> x; x -> y; z -> y")
    ask = ["do", str(tmp_path / "t.csv"), "do(x=1)", "--graph", str(tmp_path / "g.txt"), "--outcome", "y"]
    ask += ["--resamples", "20"]
    told = CliRunner().invoke(app, ask)
    assert told.exit_code == 0, told.output
    assert f"t.csv: 300 rows read, {rows.missing('y')} with gaps left out" in " ".join(told.output.split())
    assert "Note: whether 'y' is missing depends on 'x'" in told.output
    told = CliRunner().invoke(app, [*ask, "--missing", "impute", "--json"])
    assert json.loads(told.stdout)["imputations"] == 20
    assert any("whether 'y' is missing" in w for w in discover(tmp_path / "t.csv", test="fisher-z").warnings)
