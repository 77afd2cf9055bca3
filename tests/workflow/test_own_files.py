"""No command touches what aitia did not write, and none answers from files that are not as they were written."""

import json
import subprocess
import sys
import time
from importlib import import_module

import numpy as np
import pytest

from aitia.discovery import discover, load_discovery
from aitia.errors import RunError
from aitia.evidence import Evidence
from aitia.runs.lock import holder_of
from aitia.workflow.answer_files import answer_place, check_place, write_record
from aitia.workflow.verify import evidence_folder


def tree(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def answered(folder, files, verb="predict"):
    with answer_place(folder) as place:
        for name, text in files.items():
            (place / name).write_text(text)
        write_record(place, {"system": "toy", "verb": verb})


# -- answers -----------------------------------------------------------------------------------------------------------


def test_an_answer_takes_the_place_of_an_earlier_one_and_of_nothing_else(tmp_path):
    out = tmp_path / "answer"
    answered(out, {"a.csv": "1", "b.csv": "1"})
    (out / "notes.txt").write_text("mine")
    answered(out, {"a.csv": "2"})
    record = json.loads((out / "answer.json").read_text())
    assert record == {"system": "toy", "verb": "predict", "files": ["a.csv"]}
    assert {p.name: p.read_text() for p in out.iterdir() if p.suffix != ".json"} == {"a.csv": "2", "notes.txt": "mine"}


def test_a_users_file_in_the_way_of_an_answer_is_named_and_stays(tmp_path):
    out = tmp_path / "answer"
    answered(out, {"a.csv": "1"})
    (out / "b.csv").write_text("mine")
    before = tree(out)
    with pytest.raises(
        RunError, match=r"b\.csv is there and is not of an earlier answer: move it away, or give another"
    ):
        answered(out, {"a.csv": "2", "b.csv": "2"})
    assert tree(out) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("answer.csv", "mine"),
        ("answer.json", "{}"),
        ("answer.json", "[1]"),
        ("answer.json", "[" * 100_000),
        ("answer.json", '{"verb": "no", "files": ["x"]}'),
    ],
)
def test_a_folder_that_holds_no_answer_of_ours_is_refused(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    before = tree(tmp_path)
    for refused in (lambda: check_place(tmp_path), lambda: answered(tmp_path, {"a.csv": "1"})):
        with pytest.raises(
            RunError, match=rf"holds {name} but no answer of aitia, so nothing was written: give an empty"
        ):
            refused()
    assert tree(tmp_path) == before


def test_an_answer_json_that_names_files_elsewhere_removes_none_of_them(tmp_path):
    out = tmp_path / "answer"
    answered(out, {"a.csv": "1"})
    (tmp_path / "mine").write_text("mine")
    files = ["../mine", str(tmp_path / "mine"), "a.csv"]
    (out / "answer.json").write_text(json.dumps({"system": "toy", "verb": "predict", "files": files}))
    answered(out, {"b.csv": "1"})
    assert sorted(p.name for p in out.iterdir()) == ["answer.json", "b.csv"]
    assert (tmp_path / "mine").read_text() == "mine"


def test_an_answer_that_another_process_writes_is_not_disturbed(tmp_path):
    out = tmp_path / "answer"
    with answer_place(out) as place:
        (place / "a.csv").write_text("1")
        with pytest.raises(RunError, match=r"is in use by process .*: wait for it"):
            answered(out, {"b.csv": "2"})
        write_record(place, {"system": "toy", "verb": "predict"})
    assert sorted(p.name for p in out.iterdir()) == ["a.csv", "answer.json"]


def test_an_answer_that_fails_leaves_no_folder(tmp_path):
    def fails():
        with answer_place(tmp_path / "a" / "b"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert list(tmp_path.iterdir()) == []


# -- commands ----------------------------------------------------------------------------------------------------------


def test_every_command_refuses_a_folder_of_others_before_any_work(aitia, fitted, tmp_path):
    found = fitted("tiny-scm")
    out = tmp_path / "theirs"
    (out / "checkpoint").mkdir(parents=True)
    (out / "checkpoint" / "thesis.txt").write_text("years of work")
    before = tree(tmp_path)
    table = found.example.files
    for arguments in (
        ("run", "tiny-scm", "--data", table, "--y", "w"),
        ("discover", table),
        ("do", found.run, "do(x=1)", "--rows", "1"),
        ("predict", found.run, found.example.rows),
        ("effects", found.run),
        ("export", found.run),
        ("world", "pendulum", "--n", "5"),
        ("bench", "latent-domains", "--systems", "domain-counterfactuals", "--rows", "60", "--seeds", "1",
         "--option", "steps=2"),
    ):  # fmt: skip
        done = aitia(*arguments, "--out", out, cwd=tmp_path)
        told = [line for line in done.stderr.splitlines() if not line.startswith(("predicted", "The example"))]
        assert (done.returncode, len(told)) == (2, 1), (arguments, done.stderr)
        assert "checkpoint" in told[0], told
        assert "give a" in told[0], told
        assert tree(tmp_path) == before, arguments


def test_a_folder_of_a_user_under_the_name_of_an_example_is_refused(aitia, tmp_path):
    (tmp_path / "o-example").mkdir()
    (tmp_path / "o-example" / "rows.csv").write_text("mine")
    done = aitia("run", "tiny-scm", "--example", "--out", tmp_path / "o")
    assert done.returncode == 2
    assert "o-example, where the example goes, holds rows.csv and is no example of tiny-scm" in done.stderr
    assert tree(tmp_path) == {"o-example/rows.csv": b"mine"}
    for _ in range(2):
        aitia("run", "tiny-scm", "--example", "--out", tmp_path / "p", check=True)


def test_a_wrong_option_leaves_no_folder_and_the_mended_command_works(aitia, tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{x:.3f},{y:.3f},{'ab'[i % 2]}" for i, (x, y) in enumerate(rng.normal(size=(60, 2)))]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,domain", *lines]) + "\n")
    command = (
        "run",
        "domain-counterfactuals",
        "--data",
        tmp_path / "t.csv",
        "--set",
        "steps=2",
        "--out",
        tmp_path / "o",
    )
    done = aitia(*command, "--set", "changing=2", "--set", "latents=2")
    assert done.returncode == 2, done.stdout
    assert not (tmp_path / "o").exists()
    aitia(*command, "--set", "changing=1", "--set", "latents=2", check=True)


# -- what is read is what was written ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def discovery(tmp_path_factory):
    rng = np.random.default_rng(0)
    a = rng.normal(size=200)
    out = tmp_path_factory.mktemp("found") / "o"
    discover({"a": a, "d": 0.9 * a + rng.normal(size=200)}, out=out, command="aitia discover t.csv --out o")
    return out


@pytest.mark.parametrize("name", ["table.parquet", "graph.json", "kinds.json"])
def test_a_discovery_with_one_byte_changed_answers_nothing(discovery, name):
    whole = (discovery / name).read_bytes()
    assert load_discovery(discovery).table.n == 200
    try:
        (discovery / name).write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
        with pytest.raises(RunError, match=rf"is damaged: {name} is not as it was written .*bring it back from a copy"):
            load_discovery(discovery)
    finally:
        (discovery / name).write_bytes(whole)


def test_show_tells_how_it_stands_with_a_run(aitia, discovery, tmp_path):
    told = aitia("show", discovery, check=True).stdout
    assert told.startswith(f"The run in {discovery} is finished.\n\nKind:     discover\nCommand:  aitia discover t.csv")
    assert "files of the result, each as it was written:" in told
    assert json.loads(aitia("show", discovery, "--json", check=True).stdout)["status"] == "finished"
    whole = (discovery / "summary.json").read_bytes()
    (discovery / "summary.json").write_bytes(whole + b" ")
    done = aitia("show", discovery)
    (discovery / "summary.json").write_bytes(whole)
    assert (done.returncode, "summary.json is not as it was written" in done.stderr) == (2, True)
    (tmp_path / "run.json").write_text("[1]")
    done = aitia("show", tmp_path)
    assert (done.returncode, "is no record of a run" in done.stderr) == (2, True)


HOLD = """
import sys
from aitia.runs import open_run
with open_run(sys.argv[1], kind="discover", config={}, inputs={}, command="aitia discover t.csv --out o") as run:
    run.store("work")["a"] = 1
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_that_another_process_works_on_is_named_and_a_killed_one_tells_its_command(aitia, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    for arguments in (("do", tmp_path, "do(a=1)", "--outcome", "d"), ("show", tmp_path)):
        done = aitia(*arguments)
        assert f"is under way: process {process.pid} on " in done.stderr + done.stdout
    process.kill()
    process.communicate()
    again = "was killed before it was finished; to go on from there, give the same command again: aitia discover t.csv"
    for arguments in (("do", tmp_path, "do(a=1)", "--outcome", "d"), ("show", tmp_path)):
        done = aitia(*arguments)
        assert again in done.stderr + done.stdout
    assert aitia("do", tmp_path, "do(a=1)", "--outcome", "d").returncode == 2


def test_of_two_verifies_of_a_system_into_one_folder_one_is_told_who_works_there(tmp_path):
    command = [sys.executable, "-c", "from aitia.cli import main; main()", "verify", "hca", "--seeds", "1", "--out"]
    first = subprocess.Popen([*command, tmp_path / "e"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.time() + 60
    while time.time() < deadline and not (tmp_path / "e" / ".hca.lock").exists():
        time.sleep(0.05)
    second = subprocess.run([*command, tmp_path / "e"], capture_output=True, text=True)
    with evidence_folder(tmp_path / "e", "gde"):  # another system is not in its way
        assert holder_of(tmp_path / "e" / ".hca.lock") is not None
    first.communicate(timeout=300)
    assert second.returncode == 2
    told = f"aitia: {tmp_path / 'e'} is in use by process {first.pid} on "
    assert second.stderr.startswith(told), second.stderr
    assert f"({tmp_path / 'e' / '.hca.lock'} is its lock)" in second.stderr
    assert [p.name for p in (tmp_path / "e").iterdir()] == ["hca.json"]


@pytest.mark.parametrize("place", ["f", "f/x"])
def test_verify_into_a_file_is_one_sentence(aitia, tmp_path, place):
    (tmp_path / "f").write_text("mine")
    done = aitia("verify", "hca", "--seeds", "1", "--out", tmp_path / place)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "cannot be made: " in done.stderr
    assert (tmp_path / "f").read_text() == "mine"


def test_a_file_that_is_no_evidence_of_the_system_is_not_overwritten_by_verify(aitia, tmp_path):
    evidence = Evidence("gde", (), "aitia verify gde", {}, "", 0.0, "2026-01-01").to_json().encode()
    for text in (b"mine", b"[1]", b"\xff", b"[" * 100_000, evidence):
        (tmp_path / "hca.json").write_bytes(text)
        done = aitia("verify", "hca", "--seeds", "1", "--out", tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        told = "is evidence of gde" if text == evidence else "cannot be read"
        assert f"hca.json would be written over and {told}: move it away" in done.stderr
        assert tree(tmp_path) == {"hca.json": text}


def test_errors_of_a_disk_anywhere_are_one_sentence(monkeypatch, capsys):
    main = import_module("aitia.cli.main")

    def full():
        raise OSError(28, "No space left on device", "/somewhere/else")

    monkeypatch.setattr(main, "app", full)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    told = "aitia: /somewhere/else: No space left on device; what was finished before is kept\n"
    assert capsys.readouterr().err == told
    monkeypatch.setattr(main, "app", lambda: (_ for _ in ()).throw(OSError(9, "Bad file descriptor")))
    with pytest.raises(OSError, match="Bad file descriptor"):
        main.main()
