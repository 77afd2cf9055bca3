"""Pairs of texts are a table, whatever they stand in, and a damaged file is named with its place."""

import json

import pytest

from aitia.data.read import read
from aitia.data.table import Table
from aitia.errors import FormatError, UnknownVariableError

SAID = [
    ("one", 'he said "ka', "north"),
    ("two", "NA", "north"),
    ("one", '"ga" is it', "south"),
    ("two", "7", "south"),
]
TEXTS = {"source": "text", "target": "text"}
ROWS = Table.of(dict(zip(("source", "target", "variety"), zip(*SAID, strict=True), strict=True)), kinds=TEXTS)


def in_a_folder(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def in_lines(path):
    names = ("source", "target", "variety")
    path.write_text("\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in SAID))
    return path


def with_tabs(path):
    path.write_text("\n".join(["id\ttarget\tvariety\tsource", *(f"7\t{t}\t{v}\t{s}" for s, t, v in SAID)]))
    return path


def test_a_folder_of_line_aligned_files_and_a_table_hold_the_same_rows(tmp_path):
    (tmp_path / "folder").mkdir()
    folder = in_a_folder(tmp_path / "folder", source="one\ntwo\n", north='he said "ka\nNA\n', south='"ga" is it\r\n7')
    ROWS.to_pandas().to_parquet(tmp_path / "a.parquet")
    for place in (folder, in_lines(tmp_path / "a.jsonl"), with_tabs(tmp_path / "a.tsv"), tmp_path / "a.parquet"):
        table = read(place, expected=TEXTS)
        assert table.select(ROWS.names) == ROWS, place
        assert [str(table.kind(name)) for name in ROWS.names] == ["text", "text", "label"]


def test_quotation_marks_around_cells_are_none_of_the_text(tmp_path):
    (tmp_path / "a.tsv").write_text('source\ttarget\n"one\nline"\t"he said ""ka"""\n', encoding="utf-8")
    table = read(tmp_path / "a.tsv", expected=TEXTS)
    assert (table.texts("source"), table.texts("target")) == (["one\nline"], ['he said "ka"'])


def test_a_long_text_leaves_the_marks_around_cells(tmp_path):
    (tmp_path / "a.tsv").write_text('source\ttarget\n"' + "ab " * 60_000 + '"\t"x"\n', encoding="utf-8")
    assert read(tmp_path / "a.tsv", expected=TEXTS).texts("target") == ["x"]


def test_expected_columns_may_be_missing_and_declared_ones_may_not(tmp_path):
    place = with_tabs(tmp_path / "a.tsv")
    assert read(place, expected={"sauce": "text"}).kind("source") == "label"
    with pytest.raises(UnknownVariableError, match=r"'sauce' is not a variable of this table\. Did you mean 'source'"):
        read(place, kinds={"sauce": "text"})


def test_files_that_are_not_aligned_name_the_line_without_a_partner(tmp_path):
    in_a_folder(tmp_path, source="one\ntwo\nthree\n", north="ka\nto\n")
    with pytest.raises(FormatError, match=r"north\.txt has 2 lines and source\.txt 3: line 3 of the longer one has no"):
        read(tmp_path)


def test_a_folder_of_texts_without_a_source_is_not_of_pairs(tmp_path):
    assert read(in_a_folder(tmp_path, north="ka\nto", south="ga")).names == ("file", "text")
