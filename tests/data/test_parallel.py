"""Rows of several varieties from every kind of file, and what is said of a damaged one."""

import json

import pytest

from aitia.data.parallel import Parallel, read_parallel
from aitia.errors import DataError, FormatError, OptionError

ROWS = Parallel(("one", "two", "one", "two"), ("ka", "to", "ga", "do"), ("north", "north", "south", "south"))


def test_every_kind_of_file_gives_the_same_rows(tmp_path):
    lines = [
        {"source": s, "target": t, "variety": v}
        for s, t, v in zip(ROWS.sources, ROWS.targets, ROWS.varieties, strict=True)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    table = ["id\ttarget\tvariety\tsource", *(f"7\t{x['target']}\t{x['variety']}\t{x['source']}" for x in lines)]
    (tmp_path / "a.tsv").write_text("\n".join(table))
    (tmp_path / "folder").mkdir()
    for name, text in (("source", "one\ntwo\n"), ("north", "ka\nto\n"), ("south", "ga\ndo")):
        (tmp_path / "folder" / f"{name}.txt").write_text(text)
    columns = {"source": ROWS.sources, "target": ROWS.targets, "variety": ROWS.varieties}
    for source in (tmp_path / "a.jsonl", str(tmp_path / "a.tsv"), tmp_path / "folder", columns, ROWS):
        assert read_parallel(source) == ROWS


def test_rows_are_taken_by_number_and_variety():
    assert ROWS.names == ("north", "south")
    assert ROWS.of("south").targets == ("ga", "do")
    assert ROWS.take([3, 0]).sources == ("two", "one")
    with pytest.raises(OptionError, match="no variety 'west', there are north, south"):
        ROWS.of("west")


def test_unpaired_files_name_the_line_without_a_partner(tmp_path):
    (tmp_path / "source.txt").write_text("one\ntwo\nthree\n")
    (tmp_path / "north.txt").write_text("ka\nto\n")
    with pytest.raises(FormatError, match=r"north\.txt has 2 lines and source\.txt 3: line 3 of the longer one"):
        read_parallel(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.jsonl", '{"source": "a", "target": "b", "variety": "c"}\nnonsense', "line 2, is no JSON object"),
        ("a.jsonl", '{"source": "a"}', "line 1, is no JSON object with source, target and variety"),
        ("a.jsonl", "", "holds no row"),
        ("a.tsv", "source\ttarget\n1\t2", "has no column 'variety'"),
        ("a.tsv", "source\ttarget\tvariety\n1\t2", "line 2, has fewer fields"),
        ("a.csv", "x", "none of .jsonl, .tsv and a folder"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, name, text, sentence):
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError, match=sentence):
        read_parallel(tmp_path / name)


def test_what_is_not_there_or_empty_is_refused(tmp_path):
    with pytest.raises(FormatError, match="there is no file or folder"):
        read_parallel(tmp_path / "none.jsonl")
    with pytest.raises(FormatError, match="a folder holds source"):
        read_parallel(tmp_path)
    with pytest.raises(FormatError, match="the rows lack 'variety'"):
        read_parallel({"source": ["a"], "target": ["b"]})
    with pytest.raises(DataError, match="row 1 has no target"):
        Parallel(("a", "b"), ("c", " "), ("d", "d"))
    with pytest.raises(DataError, match="got 1, 2 and 1"):
        Parallel(("a",), ("c", "d"), ("d",))
