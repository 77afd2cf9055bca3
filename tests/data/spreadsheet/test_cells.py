"""What cells are: marks for missing, sentinels, dates, truth values, labels in several spellings."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.kinds import Kind
from aitia.data.spreadsheet import Reading, read_text
from aitia.data.spreadsheet.dates import dates_of
from aitia.data.spreadsheet.sentinels import sentinel
from aitia.errors import DataError, OptionError


def column(cells, how=None, name="a", kind=None):
    text = "\n".join(["k\t" + name, *[f"w{i}\t{cell}" for i, cell in enumerate(cells)]])
    kinds = {} if kind is None else {name: kind}
    found = read_text(Path("t.tsv"), text.encode(), how or Reading(keep=("k=",)), "\t", kinds)
    return found.columns[name], found


TWELVE = [f"{v}.5" for v in range(12)]


@pytest.mark.parametrize(
    "mark", ["", "NA", "n/a", "?", ".", "*", "-", "--", "NaN", "#N/A", "null", "#DIV/0!", "<0.1", "> 100"]
)
def test_marks_for_missing_in_a_column_of_numbers(mark):
    values, found = column([*TWELVE, mark])
    assert np.isnan(values[-1])
    assert not np.isnan(values[:-1]).any()
    quiet = mark in ("", "NA", "n/a", "NaN", "#N/A", "null")
    assert quiet or any(f"{mark!r} read as missing" in line for line in found.told)


def test_a_limit_is_a_gap_that_is_remembered_or_the_limit_itself():
    cells = [*TWELVE, ">365", "< 0.1"]
    values, found = column(cells)
    assert np.isnan(values[-2:]).all()
    assert found.limits == {"a": ("< 0.1", ">365")}
    told = """a: 2 cell(s) '< 0.1', '>365' read as missing (--keep-value "a=< 0.1" takes the limit itself)"""
    assert told in found.told  # in quotes, for a shell would write a file 365
    values, found = column(cells, Reading(keep=("a=>365", "a=< 0.1")))
    assert values[-2:].tolist() == [365.0, 0.1]
    assert not found.limits
    assert "a: 2 cell(s) '< 0.1', '>365' taken as the limit" in found.told
    values, found = column([*(v.replace(".", ",") for v in TWELVE), ">1,5", "<0,1"], Reading(keep=("a=>1,5",)))
    assert values[-2] == 1.5
    assert found.limits == {"a": ("<0,1",)}
    assert not column([*TWELVE, "?"])[1].limits


def test_a_word_among_numbers_is_asked_about():
    with pytest.raises(
        DataError, match=r"column 'a' holds numbers, but 1 cell\(s\) such as 'oops' in line 14.*--missing-value a=oops"
    ):
        column([*TWELVE, "oops"])
    values, _ = column([*TWELVE, "oops"], Reading(missing=("a=oops",)))
    assert np.isnan(values[-1])


@pytest.mark.parametrize("value", ["-999", "999", "-99", "9999", "-9999.0", "-9"])
def test_numbers_that_stand_for_missing_are_asked_about(value):
    cells = [*TWELVE, value, value]
    with pytest.raises(
        DataError, match=r"far from its other values \(0.5 to 11.5\).*--missing-value a=.*--keep-value a="
    ):
        column(cells)
    values, _ = column(cells, Reading(missing=(f"a={value}",)))
    assert np.isnan(values[-2:]).all()
    assert not np.isnan(values[:-2]).any()
    values, _ = column(cells, Reading(keep=(f"a={value}",)))
    assert values[-1] == float(value)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([-999.0, 9999.0, -99.0]), st.integers(3, 20))
def test_a_spike_is_found_and_plain_numbers_are_left_alone(seed, value, many):
    rng = np.random.default_rng(seed)
    plain = rng.normal(5, 2, 300)
    assert sentinel(plain) is None
    assert sentinel(np.round(plain)) is None
    assert sentinel(np.round(plain - 4)) is None
    assert sentinel(np.round(plain[:40])) is None
    found = sentinel(np.concatenate([plain, np.full(many, value)]))
    assert found is not None
    assert found[:2] == ((value,), many)


def test_a_scale_through_zero_and_a_count_to_99_hold_no_sentinel():
    assert sentinel(np.arange(-9.0, 10.0)) is None
    assert sentinel(np.arange(0.0, 100.0)) is None
    assert sentinel(np.linspace(0, 1000, 1000).round() - 1) is None


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2021-03-04", datetime(2021, 3, 4)),
        ("2021/3/4", datetime(2021, 3, 4)),
        ("2021-03", datetime(2021, 3, 1)),
        ("04.03.2021", datetime(2021, 3, 4)),
        ("13/3/2021", datetime(2021, 3, 13)),
        ("3/13/2021", datetime(2021, 3, 13)),
        ("4 Mar 2021", datetime(2021, 3, 4)),
        ("March 4, 2021", datetime(2021, 3, 4)),
        ("04-Mar-21", datetime(2021, 3, 4)),
        ("Mar-21", datetime(2021, 3, 1)),
        ("2021Q2", datetime(2021, 4, 1)),
        ("Q2 2021", datetime(2021, 4, 1)),
        ("2021-W05", datetime(2021, 2, 1)),
        ("02/2021", datetime(2021, 2, 1)),
        ("11-1999", datetime(1999, 11, 1)),
        ("2021-03-04T05:06:07Z", datetime(2021, 3, 4, 5, 6, 7)),
        ("2021-03-04 05:06:07+02:00", datetime(2021, 3, 4, 3, 6, 7)),
        ("13/3/2021 5:06 PM", datetime(2021, 3, 13, 17, 6)),
        ("4. März 2021", datetime(2021, 3, 4)),
    ],
)
def test_dates_in_common_forms(cell, moment):
    found = dates_of([cell], None)
    assert found is not None
    assert found.ambiguous is None
    assert found.value(cell) == moment


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2060, 1, 1)), min_size=6, max_size=20),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d %H:%M", "%d %B %Y", "%b %d, %Y", "%Y-%m-%dT%H:%M:%S"]),
)
def test_dates_agree_with_pandas(moments, form):
    cells = [m.strftime(form) for m in moments]
    values, found = column(cells, name="when")
    assert found.kinds["when"] is Kind.TIME
    expected = pd.to_datetime(pd.Series(cells), format=form).to_numpy().astype("datetime64[ns]")
    np.testing.assert_array_equal(values, expected)


def test_day_or_month_is_asked_where_no_cell_shows_it():
    cells = ["3/4/2021", "5/6/2021", "7/8/2021"]
    with pytest.raises(DataError, match="--date-order dmy or --date-order mdy"):
        column(cells)
    values, _ = column(cells, Reading(date_order="mdy"))
    assert str(values[0])[:10] == "2021-03-04"
    values, _ = column([*cells, "25/6/2021"])
    assert str(values[0])[:10] == "2021-04-03"


def test_a_date_that_is_none_is_named():
    with pytest.raises(DataError, match=r"holds dates, but '2021-02-30' in line 13 is none"):
        column([*[f"2021-01-{d:02d}" for d in range(1, 12)], "2021-02-30"])


def test_years_and_codes_are_no_dates():
    values, found = column(["1999", "2000", "2001", "2002"])
    assert values.dtype == float
    assert not found.kinds
    values, _ = column(["00501", "02134", "99950"])
    assert values.tolist() == ["00501", "02134", "99950"]


def test_truth_values_in_several_spellings_are_one():
    values, found = column(["Yes", "no", "TRUE", "False", "y", "N", "1", "0"])
    assert values.tolist() == [True, False] * 4
    assert any("read as true and false" in line for line in found.told)
    values, _ = column(["yes", "no", "yes"])
    assert values.tolist() == ["yes", "no", "yes"]
    values, _ = column(["TRUE", "FALSE", ""])
    assert values.tolist() == [True, False, None]


def test_labels_that_differ_in_case_or_blanks_are_one():
    cells = ["male", "Male", "male ", " female", "female", "Female"]
    values, found = column(cells)
    assert set(values) == {"male", "female"}
    assert any("--as-written" in line for line in found.told)
    values, _ = column(cells, Reading(as_written=True))
    assert set(values) == {"male", "Male", "female", "Female"}


def test_none_is_a_label_and_a_question_mark_is_missing():
    values, found = column(["None", "brick", "stone", "?"])
    assert values.tolist() == ["None", "brick", "stone", None]
    assert any("'?'" in line for line in found.told)


def test_marks_for_a_column_that_is_not_there_are_refused():
    with pytest.raises(OptionError, match="no column 'zz'"):
        column(TWELVE, Reading(missing=("zz=1",)))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"separator": "ab"}, "separator is one character"),
        ({"decimal": ";"}, "decimal mark is"),
        ({"separator": ",", "decimal": ","}, "both the separator"),
        ({"date_order": "ymd"}, "order of dates"),
        ({"header": -1}, "line of the header"),
        ({"encoding": "utf-99"}, "no encoding 'utf-99'"),
    ],
)
def test_options_outside_of_their_range(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        Reading(**options)


def test_a_mark_for_missing_is_a_number_in_the_decimals_of_the_file():
    for cells, mark, numbers in (
        (["0,5", "-9,50", "1,5", "1.234,5"], "-9,5", [0.5, np.nan, 1.5, 1234.5]),
        (["0,5", "-9,0", "2,5"], "-9", [0.5, np.nan, 2.5]),
        (["1.234", "0.5", "2.5"], "1234", [1.234, 0.5, 2.5]),
    ):
        np.testing.assert_array_equal(column(cells, Reading(missing=(f"a={mark}",)))[0], numbers)


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([k % 7 for k in range(60)] + [-1, -1, -1], "-1 in 3 row"),
        ([1 + k % 5 for k in range(60)] + [9, 9], "9 in 2 row"),
        ([1 + k % 5 for k in range(60)] + [8, 9], "9, 8 in 2 row"),
        ([1 + k % 4 for k in range(60)] + [7], "7 in 1 row"),
    ],
)
def test_codes_beside_counts_and_answers_are_asked_about(cells, shown):
    with pytest.raises(DataError, match=shown):
        column(list(map(str, cells)))


@pytest.mark.parametrize(
    "cells",
    [
        [k % 7 for k in range(60)] + [-1],  # once: a number like another
        [k % 7 - 3 for k in range(60)],
        [-1, 0, 1] * 20,
        [1 + k % 9 for k in range(60)],
        [k % 6 for k in range(60)] + [9, 8],  # counts have a tail
        [1 + k % 5 for k in range(60)] + [6],
        [f"{k % 7}.5" for k in range(60)] + [-1, -1],
    ],
)
def test_numbers_that_may_well_be_numbers_are_not(cells):
    values, _ = column(list(map(str, cells)))
    assert not np.isnan(np.asarray(values, dtype=float)).any()


def test_times_of_day_are_times():
    values, found = column(["08:30", "8:45:30", "11:15 PM", "0:00", ""])
    assert found.kinds["a"] is Kind.TIME
    np.testing.assert_allclose(values[:4], [8.5 / 24, (8 * 3600 + 45 * 60 + 30) / 86400, 23.25 / 24, 0])
    assert np.isnan(values[4])
    assert "a: times of day, '08:30' is 0.3542 of a day (--discrete a)" in found.told
    assert column(["25:10", "08:30"])[0].tolist() == ["25:10", "08:30"]  # a length of time: labels
    assert column(["08:30", "09:45"], kind=Kind.LABEL)[0].tolist() == ["08:30", "09:45"]
