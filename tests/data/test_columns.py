"""Kinds of columns: what each holds, how it comes back from a file, and the sentence of what it refuses."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.data.tables import read_table, write_table
from aitia.errors import DataError, FormatError

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 6, 8, 3), dtype=np.uint8)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1, max_size=30)
KINDS = {"review": "text", "tags": "list", "parts": "spans", "day": "time"}


def reviews(texts=("Good food, 007", "NA", None)):
    return Table.of(
        {
            "review": list(texts),
            "stars": [4.5, 2.25, np.nan][: len(texts)],
            "tags": [["a", "b"], [], None][: len(texts)],
            "parts": [[[0, 4, "food"]], [(5, 9, "place"), (0, 2, "x")], None][: len(texts)],
            "day": ["2024-05-31", "2024-06-01T12:00", None][: len(texts)],
        },
        kinds=KINDS,
    )


def picture_files(folder, images=PICTURES):
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i}.png")
    return [f"{i}.png" for i in range(len(images))]


def test_kinds_follow_from_values():
    frame = pd.DataFrame(
        {
            "count": [0, 3, 100, 7],
            "number": [-1, 3, 100, 7],
            "label": ["a", "b", "a", "b"],
            "size": pd.Categorical(["s", "l", "s", None], categories=["s", "m", "l"], ordered=True),
            "day": pd.to_datetime(["2024-05-31"] * 4),
        }
    )
    table = Table.of(frame)
    assert {name: str(table.kind(name)) for name in table.names} == {
        "count": "count",
        "number": "number",
        "label": "label",
        "size": "ordinal",
        "day": "time",
    }
    assert [table.continuous(n) for n in table.names] == [True, True, False, False, True]
    assert [table.discrete(n) for n in table.names] == [False, False, True, True, False]
    assert [table.binary(n) for n in table.names] == [False, False, True, False, False]
    assert table.of_kind("count", "time") == ("count", "day")


def test_an_ordinal_keeps_its_order_in_frames_and_new_tables(tmp_path):
    sizes = pd.Categorical(["s", "l", "s"], categories=["s", "m", "l"], ordered=True)
    table = Table.of(pd.DataFrame({"size": sizes, "x": [1.5, 2.5, 3.5]}))
    write_table(table, tmp_path / "t.parquet")
    for other in (
        Table.of(table.to_pandas()),
        read_table(tmp_path / "t.parquet"),
        Table.of(table, kinds={"x": "number"}),
    ):
        assert other == table
        assert other.kind("size") is Kind.ORDINAL
        assert other.categories("size") == ("s", "m", "l")


def test_a_kind_is_no_part_of_the_hash_where_a_statistic_sees_none():
    assert Table.of({"x": [1, 20, 3]}) == Table.of({"x": [1, 20, 3]}, kinds={"x": "number"})
    assert Table.of({"x": ["a", "b"]}) != Table.of({"x": ["a", "b"]}, kinds={"x": "ordinal"})  # ranks see an order
    assert Table.of({"x": ["a", "b"]}) != Table.of({"x": ["a", "b"]}, kinds={"x": "text"})


def test_two_values_are_binary_whatever_the_kind():
    assert Table.of({"x": [0.5, 1.5, np.nan]}).binary("x")
    assert not Table.of({"x": [0.5, 1.5, 2.5]}).binary("x")
    assert not Table.of({"x": ["a", "b"]}, kinds={"x": "text"}).binary("x")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".csv.gz", ".jsonl.gz", ".parquet"])
def test_texts_lists_spans_and_times_come_back_from_a_file(tmp_path, ending):
    table = reviews()
    write_table(table, tmp_path / f"t{ending}")
    back = read_table(tmp_path / f"t{ending}", kinds=KINDS)
    assert back == table
    assert back.texts("review") == ["Good food, 007", "NA", ""]
    assert back.absent("review").tolist() == [False, False, True]
    assert back.lists("tags") == [["a", "b"], [], []]
    assert back.spans("parts")[0] == [(0, 4, "food")]
    assert back.column("day")[:2].tolist() == [19874.0, 19875.5]
    assert back.missing("tags") == 1


@settings(max_examples=25, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=6), st.data())
def test_any_text_and_list_round_trips(tmp_path_factory, texts, data):
    cells = st.lists(st.one_of(st.integers(-9, 9), WORDS))
    lists = data.draw(st.lists(cells, min_size=len(texts), max_size=len(texts)))
    table = Table.of({"t": texts, "l": lists}, kinds={"t": "text", "l": "list"})
    folder = tmp_path_factory.mktemp("t")
    for ending in (".csv", ".jsonl", ".parquet"):
        write_table(table, folder / f"t{ending}")
        assert read_table(folder / f"t{ending}", kinds={"t": "text", "l": "list"}) == table


@given(st.lists(st.tuples(st.text(), st.booleans()), min_size=2, max_size=5, unique=True))
def test_hashes_tell_texts_apart(pairs):
    texts = [None if gone else text for text, gone in pairs]
    table = Table.of({"t": texts}, kinds={"t": "text"})
    assert table == Table.of({"t": list(texts)}, kinds={"t": "text"})
    turned = table.take(np.arange(len(texts))[::-1])
    assert (turned == table) == (texts[::-1] == texts)


def test_lists_are_told_from_vectors():
    assert Table.of({"pose": [[1.0, 2.0], [3.0, 4.0]]}).kind("pose") is Kind.NUMBER
    assert Table.of({"tags": [["a"], ["b"]]}).kind("tags") is Kind.LIST
    assert Table.of({"tags": [[1, 2], [3]]}).kind("tags") is Kind.LIST


def test_pictures_are_decoded_when_looked_at(tmp_path):
    names = picture_files(tmp_path / "p")
    table = Table.of({"image": names, "y": [1.5, 2, 3, 4]}, kinds={"image": "picture"}, folder=tmp_path / "p")
    assert np.array_equal(table.pictures("image"), PICTURES)
    assert table.pictures("image", size=3).shape == (4, 3, 3, 3)
    assert table.sized(5).pictures("image").shape == (4, 5, 5, 3)
    assert table.take([2]).pictures("image").tolist() == PICTURES[2:3].tolist()
    (tmp_path / "p" / "0.png").write_text("no picture any more")
    assert table.take([1, 2, 3]).pictures("image").shape[0] == 3
    with pytest.raises(FormatError, match=r"0\.png is no image"):
        table.pictures("image")


def test_pictures_are_hashed_by_the_bytes_of_their_files(tmp_path):
    names = picture_files(tmp_path / "p")
    picture_files(tmp_path / "q")
    p, q = (Table.of({"image": names}, kinds={"image": "picture"}, folder=tmp_path / f) for f in ("p", "q"))
    assert p == q
    assert p != p.sized(4)
    picture_files(tmp_path / "q", PICTURES[::-1])
    assert p != q


def test_an_array_of_bytes_is_a_column_of_pictures():
    table = Table.of({"image": PICTURES, "site": list("abab")})
    assert table.kind("image") is Kind.PICTURE
    assert np.array_equal(table.pictures("image"), PICTURES)
    assert table == Table.of_pictures(PICTURES, site=list("abab"))
    assert table != Table.of_pictures(255 - PICTURES, site=list("abab"))
    assert table.drop(["image"]).names == ("site",)
    assert table.with_columns({"z": np.ones(4)}).kind("image") is Kind.PICTURE
    with pytest.raises(ValueError, match="read-only"):
        table.pictures("image")[0] = 0


def test_a_hole_among_pictures_is_black_and_told():
    table = Table.of_pictures([PICTURES[0], None])
    assert table.absent("image").tolist() == [False, True]
    assert not table.pictures("image")[1].any()
    empty = Table.of_pictures([None, None], y=[1.0, 2.0])
    assert empty.pictures("image", size=4).shape == (2, 4, 4, 3)
    with pytest.raises(DataError, match="give a size"):
        empty.pictures("image")


def test_missing_files_are_told_at_once(tmp_path):
    names = picture_files(tmp_path)
    with pytest.raises(
        DataError, match=r"'image' names 2 files that are not there in .*'a/b.png' \(row 4\): put them there"
    ):
        Table.of({"image": [*names, "a/b.png", "c.png"]}, kinds={"image": "picture"}, folder=tmp_path)
    with pytest.raises(DataError, match=r"names a file that is not there, first 'gone.png'"):
        Table.of({"image": ["gone.png"]}, kinds={"image": "picture"})


def test_pictures_of_several_sizes_want_one(tmp_path):
    names = picture_files(tmp_path, [PICTURES[0], PICTURES[1][:3, :3]])
    table = Table.of({"image": names}, kinds={"image": "picture"}, folder=tmp_path)
    with pytest.raises(DataError, match=r"0\.png is 8x6, 1\.png is 3x3; give a size"):
        table.pictures("image")
    assert table.pictures("image", size=4).shape == (2, 4, 4, 3)


def test_a_statistic_is_told_what_to_do_with_a_column_without_numbers():
    with pytest.raises(DataError, match=r"'review' is of kind text, which has no numbers: .*table\.texts\('review'\)"):
        reviews().matrix()
    with pytest.raises(DataError, match="'stars' is of kind number, not picture: declare it with"):
        reviews().pictures("stars")


@pytest.mark.parametrize(
    ("values", "kind", "sentence"),
    [
        ([1.0, -2.0], "count", "declared a count but holds -2"),
        ([1.0, 2.5], "count", "declared a count but holds 2.5"),
        (["a", "b"], "count", "declared a count but holds text such as 'a'"),
        (["yesterday"], "time", "declared a time, row 0 holds 'yesterday'"),
        ([[1], [2]], "text", "declared text, row 0 holds a list"),
        (["[1", "[2]"], "list", r"row 0, where a list is wanted: '\[1' is not valid JSON"),
        (['{"a": 1}'], "list", "is declared a list, row 0"),
        ([[[3, 1, "x"]]], "spans", r"a span is \[start, stop, label\]"),
        ([[[0, 1]]], "spans", r"a span is \[start, stop, label\]"),
        ([1.0, 2.0], "picture", "declared picture, row 0 holds a float"),
        (np.zeros((2, 4, 4, 3)), "picture", r"bytes, got \(2, 4, 4, 3\) of float64"),
        ([1, 2], "continuous", "the kind of 'x' is one of number, count"),
    ],
)
def test_what_a_kind_refuses(values, kind, sentence):
    with pytest.raises(DataError, match=sentence):
        Table.of({"x": values}, kinds={"x": kind})


def test_spans_may_be_named():
    table = Table.of({"s": [[{"start": 1, "end": 2, "label": "x"}]]}, kinds={"s": "spans"})
    assert table.spans("s") == [[(1, 2, "x")]]


def test_rows_are_written_for_people(tmp_path):
    table = Table.of_pictures(PICTURES, review=["a", "b", "c", "d"])
    files = table.take([1, 3]).write(tmp_path / "out", "fact", [1, 3])
    assert [file.name for file in files] == ["fact-1.png", "fact-3.png", "fact.csv"]
    assert (tmp_path / "out" / "fact.csv").read_text() == "row,image,review\n1,fact-1.png,b\n3,fact-3.png,d\n"
    back = read_table(tmp_path / "out" / "fact.csv", kinds={"image": "picture"})
    assert np.array_equal(back.pictures("image"), PICTURES[[1, 3]])


def test_the_table_needs_no_pandas_pillow_or_torch():
    code = (
        "import sys, aitia, numpy as np; from aitia.data.table import Table; from aitia.data import subjects, read;"
        "Table.of({'x': [1.0, 2.0], 'i': np.zeros((2, 4, 4, 3), np.uint8)}).hash();"
        "print([m for m in ('pandas', 'PIL', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
