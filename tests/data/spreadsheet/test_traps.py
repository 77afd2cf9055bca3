"""Files that were misread in silence: each is read right and told, or asked about."""

import numpy as np
import pytest

from aitia.data.kinds import Kind
from aitia.data.spreadsheet import Reading
from aitia.data.tables import read_table
from aitia.errors import DataError


def written(tmp_path, text, **how):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, how=Reading(**how))


def column(tmp_path, cells, **how):
    return written(tmp_path, "v,w\n" + "".join(f'"{cell}",{k}.5\n' for k, cell in enumerate(cells)), **how)


def rows(form, n=30):
    return "".join(form(k) for k in range(n))


PLAIN = rows(lambda k: f"{k}.5,{k}\n")


@pytest.mark.parametrize(
    ("text", "told", "n"),
    [
        ("dose,weight\nmg,(kg)\n" + PLAIN, "line 2 taken as the units of the columns (mg, (kg)), left out", 30),
        ("sep=,\na,b\n" + PLAIN, None, 30),
        ("# by me\n# in two lines\na,b\n" + PLAIN, "lines 1-2 before the header taken as a title: '# by me'", 30),
        ("a,b\n" + PLAIN + "a,b\n" + PLAIN, "line 32 says the header again, left out", 60),
        ("a,b\n---,---\n" + PLAIN, "1 drawn lines left out", 30),
        ("a,b\n" + PLAIN + ",\nSource: me, 2024\n", "line 32 and what follows taken as notes below the table", 30),
        ("a,b\n" + PLAIN + f"{sum(k + 0.5 for k in range(30))},{sum(range(30))}\n", "line 32 sums up others", 30),
        ("s,a\n" + rows(lambda k: f"x{k},{k}.5\n") + "TOTAL (all),450\n", "sums up others ('TOTAL (all)')", 30),
        (
            "s,a\n" + "".join(rows(lambda k, g=g: f"{g},{k}.5\n", 5) + f"Total {g},12.5\n" for g in "abcdef"),
            "and 1 more sums up others",
            30,
        ),
        (
            "dose,dose,x,x\nmin,max,min,max\n" + rows(lambda k: f"{k},{k + 1}.5,{k},{k}\n"),
            "lines 1 and 2 taken as names in two parts",
            30,
        ),
        ("a\n" + "one short sentence\n" * 6, None, 6),
    ],
)
def test_lines_that_are_no_rows_are_left_out_and_told(tmp_path, text, told, n):
    table = written(tmp_path, text)
    assert table.n == n == table.flow.used
    if told is not None:
        assert any(told in line for line in table.flow.lines())


def test_a_last_row_that_is_no_sum_and_a_total_that_is_a_label_stay(tmp_path):
    assert written(tmp_path, "a,b\n" + PLAIN + "450,436\n").n == 31
    assert written(tmp_path, "a,b\n" + "0,1\n" * 6 + "1,0\n").n == 7
    lipids = "of,v\n" + rows(lambda k: f"{['Total cholesterol', 'HDL', 'LDL'][k % 3]},{k}.5\n")
    assert written(tmp_path, lipids).n == 30
    assert written(tmp_path, "a,b\n" + PLAIN + "450,435\n", keep_totals=True).n == 31


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n" + rows(lambda k: f"{k},5,{k},3\n"), r"line 2 has 4 cells, the header 2 \(30 such rows\).*--header 2"),
        ("id,w\n" + rows(lambda k: f"s{k},{k},5\n"), "or 0,5 is a number with a decimal comma. Name the column"),
        ("a,b\n" + rows(lambda k: f"'x, y',{k}.5\n"), "line 2 has 3 cells, the header 2"),
        ("a;b\n" + rows(lambda k: f"{k + 1}.234;x\n"), "'1.234', which is 1.234 or 1234, and nothing"),
        ("s1,3.5\n" + rows(lambda k: f"t{k},{k}.5\n"), r"holds '3.5': if it is a row, say --header 0"),
        ("red,yes\n" + "red,no\nblue,yes\n" * 9, "holds 'red' in a column of such values: if it is a row"),
    ],
)
def test_rows_that_can_be_read_in_two_ways_are_asked_about(tmp_path, text, sentence):
    with pytest.raises(DataError, match=sentence):
        written(tmp_path, text)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (
            [f"{k}%" if k % 2 else k / 100 for k in range(1, 30)],
            "holds '0.02' in line 3 and '1%' in line 2|'1%' in line 2",
        ),
        (["$12", "€13", "14"] * 8, "holds '[$]12' in line 2 and '€13' in line 3: write all in one way"),
        (["12 kg", "13 lb", "14 kg"] * 8, "numbers in several units, '14 kg', '13 lb'|numbers in several units"),
        ([f"{k}.5*" if k % 7 == 0 else f"{k}.5" for k in range(40)], r"holds numbers, but 6 cell\(s\) such as '0.5\*'"),
        ([-999 if k % 6 == 0 else -998 if k % 7 == 0 else k for k in range(60)], "holds -999, -998 in 17 row"),
        ([99 if k % 9 == 0 else 98 if k % 10 == 0 else k % 5 + 1 for k in range(60)], "holds 99, 98 in 12 row"),
        ([9999999 if k % 6 == 0 else 1000 + 37 * k for k in range(60)], "--missing-value v=9999999 if it stands"),
        (["9999-12-31" if k % 6 == 0 else f"2020-01-{k % 28 + 1:02d}" for k in range(60)], "holds '9999-12-31' in 10"),
        (["1900-01-01" if k % 6 == 0 else f"2020-01-{k % 28 + 1:02d}" for k in range(60)], "--keep-value v=1900-01-01"),
    ],
)
def test_cells_that_can_be_read_in_two_ways_are_asked_about(tmp_path, cells, sentence):
    with pytest.raises(DataError, match=sentence):
        column(tmp_path, cells)


def test_the_mends_that_are_named_serve(tmp_path):
    cells = [-999 if k % 6 == 0 else -998 if k % 7 == 0 else k for k in range(60)]
    assert column(tmp_path, cells, missing=("v=-999", "v=-998")).missing("v") == 17
    assert column(tmp_path, cells, keep=("v=-999", "v=-998")).missing("v") == 0
    days = ["1900-01-01" if k % 6 == 0 else f"2020-01-{k % 28 + 1:02d}" for k in range(60)]
    assert column(tmp_path, days, missing=("v=1900-01-01",)).missing("v") == 10
    assert column(tmp_path, days, keep=("v=1900-01-01",)).missing("v") == 0
    assert written(tmp_path, "red,yes\n" + "red,no\nblue,yes\n" * 9, header=0).n == 19
    assert written(tmp_path, "red,yes\n" + "red,no\nblue,yes\n" * 9, header=1).n == 18
    assert written(tmp_path, "a;b\n" + rows(lambda k: f"{k + 1}.234;x\n"), decimal=",").column("a")[0] == 1234


def test_numbers_with_one_unit_and_many_marks_for_missing_are_numbers(tmp_path):
    table = column(tmp_path, [f"{k}.5 mg" for k in range(30)])
    np.testing.assert_array_equal(table.column("v"), np.arange(30) + 0.5)
    assert any("'mg' beside each number left out" in line for line in table.flow.told)
    marks = ["?", ".", "*", "n/a", "#DIV/0!", "N.A.", "-", "< LOD"]
    table = column(tmp_path, [marks[k // 5] if k % 5 == 0 else f"{k}.5" for k in range(40)])
    assert (str(table.kind("v")), table.missing("v")) == ("number", 8)
    fullwidth = "".join(chr(0xFF10 + int(c)) for c in "12")
    assert column(tmp_path, [fullwidth, *range(20)]).column("v")[0] == 12


def test_identifiers_keep_their_digits(tmp_path):
    table = column(tmp_path, [f"1234567890123456{k:04d}" for k in range(60)])
    assert table.kind("v") is Kind.LABEL
    assert len(table.categories("v")) == 60
    assert any("labels, since a number would lose digits" in line for line in table.flow.told)
    assert any("'1E5' is read as 100000" in line for line in column(tmp_path, ["1E5", "2E7"] * 9).flow.told)


def test_labels_that_look_alike_are_one_and_na_is_told(tmp_path):
    assert len(column(tmp_path, ["Zu\u0308rich", "Z\u00fcrich", "a", "a\u200b"] * 5).categories("v")) == 2
    told = column(tmp_path, ["NA", "ZA", "BW"] * 6).flow.told
    assert any("6 cell(s) 'NA' read as missing (--keep-value v=NA)" in line for line in told)


def test_text_of_another_codec_is_shown(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(("город,b\n" + rows(lambda k: f"Москва,{k}\n")).encode("cp1251"))
    assert any(
        "cp1251, since line 1 is no UTF-8: 'город,b' (--encoding)" in line for line in read_table(path).flow.told
    )
    assert "город" in read_table(path, how=Reading(encoding="cp1251"))


def test_a_hundred_thousand_columns_take_seconds(tmp_path):
    import time

    names = ",".join(f"c{k}" for k in range(100_000))
    line = ",".join(f"{k % 97}.5" for k in range(100_000))
    began = time.process_time()
    table = written(tmp_path, "\n".join([names, *[line] * 5]))
    assert len(table.names) == 100_000
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("text\nnoun three one\nblue noun\n", 2),  # one column of texts, and no blanks between cells
        ("text\nred one\nblue two\ngreen one\n", 3),
        ("text,written\nred one,\nblue two,\n", 2),  # what is to be filled in
        ("text,written\nred one,a\nblue two,\n", 2),
        ("text,written\nIt rained.,a\nIt snowed all day.,\n", 2),
    ],
)
def test_texts_are_rows_whether_or_not_something_stands_beside_them(text, rows, tmp_path):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    table = read_table(tmp_path / "t.csv", expected={"text": "text", "written": "text"})
    assert table.n == rows
    assert table.names == tuple(text.splitlines()[0].split(","))
