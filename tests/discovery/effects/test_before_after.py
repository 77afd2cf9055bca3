"""Interrupted series and differences in differences beside statsmodels, and their sentences."""

import json

import numpy as np
import pytest
import statsmodels.api as sm
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.data.table import Table
from aitia.discovery.effects import before_after
from aitia.errors import DataError, OptionError


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(0)
    t = np.arange(120.0) + 0.5
    noise = rng.normal(size=120)
    for k in range(1, 120):
        noise[k] += 0.4 * noise[k - 1]
    y = 2 + 0.05 * t + 3 * (t >= 60) + 0.1 * (t - 60) * (t >= 60) + noise
    return Table.of({"t": t, "y": y})


def test_a_series_is_the_segmented_regression_of_statsmodels(series):
    found = before_after(series, "y", "t", 60)
    t, y = series.column("t") - 60, series.column("y")
    post = (t >= 0).astype(float)
    lags = int(4 * 1.2 ** (2 / 9))
    theirs = sm.OLS(y, np.column_stack([np.ones(120), t, post, t * post])).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}
    )
    assert found.estimate == pytest.approx(theirs.params[2], rel=1e-9)
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * theirs.bse[2], rel=1e-6)
    assert found.slope[0] == pytest.approx(theirs.params[3], rel=1e-9)
    assert (found.slope[2] - found.slope[1]) / 2 == pytest.approx(1.959964 * theirs.bse[3], rel=1e-6)
    assert found.low < 3 < found.high
    shuffled = series.take(np.random.default_rng(1).permutation(120))
    assert before_after(shuffled, "y", "t", 60).to_json() == found.to_json()


def panel(seed, drift=0.0):
    rng = np.random.default_rng(seed)
    unit, t = np.repeat(np.arange(40), 10), np.tile(np.arange(10.0), 40)
    group, post = unit < 20, t >= 6
    y = rng.normal(size=40)[unit] + 0.3 * t + drift * t * group + 1.5 * (group & post) + rng.normal(size=400)
    return Table.of({"unit": unit + 0.5, "t": t + 0.25, "y": y, "state": np.array(["PA", "NJ"])[group.astype(int)]})


def test_a_difference_in_differences_is_that_of_the_four_means_with_clustered_errors():
    rows = panel(0)
    found = before_after(rows, "y", "t", 6, treated=("state", "NJ"), cluster="unit")
    y, group, post = rows.column("y"), rows.labels("state") == "NJ", rows.column("t") >= 6
    mean = {(g, p): y[(group == g) & (post == p)].mean() for g in (True, False) for p in (True, False)}
    by_hand = mean[True, True] - mean[True, False] - mean[False, True] + mean[False, False]
    assert found.estimate == pytest.approx(by_hand, rel=1e-9)
    X = np.column_stack([np.ones(400), group, post, group & post]).astype(float)
    theirs = sm.OLS(y, X).fit(cov_type="cluster", cov_kwds={"groups": rows.column("unit").astype(int)})
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * theirs.bse[3], rel=1e-6)
    assert found.low < 1.5 < found.high
    assert found.warnings == ()
    alone = before_after(rows, "y", "t", 6, treated=("state", "NJ"))
    assert any("--cluster says which belong together" in told for told in alone.warnings)


def test_groups_that_did_not_move_alike_before_are_told():
    found = before_after(panel(1, drift=0.5), "y", "t", 6, treated=("state", "NJ"), cluster="unit")
    assert any("before the date the groups did not move alike" in told for told in found.warnings)


def test_dates_are_read_as_the_column_has_them(series):
    days = np.datetime64("2020-01-01") + np.arange(120).astype("timedelta64[D]")
    wanted = before_after(series, "y", "t", 60.5).estimate
    for column in (days, days.astype(str)):
        rows = series.with_columns({"day": column})
        assert before_after(rows, "y", "day", "2020-03-01").estimate == pytest.approx(wanted, rel=1e-6)
    with pytest.raises(OptionError, match="'day' takes a date such as 2024-05-31, and --since is 'spring'"):
        before_after(rows, "y", "day", "spring")


@pytest.mark.parametrize(
    ("since", "same"),
    [
        ("1 Mar 2024", "2024-03-01"), ("March 1, 2024", "2024-03-01"), ("2024-03", "2024-03-01"),
        ("13/03/2024", "2024-03-13"), ("3/13/2024", "2024-03-13"), ("2024-Q2", "2024-04-01"),
        ("02.03.2024", "2024-03-02"),
    ],
)  # fmt: skip
def test_a_date_may_be_written_as_people_write_it(since, same):
    days = np.datetime64("2024-01-01") + np.arange(200)
    rows = Table.of({"day": days, "y": np.random.default_rng(0).normal(size=200)})
    found, wanted = (before_after(rows, "y", "day", date) for date in (since, same))
    assert (found.estimate, found.slope, found.before) == (wanted.estimate, wanted.slope, wanted.before)
    assert found.lines()[1].endswith("per day")
    with pytest.raises(OptionError, match=r"--since 3/4/2024 may be two dates: write it as 2024-05-31"):
        before_after(rows, "y", "day", "3/4/2024")


@pytest.mark.parametrize(
    ("since", "more", "error", "sentence"),
    [
        ("spring", {}, OptionError, "'t' takes a number, and --since is 'spring'"),
        (2, {}, DataError, "2 rows lie before 2 and 118 from it on: at least 8 are needed"),
        (60, {"treated": ("state", "NY")}, OptionError, "'state' is never 'NY': its labels are NJ, PA"),
        (60, {"treated": ("one", "a")}, OptionError, "every row has the same answer to one = a"),
        (60, {"cluster": "unit"}, OptionError, "a series is its own cluster"),
        (60, {"confidence": 2}, OptionError, "confidence lies between 0 and 1"),
    ],
)
def test_bad_questions_are_one_sentence(series, since, more, error, sentence):
    rows = series.with_columns(
        {"state": np.array(["NJ", "PA"])[np.arange(120) % 2], "one": ["a"] * 120, "unit": np.arange(120) // 4 + 0.5}
    )
    with pytest.raises(error, match=sentence):
        before_after(rows, "y", "t", since, **more)
    with pytest.raises(DataError, match="'state' has labels that are no dates, such as 'NJ'"):
        before_after(rows, "y", "state", 1)


def test_the_command_asks_with_since(series, tmp_path):
    panel(0).to_pandas().to_csv(tmp_path / "p.csv", index=False)
    ask = ["do", str(tmp_path / "p.csv"), "--since", "6", "--time", "t", "--outcome", "y", "--treated", "state=NJ",
           "--cluster", "unit"]  # fmt: skip
    told = CliRunner().invoke(app, ask)
    assert told.exit_code == 0, told.output
    assert "Difference in differences over 240 rows before and 160 after" in told.output
    assert json.loads(CliRunner().invoke(app, [*ask, "--json"]).stdout)["method"] == "difference in differences"
    page = CliRunner().invoke(app, [*ask, "--out", str(tmp_path / "answer")])
    assert page.exit_code == 0, page.output
    assert "y before and after 6" in (tmp_path / "answer" / "report.html").read_text()
    for wrong, sentence in (
        (ask[:4] + ask[6:], "say which column is the time"),
        ([*ask[:8], "--treated", "NJ"], "--treated is COLUMN=LABEL"),
        ([*ask, "--trim"], "--trim is of an intervention"),
        ([*ask[:2], "do(y=1)", *ask[2:]], "do(y=1) is of an intervention, and --since compares before and after"),
    ):
        assert sentence in str(CliRunner().invoke(app, wrong).exception)


def test_the_command_says_how_the_rows_came_to_be_and_refuses_a_censored_outcome(tmp_path):
    frame = panel(0).to_pandas().astype({"y": object})
    frame.loc[:2, "y"] = None
    frame.to_csv(tmp_path / "p.csv", index=False)
    ask = ["do", str(tmp_path / "p.csv"), "--since", "6", "--time", "t", "--outcome", "y"]
    told = CliRunner().invoke(app, [*ask, "--out", str(tmp_path / "answer")])
    assert told.exit_code == 0, told.output
    line = "p.csv: 400 rows read, 3 with gaps left out, 397 used"
    assert told.output.startswith(f"missing: y in 3; whole rows are used (--missing impute fills gaps)\n{line}\n\ny ch")
    assert line in (tmp_path / "answer" / "report.html").read_text()
    assert json.loads(CliRunner().invoke(app, [*ask, "--json"]).stdout)["flow"][-1] == line
    frame.loc[:2, "y"] = ">9"
    frame.to_csv(tmp_path / "p.csv", index=False)
    assert str(CliRunner().invoke(app, ask).exception).startswith("'y' is censored: >9 says only that it lies beyond")
    told = CliRunner().invoke(app, [*ask, "--accept-censored"])
    assert "Note: 'y' is censored: >9 says only" in told.output
