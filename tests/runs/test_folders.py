"""A run folder never touches what aitia did not write, leaves nothing of a wrong option, and knows how it stands."""

import json
import os
import signal
import subprocess
import sys

import pytest

from aitia.errors import RunError
from aitia.files import check_free, made_folder, new_folder, write_whole
from aitia.runs import Record, open_run

RUN = {"kind": "try", "config": {"alpha": 0.05}, "inputs": {"table": "abc"}}


def tree(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def finished(folder):
    with open_run(folder, **RUN, files=("answer.json", "state/"), command="aitia try --out o") as run:
        (folder / "state").mkdir(exist_ok=True)
        (folder / "state" / "now").write_text("1")
        run.store("work")["a"] = 1
        run.write_json("answer.json", {"x": 1})
        run.remove("state/")
    return folder


@pytest.mark.parametrize("name", ["report.html", "checkpoint/thesis.txt", ".hidden", "work.journal"])
def test_a_folder_with_files_and_no_run_is_refused_and_stays_as_it_was(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    before = tree(tmp_path)
    sentence = (
        rf"holds {name.partition('/')[0]} but no run\.json, .* nothing was written: give an empty or a new folder"
    )
    with pytest.raises(RunError, match=sentence), open_run(tmp_path, **RUN):
        pytest.fail("it was opened")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["report.html", "state/thesis.txt"])
def test_a_file_that_the_record_does_not_name_is_never_replaced(tmp_path, name):
    finished(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    before = tree(tmp_path)
    files = ("answer.json", "state/", "report.html")
    sentence = rf"{name.partition('/')[0]} is there and was not written by this run: move it away, or give another"
    with pytest.raises(RunError, match=sentence), open_run(tmp_path, **RUN, files=files):
        pytest.fail("it was opened")
    assert tree(tmp_path) == before


def test_a_name_that_was_not_announced_is_refused_when_it_is_written(tmp_path):
    finished(tmp_path)
    (tmp_path / "late.txt").write_text("mine")
    with pytest.raises(RunError, match=r"late\.txt is there and was not written"), open_run(tmp_path, **RUN) as run:
        run.write_text("late.txt", "ours")
    assert (tmp_path / "late.txt").read_text() == "mine"


def test_what_a_run_writes_is_named_before_it_is_there(tmp_path):
    seen = []
    with open_run(tmp_path, **RUN, files=("answer.json",)) as run:
        seen.append(Record.read(tmp_path).files)
        run.store("work")["a"] = 1
        seen.append(Record.read(tmp_path).files)
        run.write_json("answer.json", 1)
    assert seen == [("answer.json", "timing.json"), ("answer.json", "timing.json", "work.journal")]


def test_what_a_user_lays_beside_a_run_stays(tmp_path):
    finished(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    record = (tmp_path / "run.json").read_bytes()
    finished(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "run.json").read_bytes() == record


def test_an_error_before_any_work_leaves_no_folder_and_the_mended_call_works(tmp_path):
    out = tmp_path / "a" / "b"

    def wrong(config):
        with open_run(out, **{**RUN, "config": config}, files=("source.json", "state/")) as run:
            run.write_text("source.json", "{}", part_of_result=False)
            run.store("work")
            raise ValueError("a wrong option")

    for _ in range(2):
        with pytest.raises(ValueError, match="a wrong option"):
            wrong({"changing": 2})
        assert list(tmp_path.iterdir()) == []
    out.mkdir(parents=True)
    with pytest.raises(ValueError, match="a wrong option"):
        wrong({"changing": 2})
    assert list(out.iterdir()) == [], "a folder of the user's stays, and is empty again"
    with open_run(out, **{**RUN, "config": {"changing": 1}}):
        pass


@pytest.mark.parametrize("work", ["journal", "state", "file"])
def test_work_that_was_done_stays_when_an_error_comes(tmp_path, work):
    def fails():
        with open_run(tmp_path / "o", **RUN, files=("state/",)) as run:
            if work == "journal":
                run.store("work")["a"] = 1
            if work == "state":
                (tmp_path / "o" / "state").mkdir()
                (tmp_path / "o" / "state" / "now").write_text("1")
            if work == "file":
                run.write_text("a.txt", "1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert Record.read(tmp_path / "o").status == "stopped"


def test_a_finished_run_that_is_started_again_in_vain_stays_finished(tmp_path):
    finished(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(ZeroDivisionError), open_run(tmp_path, **RUN):
        raise ZeroDivisionError
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]", r"run\.json is damaged or not of aitia: it is no record of a run"),
        ("{}", r"run\.json is damaged, of an older version or not of aitia \('kind' is missing or no text\)"),
        ('{"kind": "try", "config": 5}', r"\('config' is missing or no mapping\)"),
        ("[" * 100_000, r"run\.json is damaged"),
        ("{", r"run\.json is damaged"),
        (b"\xff", r"run\.json is damaged"),
        (None, r"run\.json cannot be read: Is a directory"),
    ],
)
def test_a_run_json_that_is_no_record_is_one_sentence_and_stays(tmp_path, text, sentence):
    place = tmp_path / "run.json"
    if text is None:
        place.mkdir()
    else:
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = tree(tmp_path)
    with pytest.raises(RunError, match=sentence) as told, open_run(tmp_path, **RUN):
        pytest.fail("it was opened")
    assert "\n" not in str(told.value)
    with pytest.raises(RunError, match=sentence):
        Record.read(tmp_path)
    assert tree(tmp_path) == before


KILLED = """
import os, signal, sys
from aitia.runs import open_run

with open_run(sys.argv[1], kind="try", config={}, inputs={}, command="aitia try --out o") as run:
    run.store("work")["a"] = 1
    print("there", flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_says_who_works_in_it_and_how_a_killed_one_goes_on(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "there\n"
    state = Record.read(tmp_path).state
    assert f"is under way: process {process.pid} on " in state
    assert state.endswith("works on it; wait for it")
    process.communicate("")
    assert process.returncode == -signal.SIGKILL
    again = "was killed before it was finished; to go on from there, give the same command again: aitia try --out o"
    assert Record.read(tmp_path).state == f"the run in {tmp_path} {again}"
    with pytest.raises(RunError, match=again):
        Record.read(tmp_path).finished("try")
    with pytest.raises(RunError, match="holds a run of 'try', not of 'fit'"):
        Record.read(tmp_path).finished("fit")
    with open_run(tmp_path, kind="try", config={}, inputs={}) as run:
        assert run.store("work")["a"] == 1
    assert Record.read(tmp_path).state == f"the run in {tmp_path} is finished"


def test_a_file_of_the_result_that_was_changed_or_lost_is_named(tmp_path):
    record = Record.read(finished(tmp_path)).finished("try")
    record.check("answer.json")
    with pytest.raises(RunError, match=r"run\.json names no model/ among the results"):
        record.check("model/")
    (tmp_path / "answer.json").write_text('{"x": 2}')
    with pytest.raises(
        RunError, match=r"is damaged: answer\.json is not as it was written \(its SHA-256 differs"
    ) as told:
        record.check("answer.json")
    assert "bring it back from a copy, or run again" in str(told.value)
    (tmp_path / "answer.json").unlink()
    with pytest.raises(RunError, match=r"answer\.json cannot be read \(No such file or directory\)"):
        record.check("answer.json")


def test_what_a_killed_run_left_half_written_is_swept_and_a_users_file_is_not(tmp_path):
    finished(tmp_path)
    for name in (".answer.json.abc123.part", ".run.json.abc123.part", ".mine.abc123.part", ".answer.json.txt"):
        (tmp_path / name).write_text("")
    finished(tmp_path)
    assert {p.name for p in tmp_path.iterdir() if p.name.startswith(".")} == {".mine.abc123.part", ".answer.json.txt"}


# -- folders that are written whole ------------------------------------------------------------------------------------


def filled(place, files, *, failing=False, meanwhile=None):
    with new_folder(place, RunError) as work:
        for name, text in files.items():
            (work / name).parent.mkdir(exist_ok=True)
            (work / name).write_text(text)
        if meanwhile is not None:
            meanwhile.mkdir()
            (meanwhile / "x").write_text("another's")
        if failing:
            raise ZeroDivisionError


@pytest.mark.parametrize("there", [False, True])
def test_a_new_folder_is_there_whole_or_not_at_all(tmp_path, there):
    place = tmp_path / "a" / "b"
    if there:
        place.mkdir(parents=True)
    before = tree(tmp_path)
    with pytest.raises(ZeroDivisionError):
        filled(place, {"x": "1"}, failing=True)
    assert tree(tmp_path) == before
    filled(place, {"x": "1", "deep/y": "2"})
    assert tree(place) == {"x": b"1", "deep": None, "deep/y": b"2"}
    assert {p.name for p in tmp_path.rglob("*")} == {"a", "b", "x", "deep", "y"}


def test_the_folder_that_one_stands_in_is_filled_and_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inode = os.stat(".").st_ino
    filled(tmp_path, {"x": "1"})
    assert tree(tmp_path) == {"x": b"1"}
    assert tmp_path.stat().st_ino == inode


def test_a_folder_that_is_not_empty_is_refused_and_a_file_is_named(tmp_path):
    (tmp_path / "mine").write_text("1")
    with pytest.raises(RunError, match=r"is not empty \(mine is there\), and .*: give a new folder"):
        check_free(tmp_path, RunError)
    with pytest.raises(RunError, match="is there already and no folder: give another name"):
        filled(tmp_path / "mine", {"x": "1"})
    with pytest.raises(RunError, match="is not empty"):
        filled(tmp_path / "late", {"x": "ours"}, meanwhile=tmp_path / "late")
    assert tree(tmp_path) == {"mine": b"1", "late": None, "late/x": b"another's"}


@pytest.mark.parametrize("kept", [False, True])
def test_folders_that_were_made_for_nothing_are_removed_and_those_of_others_stay(tmp_path, kept):
    def fails():
        with made_folder(tmp_path / "a" / "b"):
            if kept:
                (tmp_path / "a" / "kept").write_text("1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert tree(tmp_path) == ({"a": None, "a/kept": b"1"} if kept else {})


def test_an_interrupt_while_a_file_is_written_leaves_no_half_of_it(tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "x", "1")
    assert tree(tmp_path) == {}


def test_times_are_told_from_the_start(tmp_path):
    with open_run(tmp_path, **RUN, command="aitia try") as run:
        told = json.loads((run.path / "timing.json").read_text())
        assert told["command"] == "aitia try"
        assert "wall_seconds" not in told
    assert json.loads((tmp_path / "timing.json").read_text())["wall_seconds"] >= 0
