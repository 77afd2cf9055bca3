"""Whole files of several formats, from the command line as well: what was understood is told, and can be overruled."""

import json
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from typer.testing import CliRunner

import aitia
from aitia.cli import app
from aitia.data.kinds import Kind
from aitia.errors import AitiaError, DataError, OptionError

AS_PEOPLE_HAVE_IT = Path(__file__).parents[4] / "shared" / "data" / "as-people-have-it"


def frame(n=120):
    rng = np.random.default_rng(0)
    alpha = rng.normal(10, 1, n).round(3)
    return pd.DataFrame({"alpha": alpha, "beta": (2 * alpha + rng.normal(0, 0.5, n)).round(3)})


def discovered(*arguments):
    done = CliRunner().invoke(app, ["discover", *map(str, arguments)])
    if isinstance(done.exception, AitiaError):
        raise done.exception
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_a_workbook_with_a_title_and_several_sheets(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "notes"
    sheet = book.create_sheet("2024")
    sheet.append(["Report 2024"])
    sheet.merge_cells("A1:C1")
    sheet.append(["when", "alpha", "beta"])
    for k, (a, b) in enumerate(frame().to_numpy()):
        sheet.append([pd.Timestamp("2024-01-01") + pd.Timedelta(days=k), a, b])
    book.create_sheet("other").append(["x"])
    book.save(tmp_path / "book.xlsx")
    table = aitia.read_table(tmp_path / "book.xlsx")
    assert table.names == ("when", "alpha", "beta")
    assert table.kind("when") is Kind.TIME
    np.testing.assert_array_equal(table.column("alpha"), frame().alpha)
    assert any("sheet '2024' read, and not 'notes', 'other' (--sheet)" in line for line in table.flow.told)
    assert any("Report 2024" in line for line in table.flow.told)
    with pytest.raises(OptionError, match=r"has no sheet '2023': it has 'notes', '2024', 'other'"):
        aitia.read_table(tmp_path / "book.xlsx", how=aitia.Reading(sheet="2023"))


@pytest.mark.parametrize("ending", ["sav", "dta"])
def test_files_of_spss_and_stata_keep_labels_and_their_order(tmp_path, ending):
    data = frame(40).assign(agrees=np.tile([1.0, 2.0, 3.0, np.nan], 10))
    labels = {"agrees": {1: "no", 2: "partly", 3: "yes"}}
    path = tmp_path / f"survey.{ending}"
    if ending == "sav":
        pyreadstat.write_sav(data, str(path), variable_value_labels=labels, variable_measure={"agrees": "ordinal"})
    else:
        data["agrees"] = data["agrees"].astype("Int64")
        pyreadstat.write_dta(data, str(path), variable_value_labels=labels)
    table = aitia.read_table(path)
    assert table.categories("agrees") == ("no", "partly", "yes")
    assert table.kind("agrees") is (Kind.ORDINAL if ending == "sav" else Kind.LABEL)
    assert table.missing("agrees") == 10
    np.testing.assert_allclose(table.column("beta"), frame(40).beta)


def test_gaps_are_used_test_by_test_or_rows_are_dropped_and_counted(tmp_path):
    data = frame(200).assign(gamma=lambda d: d.beta + np.random.default_rng(1).normal(0, 1, 200))
    data.loc[:9, "alpha"] = np.nan
    data.to_csv(tmp_path / "gaps.csv", index=False)
    assert "each test uses the rows" in discovered(tmp_path / "gaps.csv")
    assert "gaps.csv: 200 rows read, 10 with gaps left out, 190 used" in discovered(
        tmp_path / "gaps.csv", "--missing", "complete"
    )
    with pytest.raises(DataError, match="--missing testwise"):
        discovered(tmp_path / "gaps.csv", "--missing", "error")
    with pytest.raises(OptionError, match="missing is testwise or complete or impute or error, got 'drop'"):
        discovered(tmp_path / "gaps.csv", "--missing", "drop")


def test_no_complete_row_names_the_worst_column(tmp_path):
    data = frame(60).assign(gamma=np.nan)
    data.loc[::2, "gamma"] = np.random.default_rng(1).normal(size=30)
    data.loc[::2, "alpha"] = np.nan
    data.to_csv(tmp_path / "gaps.csv", index=False)
    with pytest.raises(DataError, match=r"no row is complete; '.*' lacks 30 of 60.*--drop"):
        discovered(tmp_path / "gaps.csv", "--missing", "complete")


def test_kinds_are_said_on_the_command_line(tmp_path):
    rng = np.random.default_rng(0)
    q1 = rng.integers(1, 6, 200)
    pd.DataFrame({"q1": q1, "q2": np.clip(q1 + rng.integers(-1, 2, 200), 1, 5)}).to_csv(tmp_path / "q.csv", index=False)
    assert "q1, q2: few whole numbers, taken as labels (--ordinal or --continuous says otherwise)" in discovered(
        tmp_path / "q.csv"
    )
    told = discovered(tmp_path / "q.csv", "--continuous", "q1,q2")
    assert "2 continuous variables" in told
    assert "few whole numbers" not in told
    with pytest.raises(OptionError, match="'q1' is declared in two ways"):
        discovered(tmp_path / "q.csv", "--discrete", "q1", "--ordinal", "q1")
    (tmp_path / "g.txt").write_text("q1 -> q2")
    done = CliRunner().invoke(
        app,
        ["do", str(tmp_path / "q.csv"), "do(q1=2)", "--graph", str(tmp_path / "g.txt"), "--outcome", "q2",
         "--continuous", "q1", "--continuous", "q2", "--resamples", "10", "--json"],
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    assert json.loads(done.stdout)


def test_an_index_that_counts_the_rows_is_no_variable(tmp_path):
    data = frame(60)
    data.insert(0, "id", np.arange(1, 61))
    data.to_csv(tmp_path / "indexed.csv", index=False)
    told = discovered(tmp_path / "indexed.csv")
    assert "id: counts the rows, left out (--continuous id keeps it)" in told
    assert "2 continuous variables" in told
    assert "3 continuous variables" in discovered(tmp_path / "indexed.csv", "--continuous", "id")


def test_a_column_of_two_numbers_is_binary(tmp_path):
    data = frame(60).assign(dose=np.tile([0.5, 1.5], 30))
    assert aitia.Table.of(data).kind("dose") is Kind.LABEL
    assert aitia.Table.of(data).binary("dose")


def test_options_of_reading_reach_a_fit_and_stay_with_it(tmp_path):
    lines = ["model;mmlu;arc;gsm"]
    rng = np.random.default_rng(0)
    lines += [";".join([f"m{k}", *(f"{v:.2f}".replace(".", ",") for v in rng.uniform(10, 90, 3))]) for k in range(400)]
    (tmp_path / "scores.csv").write_text("\n".join(lines))
    found = aitia.fit("pc", tmp_path / "scores.csv", reading=aitia.Reading(decimal=","), kinds={"model": "text"},
                      variables=("mmlu", "arc", "gsm"))  # fmt: skip
    assert found.source.reads == {"how": {"decimal": ","}, "kinds": {"model": "text"}}
    assert found.given.rows.column("mmlu").max() < 91


@pytest.mark.skipif(not AS_PEOPLE_HAVE_IT.is_dir(), reason="the folder of small files stands beside the project")
@pytest.mark.parametrize(
    "name",
    ["semicolon.csv", "semicolon_de.tsv", "quoted_deccomma.csv", "percent.csv", "trail_rows.csv", "excel_title.csv",
     "dates_iso.csv"],
)  # fmt: skip
def test_the_same_numbers_in_other_clothes_give_the_same_graph(name):
    found = aitia.discover(AS_PEOPLE_HAVE_IT / name, drop=["when"] if name.startswith("dates") else [])
    assert found.graph == aitia.Graph("alpha --- beta --- gamma")


def test_a_column_that_names_the_rows_is_no_variable_and_one_that_nearly_does_is_refused(tmp_path):
    data = frame(60)
    data.insert(1, "patient", [f"P{k}" for k in range(60)])
    data.to_csv(tmp_path / "named.csv", index=False)
    told = discovered(tmp_path / "named.csv")
    assert "patient: another text in every row, so it names them, left out" in told
    assert "2 continuous variables" in told
    data.loc[3, "patient"] = "P2"
    data.to_csv(tmp_path / "nearly.csv", index=False)
    with pytest.raises(DataError, match="'patient' has 59 labels in 60 rows: it names the rows rather than groups"):
        discovered(tmp_path / "nearly.csv")
