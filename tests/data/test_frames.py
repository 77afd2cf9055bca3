"""Columns of frames in memory, by their types."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

from aitia.data.table import Table
from aitia.errors import DataError

DAYS = [18262.0, 18263.0, 18264.0]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.period_range("2020-01-01", periods=3, freq="D")),
        pd.Series(pd.date_range("2020-01-01 01:00", periods=3, tz="Europe/Berlin")),
        pd.Series(pd.date_range("2020-01-01", periods=3)),
        [date(2020, 1, k) for k in (1, 2, 3)],
        [datetime(2020, 1, k) for k in (1, 2, 3)],
        pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 3), eager=True),
        pl.datetime_range(
            pl.datetime(2020, 1, 1, 1), pl.datetime(2020, 1, 3, 1), eager=True, time_zone="Europe/Berlin"
        ),
    ],
)
def test_moments_are_days_since_1970_in_utc(column):
    data = pl.DataFrame({"a": column}) if isinstance(column, pl.Series) else {"a": column}
    table = Table.of(data)
    assert str(table.kind("a")) == "time"
    np.testing.assert_allclose(table.column("a"), DAYS)


def test_far_days_do_not_run_over():
    table = Table.of({"a": np.array(["1500-01-01", "9999-12-31"], dtype="datetime64[D]")})
    expected = [date(1500, 1, 1).toordinal() - 719163, date(9999, 12, 31).toordinal() - 719163]
    np.testing.assert_array_equal(table.column("a"), expected)


def test_lengths_of_time_are_days():
    lengths = [timedelta(days=1, hours=12), timedelta(days=2), timedelta(days=3)]
    for data in ({"a": pd.Series(pd.to_timedelta(lengths))}, pl.DataFrame({"a": lengths})):
        np.testing.assert_allclose(Table.of(data).column("a"), [1.5, 2, 3])


def test_orders_and_gaps_are_kept():
    ranks = pl.DataFrame({"a": pl.Series(["lo", None, "hi", "lo"], dtype=pl.Enum(["lo", "hi"]))})
    table = Table.of(ranks)
    assert (str(table.kind("a")), table.categories("a"), table.missing("a")) == ("ordinal", ("lo", "hi"), 1)
    assert str(Table.of(ranks, kinds={"a": "label"}).kind("a")) == "label"
    for column in (pd.Series([1, None, 3], dtype="Int64"), pd.Series([True, None, False], dtype="boolean")):
        assert Table.of({"a": column}).missing("a") == 1


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        (np.array([1 + 2j, 3, 4]), "'a' holds complex numbers: give the real and the imaginary part"),
        (pd.Series([{"x": 1}, {"x": 2}]), "'a' holds records such as .*: give each part as a column"),
    ],
)
def test_cells_of_other_types_are_one_sentence(column, sentence):
    with pytest.raises(DataError, match=sentence):
        Table.of({"a": column})
