"""The same table in the clothes in which people send it: it comes back, or what is unclear is asked."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aitia.data.spreadsheet import Reading, read_text
from aitia.data.spreadsheet.sentinels import sentinel
from aitia.errors import DataError, FormatError

PATH = Path("table.csv")


def written(names, rows, separator=",", titles=(), trailing=False, quoted=False, newline="\n"):
    out = io.StringIO()
    for title in titles:
        out.write(title + newline)
    writer = csv.writer(out, delimiter=separator, lineterminator=newline, quoting=1 if quoted else 0)
    writer.writerow(names)
    for row in rows:
        writer.writerow([*row, ""] if trailing else row)
    return out.getvalue()


def sheet(text, how=None, kinds=None, encoding="utf-8"):
    return read_text(PATH, text.encode(encoding), how or Reading(), ",", kinds or {})


def dressed(value, decimal, group):
    whole, _, part = f"{abs(value):.2f}".partition(".")
    if group:
        digits = whole[::-1]
        whole = group.join(digits[k : k + 3] for k in range(0, len(digits), 3))[::-1]
    return f"{'-' if value < 0 else ''}{whole}{decimal}{part}"


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(*[st.floats(-5e6, 5e6).map(lambda v: round(v, 2))] * 3),
        min_size=5,
        max_size=12,
        unique_by=lambda r: r[0],
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([".", ","]),
    st.sampled_from(["", "group", " ", "\u00a0", "'"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "Report 2024", "Sales, by region"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.sampled_from(["", "%", " €", "$"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_numbers_come_back_from_every_dress(rows, separator, decimal, group, trailing, quoted, title, codec, sign, end):
    group = {".": ",", ",": "."}[decimal] if group == "group" else group
    assume(not (codec == "cp1252" and group == "\u2009"))
    front, back = (sign, "") if sign == "$" else ("", sign)
    assume(sign != "$" or all(v >= 0 for row in rows for v in row))
    cells = [[front + dressed(v, decimal, group) + back for v in row] for row in rows]
    assume(all(sentinel(np.array(column)) is None for column in zip(*rows, strict=True)))
    names = ["größe", "beta", "gamma"]
    titles = [separator.join([f'"{title}"' if separator in title else title, "", ""])] if title else []
    text = written(names, cells, separator, titles, trailing, quoted, end)
    found = sheet(text, encoding=codec)
    assert list(found.columns) == names
    for k, name in enumerate(names):
        np.testing.assert_allclose(found.columns[name], [row[k] for row in rows])


@pytest.mark.parametrize(
    ("cells", "how", "expected"),
    [
        (["1,234", "5,678", "9,876"], Reading(decimal=","), [1.234, 5.678, 9.876]),
        (["1,234", "5,678", "9,876"], Reading(decimal="."), [1234, 5678, 9876]),
        (["1,234", "5,678", "12.5"], Reading(), [1234, 5678, 12.5]),
        (["1.234", "5.678", "12,5"], Reading(), [1234, 5678, 12.5]),
        (["1.234", "5.678", "9.876"], Reading(), [1.234, 5.678, 9.876]),
        (["1.234.567", "5.678", "9"], Reading(), [1234567, 5678, 9]),
        (["(12.5)", "3", "4"], Reading(), [-12.5, 3, 4]),
        (["\u22122.5", "3", "4"], Reading(), [-2.5, 3, 4]),
        (["1e-3", "2E+4", ".5"], Reading(), [0.001, 20000, 0.5]),
        (["$1,250.50", "-$3.20", "$4"], Reading(), [1250.5, -3.2, 4]),
        (["33.1 %", "40 %", "7,5 %"], None, None),
    ],
)
def test_the_decimal_mark_is_taken_from_cells_that_show_it(cells, how, expected):
    text = written(["a"], [[c] for c in cells], ",", quoted=True)
    if expected is None:
        with pytest.raises(DataError, match="decimal"):
            sheet(text)
        return
    np.testing.assert_allclose(sheet(text, how).columns["a"], expected)


def test_a_number_that_is_two_is_asked_about():
    text = written(["a", "b"], [["1,234", "x"], ["5,678", "y"], ["2,345", "x"]])
    with pytest.raises(DataError, match=r"column 'a' holds '1,234', which is 1234 or 1.234.*--decimal"):
        sheet(text)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1,2,3,4", r"line 4 has 4 cells, the header 3.*--skip-bad-rows"),
        ("1,2", r"line 4 has 2 cells, the header 3.*--skip-bad-rows"),
    ],
)
def test_a_row_that_does_not_fit_is_named_and_never_shifted(row, sentence):
    text = f"a,b,c\n1,2,3\n4,5,6\n{row}\n7,8,9\n"
    with pytest.raises(DataError, match=sentence):
        sheet(text)
    found = sheet(text, Reading(skip_bad_rows=True))
    assert found.dropped == {"rows of other than 3 cells": [4]}
    np.testing.assert_array_equal(found.columns["a"], [1, 4, 7])


def test_empty_cells_beyond_the_header_are_none():
    found = sheet("a,b,c\n1,2,3,,\n4,5,6\n7,8,9,\n")
    np.testing.assert_array_equal(found.columns["c"], [3, 6, 9])


def test_indices_with_and_without_a_place_in_the_header():
    of_pandas = sheet(",a,b\n0,1.5,x\n1,2.5,y\n2,3.5,x\n")
    of_r = sheet("a,b\nr1,1.5,x\nr2,2.5,y\nr3,3.5,x\n")
    for found in (of_pandas, of_r):
        assert list(found.columns) == ["a", "b"]
        np.testing.assert_array_equal(found.columns["a"], [1.5, 2.5, 3.5])
        assert any("left out" in line for line in found.told)


def test_totals_and_notes_below_the_table_are_left_out_and_told():
    text = "region,sales,cost\nnorth,10.5,3\nsouth,20.5,4\neast,1.5,2\nTotal,32.5,9\nSource: the ministry\n"
    found = sheet(text)
    np.testing.assert_array_equal(found.columns["sales"], [10.5, 20.5, 1.5])
    assert found.dropped == {"notes below the table": [6], "rows of totals": [5]}
    assert found.read == 5
    kept = sheet("\n".join(text.splitlines()[:5]), Reading(keep_totals=True))
    assert len(kept.columns["sales"]) == 4


def test_names_under_merged_titles_bear_them():
    found = sheet("2019,,2020,\nprice,amount,price,amount\n1.5,2,3.5,4\n1.6,3,3.6,5\n")
    assert list(found.columns) == ["2019 price", "2019 amount", "2020 price", "2020 amount"]


def test_a_file_without_names_is_asked_for_them():
    with pytest.raises(DataError, match=r"line 1 holds numbers where the names.*--header 0"):
        sheet("1,2\n3,4\n")
    assert list(sheet("1,2\n3,4\n", Reading(header=0)).columns) == ["x0", "x1"]


def test_a_quote_that_is_not_closed_swallows_no_rows():
    with pytest.raises(FormatError, match=r"line 3: a quote is opened and not closed"):
        sheet('a,b\n1,2\n"3,4\n5,6\n')


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"])
def test_codecs(codec):
    assert list(sheet("größe,b\n1,2\n3,4\n", encoding=codec).columns) == ["größe", "b"]


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(FormatError, match="holds zero bytes"):
        read_text(PATH, b"a,b\n1,\x00\x00\xff2\n", Reading(), ",", {})
    with pytest.raises(FormatError, match="line 2 is no text in ascii"):
        read_text(PATH, "a,b\nö,2\n".encode(), Reading(encoding="ascii"), ",", {})


def test_text_columns_stay_as_written():
    from aitia.data.kinds import Kind

    found = sheet("t,a\n 007 ,1\nNA,2\n,3\n", kinds={"t": Kind.TEXT})
    assert found.columns["t"].tolist() == ["007 ", "NA", None]
