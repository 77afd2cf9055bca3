"""Lagged samples by hand: gaps, series, months, and what is refused."""

import datetime

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.stats.search import table_warnings
from aitia.systems.pcmci_plus.samples import lagged_samples


def rows(times, values=None, **more):
    values = np.arange(len(times), dtype=float) ** 2 + 0.5 if values is None else values
    return Table.of({"when": np.asarray(times), "x": values, **more}, kinds={"x": "number"})


def first_lags(samples, lag):
    name = f"x[t-{lag}]" if lag else "x[t]"
    return samples.table.column(name).tolist()


def test_a_sample_holds_the_value_and_those_before_it():
    samples = lagged_samples(rows([0.0, 1, 2, 3, 4], np.array([10.0, 11, 12, 13, 14])), ["x"], "when", None, 1)
    assert samples.table.names == ("x[t]", "x[t-1]", "x[t-2]")
    assert first_lags(samples, 0) == [12, 13, 14]
    assert first_lags(samples, 2) == [10, 11, 12]
    assert samples.notes == ()


def test_no_sample_crosses_a_gap_and_gaps_are_told():
    times = [0.0, 1, 2, 3, 7, 8, 9, 10, 11]
    samples = lagged_samples(rows(times, np.array(times)), ["x"], "when", None, 1)
    assert first_lags(samples, 0) == [2, 3, 9, 10, 11]
    assert first_lags(samples, 2) == [0, 1, 7, 8, 9]
    assert samples.notes == (
        "when has 1 gap; no sample crosses one, which leaves 5 samples of 3 times each from 9 rows.",
    )


def test_no_sample_crosses_from_one_series_to_the_next():
    table = rows([0.0, 1, 2, 0, 1, 2, 3], np.arange(7.0), of=["a"] * 3 + ["b"] * 4)
    samples = lagged_samples(table, ["x"], "when", "of", 1)
    assert first_lags(samples, 0) == [2, 5, 6]
    assert first_lags(samples, 2) == [0, 3, 4]


def test_a_series_that_is_shorter_than_a_sample_is_left_out_and_told():
    table = rows([0.0, 1, 2, 3, 4, 0, 1], np.arange(7.0), of=["a"] * 5 + ["b"] * 2)
    samples = lagged_samples(table, ["x"], "when", "of", 1)
    assert first_lags(samples, 0) == [2, 3, 4]
    assert samples.notes == ("The series 'b' is left out: it has 2 times in a row, and with 1 lag a sample spans 3.",)


def test_rows_out_of_order_are_put_in_order_and_told():
    samples = lagged_samples(rows([3.0, 1, 2, 0], np.array([13.0, 11, 12, 10])), ["x"], "when", None, 1)
    assert first_lags(samples, 0) == [12, 13]
    assert samples.notes == ("The rows were not in the order of when and were put into it.",)


def test_months_quarters_and_month_ends_are_even_and_a_missing_month_is_a_gap():
    months = [datetime.date(2000 + k // 12, k % 12 + 1, 1) for k in range(30) if k != 13]
    samples = lagged_samples(rows(months), ["x"], "when", None, 1)
    assert samples.table.n == 29 - 4
    assert samples.notes == (
        "when has 1 gap; no sample crosses one, which leaves 25 samples of 3 times each from 29 rows.",
    )
    ends = [datetime.date(2000 + (k + 1) // 12, (k + 1) % 12 + 1, 1) - datetime.timedelta(days=1) for k in range(30)]
    assert lagged_samples(rows(ends), ["x"], "when", None, 1).table.n == 28
    quarters = [datetime.date(2000 + k // 4, 3 * (k % 4) + 1, 15) for k in range(20)]
    assert lagged_samples(rows(quarters), ["x"], "when", None, 1).notes == ()
    assert lagged_samples(rows([str(day) for day in months]), ["x"], "when", None, 1).table.n == 25


def test_samples_with_a_missing_value_are_left_out_and_told():
    values = np.arange(10.0)
    values[4] = np.nan
    samples = lagged_samples(rows(np.arange(10.0), values), ["x"], "when", None, 1)
    assert first_lags(samples, 0) == [2, 3, 7, 8, 9]
    assert samples.notes == (
        "3 of 8 samples have a missing value in x and are left out, which is sound when values are missing at random "
        "and can mislead when a variable causes its own gaps.",
    )
    told = {
        how: " ".join(table_warnings(rows(np.arange(10.0), values), missing=how)) for how in ("testwise", "samples")
    }
    assert "Values are missing in x (1)" in told["testwise"]
    assert "missing" not in told["samples"]  # the samples say it


@pytest.mark.parametrize(
    ("table", "series", "lags", "sentence"),
    [
        (rows([0.0, 1, 2, 3]), None, 3, r"with 3 lags a sample spans 7 times .* there are 4 in a row: ask for fewer"),
        (rows([0.0, 1, 2, 9, 10, 11]), None, 2, "there are 3 in a row between gaps"),
        (rows([0.0, 1, 1, 2]), None, 1, r"when 1 stands twice \(rows 1 and 2\): say which column tells series apart"),
        (rows([0.0, 1, 1, 2], of=list("aaab")), "of", 1, "when 1 stands twice of the series 'a' .*: keep one of them"),
        (rows([0.0, 1, 2.4, 3.4, 4.4]), None, 1, r"when is not even: most steps are 1, and the one after 1 is 1\.4"),
        (rows(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-03T07:00"]), None, 1,
         "most steps are 1 days, and the one after 2020-01-03 is 0.29"),
        (rows([0.0, np.nan, 2]), None, 1, "1 row has no 'when'"),
        (rows(["early", "late", "later"]), None, 1, "holds text such as 'early', which is no date"),
        (rows([0.0, 1, 0, 1], of=list("aabb")), "of", 1, "no series has more than 2 in a row"),
        (rows([0.0, 1, 2, 3], np.array([1.0, np.nan, 2, np.nan])), None, 1, "every sample has a gap: 'x' lacks 2 of 4"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_time_is_said_in_a_sentence(table, series, lags, sentence):
    with pytest.raises(DataError, match=sentence):
        lagged_samples(table, ["x"], "when", series, lags)


def test_a_row_without_a_series_is_refused():
    table = rows([0.0, 1, 2, 3], of=["a", "a", None, "a"])
    with pytest.raises(DataError, match="1 row has no 'of'"):
        lagged_samples(table, ["x"], "when", "of", 1)
