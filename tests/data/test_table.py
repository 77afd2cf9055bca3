"""Tables keep names, kinds and values, whatever held them."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aitia.data.spreadsheet.sentinels import sentinel
from aitia.data.table import Kind, Table
from aitia.data.tables import read_table
from aitia.errors import DataError, FormatError, UnknownVariableError

FRAME = pd.DataFrame(
    {
        "dose": [0.5, 1.5, None, 2.0] * 5,
        "site": ["b", "a", "a", None] * 5,
        "arm": [0, 1, 1, 0] * 5,
        "ok": [True, False] * 10,
    }
)


def test_pandas_polars_arrow_and_mapping_give_the_same_table():
    table = Table.of(FRAME)
    others = [Table.of(pl.from_pandas(FRAME)), Table.of(pa.Table.from_pandas(FRAME)), Table.of(FRAME.to_dict("list"))]
    assert all(other == table for other in others)


def test_kinds_follow_from_the_values():
    table = Table.of(FRAME)
    assert [table.kind(name) for name in table.names] == ["number", "label", "label", "label"]
    assert table.categories("site") == ("a", "b")
    assert table.categories("arm") == (0, 1)
    assert table.missing("dose") == 5
    assert table.labels("site")[:4].tolist() == ["b", "a", "a", None]


def test_a_declared_kind_wins():
    assert Table.of(FRAME, kinds={"arm": "number"}).kind("arm") is Kind.NUMBER
    assert Table.of(Table.of(FRAME), kinds={"arm": Kind.NUMBER}).column("arm").tolist()[:4] == [0, 1, 1, 0]


def test_a_categorical_column_keeps_its_order_of_categories():
    frame = pd.DataFrame({"dose": pd.Categorical(["low", "high", "low"], categories=["low", "mid", "high"])})
    table = Table.of(frame)
    assert table.categories("dose") == ("low", "mid", "high")
    assert table.column("dose").tolist() == [0, 2, 0]


def test_dates_become_days():
    days = Table.of(pd.DataFrame({"day": pd.to_datetime(["1970-01-02", "1970-01-03", None])})).column("day")
    assert days[:2].tolist() == [1, 2]
    assert np.isnan(days[2])


def test_columns_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        Table.of(FRAME).column("dose")[0] = 1


def test_a_vector_valued_column_is_one_variable():
    table = Table.of({"pose": np.arange(6.0).reshape(3, 2), "y": [0.1, 0.2, 0.3]})
    assert table.names == ("pose", "y")
    assert table.matrix().shape == (3, 3)
    assert list(table.to_pandas()) == ["pose.0", "pose.1", "y"]


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3), min_size=1, max_size=20))
def test_csv_and_parquet_round_trip(tmp_path_factory, rows):
    # 999999999 far from all others is asked about.
    assume(all(sentinel(np.array(column)) is None for column in zip(*rows, strict=True)))
    folder = tmp_path_factory.mktemp("tables")
    table = Table.of(np.array(rows), names=["a", "b c", "δ"], kinds={"a": "number", "b c": "number", "δ": "number"})
    kinds = dict.fromkeys(table.names, "number")
    table.to_pandas().to_csv(folder / "t.csv")  # with the row index, as pandas does by default
    table.to_pandas().to_parquet(folder / "t.parquet")
    assert read_table(folder / "t.csv", kinds=kinds) == table
    assert read_table(folder / "t.parquet", kinds=kinds) == table


def test_taking_rows_and_columns():
    table = Table.of(FRAME)
    assert table.take([0, 3]).n == 2
    assert table.take(table.column("arm") == 1).n == 10
    assert table.select(["site", "arm"]).names == ("site", "arm")
    assert table.drop(["site"]).names == ("dose", "arm", "ok")
    assert table.with_columns({"z": np.ones(20)}).names[-1] == "z"


def test_the_hash_sees_names_values_and_categories():
    table = Table.of(FRAME)
    assert table.hash() == Table.of(FRAME.copy()).hash()
    assert table.hash() != Table.of(FRAME.rename(columns={"dose": "dosis"})).hash()
    assert table.hash() != Table.of(FRAME.assign(dose=FRAME.dose + 1)).hash()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"x": [1.0, 2.0], "y": [1.0]}, "columns differ in length: x has 2, y has 1"),
        ({"x": []}, "no rows, only the columns x"),
        ({}, "no columns"),
        ({"x": [1.0, np.inf]}, "'x' holds an infinite value, first in row 1"),
        (np.zeros(3), r"rows and columns, got shape \(3,\)"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "repeated: x"),
        ({"x": np.zeros((2, 2, 2))}, r"shape \(2, 2, 2\)"),
    ],
)
def test_bad_data_is_named(data, sentence):
    with pytest.raises(DataError, match=sentence):
        Table.of(data)


def test_text_declared_a_number_is_refused():
    with pytest.raises(DataError, match="'site' is declared a number but holds text such as 'b'"):
        Table.of(FRAME, kinds={"site": "number"})


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(UnknownVariableError, match=r"'dos' is not a variable of this table\. Did you mean 'dose'"):
        Table.of(FRAME).column("dos")


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(FormatError, match="there is no file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(FormatError, match=r"ends in \.docx"):
        read_table(tmp_path / "t.docx")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(FormatError, match="holds no line"):
        read_table(tmp_path / "empty.csv")
    (tmp_path / "twice.csv").write_text("a,b,a\n1,2,3\n")
    with pytest.raises(DataError, match="column names are repeated: a"):
        read_table(tmp_path / "twice.csv")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 damaged")
    with pytest.raises(FormatError, match="cannot be read as parquet"):
        read_table(tmp_path / "cut.parquet")


def test_codes_are_taken_as_they_are():
    codes = np.array([0.0, 1.0, np.nan, 1.0])
    table = Table.from_codes({"site": codes, "x": np.arange(4.0)}, {"site": ("a", "b")})
    assert table.labels("site").tolist() == ["a", "b", None, "b"]
    assert table.kind("x") == "number"
    codes[0] = 1.0
    assert table.column("site")[0] == 0.0
    with pytest.raises(DataError, match="codes without a category"):
        Table.from_codes({"site": np.array([2.0])}, {"site": ("a", "b")})
    with pytest.raises(DataError, match="differ in length"):
        Table.from_codes({"x": np.zeros(2), "y": np.zeros(3)}, {})
