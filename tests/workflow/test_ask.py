"""What is asked of a finished run, from Python and from the command line."""

import copy
import json
import subprocess
import sys

import numpy as np
import pytest

import aitia as library
from aitia.data.tables import read_table
from aitia.do import Intervention
from aitia.errors import AitiaError, InterventionError, OptionError, UnknownVariableError
from aitia.workflow import answers
from aitia.workflow.ask import answered, parse_rows


def test_do_says_how_it_was_answered_and_writes_fact_answer_and_page(fitted, tmp_path):
    found = fitted("tiny-scm")
    answer = library.ask(found.run, "do(x=1)", rows=[3, 17])
    assert (answer.verb, answer.numbers) == ("solve", (3, 17))
    weight = float(found.system.weights[2, 2])
    x, y = (found.given.table.column(name)[[3, 17]] for name in ("x", "y"))
    assert np.allclose(answer.answer.known.column("y"), y + weight * (1 - x))
    files = {path.name for path in answer.write(tmp_path / "out")}
    assert files == {"answer.csv", "fact.csv", "answer.html", "answer.json"}
    assert read_table(tmp_path / "out" / "answer.csv").column("row").tolist() == [3, 17]
    assert "do(x=1)" in (tmp_path / "out" / "answer.html").read_text()


def test_a_counterfactual_prints_what_it_changes_in_its_first_rows(fitted, aitia, tmp_path):
    found = fitted("tiny-scm")
    lines = library.ask(found.run, "do(x=1)", rows=[3, 17]).first_rows()
    x, y = (found.given.table.column(name)[[3, 17]] for name in ("x", "y"))
    weight = float(found.system.weights[2, 2])
    assert lines == [
        f"  row {row}: x {x[k]:.4g} -> 1, y {y[k]:.4g} -> {y[k] + weight * (1 - x[k]):.4g}"
        for k, row in enumerate((3, 17))
    ]
    assert len(library.ask(found.run, "do(x=1)", rows=range(9), draws=2).first_rows()) == 5
    assert library.ask(found.run, "do()", rows=[2]).first_rows() == ["  row 2: as it was"]
    done = aitia("do", found.run, "do(x=1)", "--rows", "3,17", "--out", tmp_path / "out", check=True)
    assert "\n".join(lines) in done.stdout


def test_an_edit_answers_by_edit(fitted):
    answer = library.ask(fitted("tiny-redact").run, "do(word=bad)", rows=[0])
    assert answer.verb == "edit"
    assert answer.answer.known.texts("text") == ["bad food, slow service"]


def test_draws_are_counted_and_an_extrapolation_is_told(fitted):
    found = fitted("tiny-scm")
    answer = library.ask(found.run, "do(x=50)", rows=[1, 2], draws=3)
    assert len(answer.answer) == 6
    assert "x=50 lies" in answer.warnings[0]


def test_an_answer_that_moves_hardly_more_than_its_bound_is_told(fitted):
    found = fitted("tiny-scm")
    fact, do, numbers = found.given.take(range(20)), Intervention({"x": 0.5}), tuple(range(20))
    x, y = (fact.table.column(name) for name in "xy")
    moved = float(np.abs(found.system.weights[2, 2] * (0.5 - x)).max() / y.std())
    rough = copy.copy(found.system)
    rough.bound = {"y": moved / 2, "z": 0.5, "x": 1e-5}  # z does not move, x comes back but for rounding
    (told,) = answered(rough, fact, do, numbers).warnings
    assert told.startswith(f"y moves by {moved:.3g}, and with nothing done it comes back within {moved / 2:.3g} only")
    rough.bound = {"y": moved / 4}
    assert answered(rough, fact, do, numbers).warnings == ()
    assert answered(found.system, fact, do, numbers).warnings == ()


@pytest.mark.parametrize(
    ("slug", "do", "more", "error", "sentence"),
    [
        ("tiny-scm", "do(xx=1)", {}, UnknownVariableError, "'xx' is not a variable of this system. Did you mean 'x'"),
        ("tiny-redact", "do(word=goodd)", {}, InterventionError, "one of good, bad, got 'goodd'. Did you mean 'good'"),
        ("tiny-scm", "do(x=1)", {"rows": [999]}, OptionError, "there is no row 999: .* has rows 0 to 199"),
        ("tiny-scm", "do(x=1)", {"yy": "a"}, OptionError, "no role, subject or option 'yy'. Did you mean 'y'"),
        (
            "tiny-bound",
            {"unit.1": 2.0},
            {},
            InterventionError,
            "tiny-bound answers do with no rows; it answers effects",
        ),
        ("nearest-row", "do(label=left)", {}, UnknownVariableError, "'label' is not a variable of this system"),
    ],
)
def test_questions_without_an_answer_are_refused_in_one_sentence(fitted, slug, do, more, error, sentence):
    asked = do if isinstance(do, str) else library.Intervention(do)
    with pytest.raises(error, match=sentence) as told:
        library.ask(fitted(slug).run, asked, **more)
    assert "\n" not in str(told.value)


def test_the_other_verbs_answer_and_refuse_with_what_there_is(fitted, tmp_path):
    found = fitted("tiny-scm")
    filled = answers.predict(found.run, str(found.example.rows), do="do(x=1)", draws=2)
    assert set(filled.data.known.column("x")) == {1.0}
    assert len(filled.data) == 80
    assert answers.encode(found.run).data.n == 200
    assert answers.effects(found.run, target="x").data.n == 1
    adapted = answers.adapt(found.run, str(found.example.files), tmp_path / "adapted")
    assert library.load(tmp_path / "adapted").weights.tolist() == adapted.weights.tolist()
    assert library.ask(tmp_path / "adapted", "do(x=1)", data=str(found.example.files)).verb == "solve"
    with pytest.raises(AitiaError, match="it is a model without its rows: say where"):
        library.ask(tmp_path / "adapted", "do(x=1)")
    assert [path.name for path in answers.export(found.run, tmp_path / "export")] == ["weights.txt"]
    with pytest.raises(OptionError, match="tiny-redact has no answer to 'predict': it answers edit"):
        answers.predict(fitted("tiny-redact").run)


def test_the_command_line_ends_with_two_and_one_sentence(aitia, fitted, tmp_path):
    run = fitted("tiny-scm").run
    for arguments, sentence in (
        (("run", "tiny-scn"), "there is no system 'tiny-scn'. Did you mean 'tiny-scm'"),
        (("run", "tiny-scm", "--data", "x.csv", "--steps", "3"), "has no role, subject or option 'steps'"),
        (("run", "tiny-scm", "--data", "x.csv", "--ridge"), "--ridge has no value: say --ridge VALUE"),
        (("run", "tiny-scm", "--data", "x.csv", "--ridge", "1", "--option", "ridge=2"), "'ridge' is given twice"),
        (("run", "tiny-scm"), "tiny-scm is fitted to table: say where"),
        (("run", "tiny-scm", "--data", "nowhere.csv"), "there is no file, folder or world 'nowhere.csv'"),
        (("run", "tiny-scm", "--example", "--data", "x"), "--example brings its own data"),
        (("do", run, "do(xx=1)"), "'xx' is not a variable of this system"),
        (("do", run, "do(x=1)", "--rows", "three"), "rows are numbers such as 3,17 or 0-5"),
        (("do", run, "do(x=1)", "--outcome", "y"), "is a fitted system, which answers row by row"),
        (("do", run, "do(x=1)", "--scale", "ratio"), "which answers row by row: leave out --scale"),
        (("do", run, "do(x=1)", "--refute"), "which answers row by row: leave out --refute"),
        (("do", run, "do(x=1)", "--yy", "y"), "no role, subject or option 'yy'"),
        (("predict", tmp_path / "none"), "is not the folder of a run: it has no run.json"),
        (("encode", fitted("tiny-redact").run), "has no answer to 'encode'"),
        (("world", "pendulam", "--out", tmp_path / "w"), "there is no world 'pendulam'. Did you mean 'pendulum'"),
        (("show", "tiny"), "there is no system 'tiny'"),
    ):
        done = aitia(*arguments, cwd=tmp_path)
        assert done.returncode == 2, (arguments, done.stderr)
        lines = [line for line in done.stderr.splitlines() if line and not line.startswith("predicted")]
        assert len(lines) == 1, done.stderr
        assert sentence in lines[0]


def test_help_of_a_system_tells_roles_subjects_options_and_an_example_without_torch(aitia):
    told = aitia("run", "tiny-scm", "--help", check=True).stdout
    for part in (
        "--x                     the treatment (number; filled where it is empty)",
        "--ridge                 Added to the squares of the regressors; 0 is least squares. (a number; default 0.0)",
        "--center                Whether means are taken out. (true or false; default True)",
        "aitia run tiny-scm --example",
    ):
        assert part in told
    assert "a Hugging Face id or folder" in aitia("run", "tiny-bound", "--help", check=True).stdout


LIGHT = """
import sys
from aitia.cli import main
try:
    main()
finally:
    heavy = [name for name in ("torch", "pandas", "transformers", "numba", "sklearn") if name in sys.modules]
    assert not heavy, heavy
"""


@pytest.mark.parametrize("arguments", [["list"], ["show", "cd-nod"], ["run", "--help"], ["run", "gcrl", "--help"]])
def test_cards_and_help_are_read_without_torch(arguments):
    done = subprocess.run([sys.executable, "-c", LIGHT, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_package_is_light_and_its_names_are_those_it_says():
    code = (
        "import sys, aitia; assert 'torch' not in sys.modules and 'scipy' not in sys.modules; print(callable(aitia.do))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    for name in library.__all__:
        assert getattr(library, name) is not None


def test_short_flags_reach_roles_options_and_flags(aitia, fitted, tmp_path):
    data = fitted("tiny-scm").example.files
    aitia(
        "run", "tiny-scm", "--data", data, "--y", "w", "--ridge=2", "--no-center", "--out", tmp_path / "r", check=True
    )
    config = json.loads((tmp_path / "r" / "run.json").read_text())["config"]
    assert config["roles"] == {"y": "w"}
    assert config["options"] == {"ridge": 2.0, "center": False, "seed": 0}


def test_list_has_all_systems_and_members_and_what_is_broken_with_its_error(aitia, plugins):
    told = aitia("list", check=True).stdout
    assert "tiny-scm" in told
    assert "cd-nod" in told
    listed = json.loads(aitia("list", "--json", check=True).stdout)
    assert {"slug", "verbs", "does", "rows", "extra", "subjects", "verdict"} <= set(listed["systems"][0])
    info = plugins / "aitia_broken-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aitia_broken\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[aitia.systems]\nbroken-one = tiny.nothing_there\n")
    try:
        assert "Broken: the plugin broken-one (tiny.nothing_there): No module named" in aitia("list", check=True).stdout
    finally:
        for path in info.iterdir():
            path.unlink()
        info.rmdir()


def test_rows_are_read_from_text():
    assert parse_rows("3,17,0-2") == (3, 17, 0, 1, 2)
    with pytest.raises(OptionError):
        parse_rows("")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0-9999999999", "rows are asked about up to number 9,999,999, got '0-9999999999'"),
        ("99999999999999999999999", "rows are asked about up to number 9,999,999"),
        ("9" * 5000, "rows are numbers such as 3,17 or 0-5, got '9999"),
        ("²", "rows are numbers such as 3,17 or 0-5, got '²'"),
        ("5-2", "rows go from the lower number to the higher, such as 0-5, got '5-2'"),
        ("1,,2", "rows are numbers such as 3,17 or 0-5, got ''"),
        ("0-9999999,0-9999999", "rows are asked about up to number 9,999,999"),
    ],
)
def test_rows_that_nobody_has_are_refused_before_they_are_counted_out(text, sentence):
    with pytest.raises(OptionError) as told:
        parse_rows(text)
    assert sentence in str(told.value)
