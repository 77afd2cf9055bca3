import json
import re
import subprocess
import sys

import numpy as np
import pytest

from aitia.version import __version__

RUN = [sys.executable, "-c", "from aitia.cli import main; main()"]


def aitia(*arguments, cwd=None):
    return subprocess.run([*RUN, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    a = rng.normal(size=400)
    b = rng.normal(size=400)
    c = a + b + 0.5 * rng.normal(size=400)
    path = tmp_path_factory.mktemp("cli") / "t.csv"
    np.savetxt(
        path, np.column_stack([a, b, c, np.repeat(np.arange(4), 100)]), delimiter=",", header="a,b,c,k", comments=""
    )
    return path


def test_discover_prints_the_graph_and_says_where_the_report_is(table, tmp_path):
    done = aitia("discover", table, "--drop", "k", "--out", tmp_path / "run", "--bootstrap", 3)
    assert done.returncode == 0, done.stderr
    assert "c  <-  a, b" in done.stdout
    assert "Test fisher-z" in done.stdout
    assert f"Report: {tmp_path / 'run' / 'report.html'}" in done.stdout
    assert done.stderr == "predicted: under two seconds of fisher-z tests, with 3 bootstrap samples\n"
    again = aitia(
        "do", tmp_path / "run", "do(a=1)", "--against", "do(a=0)", "--outcome", "c", "--resamples", 20, "--json"
    )
    assert again.returncode == 0, again.stderr
    answer = json.loads(again.stdout)
    assert answer["low"] < 1.0 < answer["high"]
    assert answer["estimate"] == pytest.approx(1.0, abs=0.15)


def test_discover_in_json(table):
    done = aitia("discover", table, "--context", "k", "--test", "kci", "--json")
    found = json.loads(done.stdout)
    assert {"graph", "edges", "changing", "warnings", "reasons"} <= set(found)
    assert found["edges"][0]["evidence"]


def test_do_takes_a_table_with_a_graph_file(table, tmp_path):
    (tmp_path / "g.txt").write_text("a -> c <- b")
    done = aitia("do", table, "a=shift(1)", "--outcome", "c", "--graph", tmp_path / "g.txt", "--resamples", 10)
    assert done.returncode == 0, done.stderr
    assert "do(a=shift(1" in done.stdout
    assert "resamples" in done.stdout


def test_do_asks_what_a_dagitty_graph_marks_where_nothing_else_is_said(table, tmp_path):
    marked = "dag {\nbb='0,0,1,1'\na [exposure,pos='0,0']\nc [outcome]\nb [adjusted]\nu [latent]\na -> c <- b\nu -> c }"
    (tmp_path / "g.dagitty").write_text(marked)
    done = aitia("do", table, "--graph", tmp_path / "g.dagitty", "--resamples", 10, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["intervention"], answer["against"], answer["outcome"]) == ("do(a=shift(1))", "do()", "c")
    assert answer["estimate"] == pytest.approx(1.0, abs=0.15)
    assert done.stderr == "Note: the graph marks b as adjusted: what to adjust for is chosen anew here\n"
    other = aitia(
        "do", table, "do(b=1)", "--outcome", "a", "--graph", tmp_path / "g.dagitty", "--resamples", 2, "--json"
    )
    assert json.loads(other.stdout)["outcome"] == "a"


def test_list_and_show_read_the_catalogue():
    assert re.search(r"^cd-nod +2020 ", aitia("list").stdout, re.MULTILINE)
    cards = {card["slug"]: card for card in json.loads(aitia("list", "--json").stdout)["systems"]}
    assert cards["cd-nod"]["verdict"]
    shown = aitia("show", "cd-nod", "--evidence", "nowhere").stdout
    assert "src/aitia/systems/cd_nod/model.py" in shown
    assert "aitia verify cd-nod" in shown
    assert "Nothing is stored in nowhere" in shown
    assert "cd-nod: " in aitia("show", "cd-nod").stdout, "evidence ships with the package"


def test_show_prints_stored_evidence_with_its_verdicts(tmp_path):
    from aitia.evidence import Evidence, row

    rows = (row("a", "F1", [0.9, 0.95], bar=0.5), row("a", "error", [0.9, 0.95], bar=0.5, direction="lower"))
    (tmp_path / "cd-nod.json").write_text(
        Evidence("cd-nod", rows, "c", {}, "here", 1.0, "2026-01-01", source="gone").to_json()
    )
    shown = aitia("show", "cd-nod", "--evidence", tmp_path).stdout
    assert "cd-nod: holds 1, fails 1" in shown
    assert "stale: the code has changed since" in shown
    assert json.loads(aitia("show", "cd-nod", "--evidence", tmp_path, "--json").stdout)["evidence"]["slug"] == "cd-nod"


@pytest.mark.slow
def test_verify_stores_evidence_and_exits_by_whether_all_of_it_holds(tmp_path):
    done = aitia("verify", "cd-nod", "--seeds", 2, "--out", tmp_path, "--json")
    stored = json.loads((tmp_path / "cd-nod.json").read_text())
    verdicts = [j["verdict"] for r in stored["rows"] for j in r["judged"]]
    assert done.returncode == (0 if set(verdicts) == {"holds"} else 1)
    assert json.loads(done.stdout)[0]["rows"] == stored["rows"]
    replayed = aitia("verify", "cd-nod", "--replay", "--out", tmp_path, "--json")
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(replayed.stdout)[0]["stamped"]


def test_verify_all_goes_on_after_a_failure_and_sums_up(tmp_path, monkeypatch, capsys):
    import importlib

    from aitia.cli.verify import _all
    from aitia.engine import LocalEngine
    from aitia.errors import MissingExtraError
    from aitia.evidence import Evidence, row

    def verify(slug, out, **options):
        if slug == "first":
            raise MissingExtraError("this needs torch")
        if slug == "second":
            raise ZeroDivisionError("division by zero")
        return Evidence(slug, (row("a", "F1", [0.9, 0.95], bar=0.5),), "c", {}, "here", 1.0, "2026-01-01")

    module = importlib.import_module("aitia.workflow.verify_all")
    monkeypatch.setattr(module, "verify", verify)
    monkeypatch.setattr(module, "source_of", lambda slug: slug)
    options = {"engine": LocalEngine()}
    found, failed = _all({"third": 3, "second": 2, "first": 1}, tmp_path, options, quiet=False)
    told = capsys.readouterr()
    assert ([e.slug for e in found], failed) == (["third"], True)
    assert "third: holds 1\n" in told.out
    assert "first: could not be run\n" in told.out
    assert "aitia: second: ZeroDivisionError: division by zero" in told.err


def test_the_board_of_verify_all_shows_what_waits_runs_and_came_out(capsys):
    from rich.console import Console

    from aitia.cli.board import Board
    from aitia.errors import MissingExtraError
    from aitia.evidence import Evidence, row

    board = Board({"first": 1.0, "second": 2.5, "third": 3, "fourth": 9})
    rows = (row("a", "F1 [x]", [0.9, 0.9], bar=0.5), row("b", "error [y]", [0.9, 0.9], bar=0.5, direction="lower"))
    board.finished("first", Evidence("first", rows, "c", {}, "here", 90.0, "2026-01-01"))
    board.stopped("second", MissingExtraError("this needs torch"))
    board.progress("third")("part a", 3, 20)
    console = Console(record=True, width=120)
    console.print(board.table())
    text = console.export_text()
    for told in (
        "holds 1, fails 1, 1.5 min; fails: (b) error [y]",
        "2.5 min",
        "this needs torch",
        "part a: 3 of 20",
        "waits",
    ):
        assert told in text
    assert "aitia: second: this needs torch" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["discover", "none.csv"], "there is no file none.csv"),
        (["discover", "TABLE", "--context", "kk"], "Did you mean 'k'"),
        (["discover", "TABLE", "--alpha", "2"], "alpha lies between 0 and 1"),
        (["discover", "TABLE", "--discrete", "a", "--continuous", "a"], "is declared in two ways"),
        (["discover", "TABLE", "--knowledge", "none.txt"], "none.txt cannot be read: No such file"),
        (["do", "nowhere", "do(a=1)", "--outcome", "c"], "is no folder of a discovery"),
        (["do", "TABLE", "do(a=", "--outcome", "c", "--graph", "none.txt"], "none.txt cannot be read: No such file"),
        (["do", "TABLE", "--outcome", "c", "--graph", "GRAPH"], 'say what is set, such as "do(x=1)"'),
        (["do", "TABLE", "do(a=1)", "--graph", "GRAPH"], "say which variable to watch (--outcome)"),
        (["show", "cdnod"], "Did you mean 'cd-nod'"),
        (["verify"], "say which system to verify"),
        (["verify", "cd-nod", "--seeds", "0"], "seeds must be 1 or more"),
        (["verify", "cd-nod", "--first-seed", "-1"], "first seed must be 0 or more"),
        (["verify", "cd-nod", "--quick", "--seeds", "3"], "leave out either --quick or --seeds"),
        (["verify", "cd-nod", "--replay", "--quick"], "a replay runs the first stored seed"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(table, tmp_path, arguments, sentence):
    (tmp_path / "g.txt").write_text("a -> c <- b")
    done = aitia(*[{"TABLE": table, "GRAPH": tmp_path / "g.txt"}.get(a, a) for a in arguments], cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.startswith("aitia: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["discover", "run", "do", "bench", "list", "show", "verify"])
def test_every_command_has_help_with_an_example(command):
    assert f"Example: aitia {command}" in aitia(command, "--help").stdout.replace("\n", " ").replace("│", "")


def test_version_and_bare_call():
    assert aitia("--version").stdout.strip() == __version__
    assert "discover" in aitia().stdout + aitia().stderr


def test_importing_aitia_loads_nothing_heavy():
    heavy = ("torch", "pandas", "scipy", "numba", "sklearn", "matplotlib")
    code = f"import sys, aitia; print([m for m in {heavy} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
