"""How tables are read and what becomes of missing cells, in a fit and in what is asked of it afterwards."""

import inspect
import json

import numpy as np
import pytest
from scipy import stats
from tests.commands import command
from typer.testing import CliRunner

import aitia as library
from aitia.cli.main import app
from aitia.data.table import Table
from aitia.errors import AitiaError, DataError, OptionError
from aitia.system.registry import find
from aitia.workflow.answers import pooled_effects
from aitia.workflow.loading import load_run
from aitia.workflow.missing import policy

ROWS, GAPS = 120, (4, 17, 60)


def written(folder, name="rows.csv", separator=";", decimal=","):
    """Inputs of two classes as a German spreadsheet writes them, three cells of `a` empty."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, ROWS))
    lines = [separator.join(["a", "b", "class"])]
    for row in range(ROWS):
        cells = ["" if row in GAPS else f"{a[row]:.4f}", f"{b[row]:.4f}"]
        label = "high" if a[row] + b[row] > 0 else "low"
        lines.append(separator.join([*(cell.replace(".", decimal) for cell in cells), label]))
    (folder / name).write_text("\n".join([*lines, ""]))
    return folder / name


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A fit to the sheet, told how to read it."""
    folder = tmp_path_factory.mktemp("gaps")
    how = library.Reading(decimal=",", missing=("b=-77",))
    library.fit("tabpfn", written(folder), label="class", ensemble=1, out=folder / "run", reading=how)
    return folder / "run"


def test_a_fit_takes_whole_rows_counts_the_others_and_shows_the_flow(run):
    page = (run / "report.html").read_text()
    for told in ("The rows", "left out: with gaps", "held out to score", "missing: a in 3; whole rows are used"):
        assert told in page
    loaded = load_run(run).given()
    assert loaded.flow[-1] == "rows.csv: 120 rows read, 3 with gaps left out, 117 used"
    assert not set(GAPS) & set(loaded.used.numbers)


def test_gaps_are_filled_in_what_is_fitted_and_whole_rows_alone_are_scored_on(tmp_path):
    path = written(tmp_path)
    found = library.fit("tabpfn", path, label="class", ensemble=1, missing="impute", test_share=0.3)
    assert not found.given.table.missing("a")
    assert not found.fresh.table.missing("a")
    whole = library.read_table(path).column("a")
    filled = set(found.given.table.column("a")) - set(whole)
    assert 0 < len(filled) == len(GAPS) - (ROWS - len(found.given) - len(found.fresh))
    assert "filled once, which no interval takes in" in " ".join(found.to_json()["flow"])
    with pytest.raises(DataError, match=r"values are missing \(NaN\) in 'a'"):
        library.fit("tabpfn", path, label="class", missing="error")
    told = CliRunner().invoke(app, ["run", "tabpfn", "--data", str(path), "--label", "class", "--missing", "mode"])
    assert str(told.exception) == "missing is error, mean, complete, impute, got 'mode'"


def answered(*words):
    """What a command says in JSON."""
    return json.loads(command(*words, "--json"))


def test_later_commands_read_as_the_fit_did_and_what_is_said_overrules(run, tmp_path):
    # 1.234 is a thousand and more to the fit, and -77 stands for missing in b.
    (tmp_path / "new.csv").write_text("a;b\n0,5;1.234\n0,25;-77\n0,75;2\n")
    told = answered("predict", run, tmp_path / "new.csv", "--out", tmp_path / "one", "--missing", "complete")
    assert told["flow"][-1] == "new.csv: 3 rows read, 1 with gaps left out, 2 used"
    rows = library.read_table(tmp_path / "one" / "predict.csv")
    assert (rows.column("row").tolist(), rows.column("b").tolist()) == ([0.0, 2.0], [1234.0, 2.0])
    refused = CliRunner().invoke(app, ["predict", str(run), str(tmp_path / "new.csv"), "--missing", "error"])
    assert "of 3 rows cells are missing: b in 1" in str(refused.exception)
    (tmp_path / "other.csv").write_text("a,b\n0.5,1.234\n0.25,-77\n")
    overruled = ("--decimal", ".", "--keep-value", "b=-77", "--out", tmp_path / "two")
    answered("predict", run, tmp_path / "other.csv", *overruled)
    assert library.read_table(tmp_path / "two" / "predict.csv").column("b").tolist() == [1.234, -77.0]


def test_what_a_fit_was_told_may_be_of_a_column_that_rows_lack_and_what_is_said_now_may_not(run, tmp_path):
    (tmp_path / "lacks.csv").write_text("a;class\n0,5;low\n")
    lacks = CliRunner().invoke(app, ["predict", str(run), str(tmp_path / "lacks.csv")])
    assert isinstance(lacks.exception, AitiaError)
    assert "mark for missing" not in str(lacks.exception)
    (tmp_path / "new.csv").write_text("a;b\n0,5;1\n")
    refused = CliRunner().invoke(app, ["predict", str(run), str(tmp_path / "new.csv"), "--missing-value", "c=-9"])
    assert "there is no column 'c' in the table, which a mark for missing was said of" in str(refused.exception)


def test_rows_of_the_fit_are_read_as_it_did_and_another_reading_is_told(run):
    assert load_run(run).given().given.table.column("b").max() < 9
    assert load_run(run).given().warnings == ()
    other = load_run(run).given(reading=library.Reading(missing=(f"a={written_cell(run)}",)))
    assert "is read in another way than in the fit" in other.warnings[0]
    assert other.flow[-1] == "rows.csv: 120 rows read, 4 with gaps left out, 116 used"


def written_cell(run):
    """The first cell of the sheet, as it is written."""
    return (run.parent / "rows.csv").read_text().splitlines()[1].split(";")[0]


@pytest.mark.parametrize("verb", ["run", "predict", "encode", "effects", "adapt", "do", "discover"])
def test_every_command_that_takes_a_table_has_the_options_of_reading(verb):
    told = next(c for c in app.registered_commands if c.name == verb).callback
    options = inspect.signature(told).parameters
    assert {"separator", "decimal", "encoding", "header", "discrete", "ordinal", "continuous", "missing"} <= set(
        options
    )


def test_marks_of_a_fit_and_of_now_add_up_and_the_contrary_wins():
    fit = library.Reading(decimal=",", missing=("a=-9", "b=99"), keep=("c=7",), keep_totals=True)
    now = library.Reading(decimal=".", missing=("c=7",), keep=("b=99",), keep_totals=False).over(fit)
    assert (now.decimal, set(now.missing), set(now.keep), now.keep_totals) == (".", {"a=-9", "c=7"}, {"b=99"}, False)
    assert library.Reading().over(fit).said() | {"lenient": True} == fit.said() | {"lenient": True}


def test_effects_of_imputed_tables_are_pooled_by_rubins_rules():
    # Closed form: three effects 1, 2, 3 of variance 1: T = 1 + 4/3 on 2 (1 + 3/4)^2 degrees of freedom.
    half = stats.norm.ppf(0.975)
    tables = [
        Table.of({"target": ["x"], "outcome": ["y"], "effect": [e], "low": [e - half], "high": [e + half],
                  "control": [e / 10]}, kinds=dict.fromkeys(("effect", "low", "high", "control"), "number"))
        for e in (1.0, 2.0, 3.0)
    ]  # fmt: skip
    found = pooled_effects(tables)
    wide = stats.t.ppf(0.975, 2 * 1.75**2) * np.sqrt(7 / 3)
    shown = [float(found.column(name)[0]) for name in ("effect", "low", "high", "control")]
    assert shown == pytest.approx([2.0, 2 - wide, 2 + wide, 0.2])
    assert pooled_effects([tables[1]] * 5).column("low")[0] == pytest.approx(2 - half)
    other = Table.of(
        {"target": ["z"], "outcome": ["y"], "effect": [1.0], "low": [0.0], "high": [2.0], "control": [0.0]}
    )
    with pytest.raises(DataError, match="effects differ in targets or outcomes from imputation to imputation"):
        pooled_effects([tables[0], other])


@pytest.mark.parametrize(
    ("slug", "missing", "found"),
    [
        ("pc", None, ({}, "testwise")),
        ("pc", "complete", ({}, "complete")),
        ("pc", "testwise", ({"missing": "testwise"}, "own")),
        ("hca", None, ({}, "own")),
        ("tabpfn", None, ({}, "complete")),
        ("tabpfn", "mean", ({"missing": "mean"}, "own")),
        ("tabpfn", "impute", ({}, "impute")),
        ("gde", None, ({}, "complete")),
    ],
)
def test_a_system_that_knows_what_to_do_with_gaps_is_left_to_it(slug, missing, found):
    assert policy(find(slug).config(), missing) == found


@pytest.mark.parametrize(
    ("slug", "missing", "sentence"),
    [
        ("gde", "testwise", "missing is complete, impute, error, got 'testwise'"),
        ("hca", "impute", "missing is error, complete, got 'impute'"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_those_that_are(slug, missing, sentence):
    with pytest.raises(OptionError, match=sentence):
        policy(find(slug).config(), missing)


def test_a_search_takes_for_each_test_the_rows_that_it_can_use(tmp_path):
    rng = np.random.default_rng(1)
    x, y, z = rng.normal(size=(3, 200))
    found = library.fit("pc", {"x": x, "y": np.where(rng.random(200) < 0.2, np.nan, x + y), "z": z}, test_share=0)
    assert found.system.config.missing == "testwise"
    assert len(found.given) == 200
    whole = library.fit("pc", {"x": x, "y": x + y, "z": z}, test_share=0)
    assert whole.system.config.missing == "error"
