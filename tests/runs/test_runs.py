import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import RunError
from aitia.files import write_whole
from aitia.runs import Journal, content_hash, open_run

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), values, max_size=6))
def test_a_journal_gives_back_what_was_put_in(tmp_path_factory, items):
    path = tmp_path_factory.mktemp("journal") / "a.journal"
    journal = Journal(path)
    journal.update(items)
    journal.close()
    assert dict(Journal(path)) == items


def test_a_journal_cut_off_anywhere_keeps_every_whole_entry_and_goes_on(tmp_path):
    path = tmp_path / "a.journal"
    journal = Journal(path)
    for k in range(4):
        journal[f"key {k}"] = [k, "väl\nue"]
    journal.close()
    data = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(data) if byte == 10]
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        again = Journal(path)
        assert len(again) == sum(end <= cut for end in ends)
        again["new"] = 1
        again.close()
        assert Journal(path)["new"] == 1
        assert len(Journal(path)) == len(again)


def test_a_journal_damaged_in_the_middle_is_refused(tmp_path):
    path = tmp_path / "a.journal"
    journal = Journal(path)
    journal["a"], journal["b"] = 1, 2
    journal.close()
    path.write_bytes(path.read_bytes().replace(b'"a"', b'"x"'))
    with pytest.raises(RunError, match=r"line 1 of .* is damaged"):
        Journal(path)
    with pytest.raises(RunError, match="only grows"):
        del journal["a"]


def test_hashes_depend_on_content_only():
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    assert content_hash([1.0]) != content_hash([1.5])
    assert content_hash(b"x") == content_hash(b"x") != content_hash(b"y")


def test_a_full_disk_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"No space left on device; what was there is unchanged"):
        write_whole(path, b"new", RunError)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def options(**more):
    return {"kind": "try", "config": {"alpha": 0.05}, "inputs": {"table": "abc"}} | more


def test_a_run_says_what_it_was_and_keeps_times_apart(tmp_path):
    with open_run(tmp_path, **options(), command="aitia try") as run:
        run.store("work")["a"] = 1
        run.write_json("answer.json", {"x": 1})
        assert (tmp_path / "work.journal").is_file()
        assert json.loads((tmp_path / "run.json").read_text())["status"] == "running"
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["config"] == {"alpha": 0.05}
    assert set(record["results"]) == {"answer.json"}
    assert not (tmp_path / "work.journal").exists()
    assert not (tmp_path / ".lock").exists()
    assert json.loads((tmp_path / "timing.json").read_text())["command"] == "aitia try"
    assert "aitia try" not in (tmp_path / "run.json").read_text()


def test_an_error_keeps_finished_work_and_the_same_call_goes_on(tmp_path):
    def fails():
        with open_run(tmp_path, **options()) as run:
            run.store("work")["a"] = 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "stopped"
    with open_run(tmp_path, **options()) as run:
        assert run.resumed
        assert run.store("work")["a"] == 1


def test_a_journal_that_a_start_before_left_goes_with_the_run_and_one_of_the_caller_stays(tmp_path):
    def fails():
        with open_run(tmp_path, **options(), files=("answers.journal",)) as run:
            run.store("work")["a"] = run.store("answers")["a"] = 1
            run.write_json("answer.json", 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with open_run(tmp_path, **options(), files=("answers.journal",)):
        pass  # all of it is done: nobody asks for the journal again
    assert sorted(p.name for p in tmp_path.iterdir()) == ["answer.json", "answers.journal", "run.json", "timing.json"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"config": {"alpha": 0.1}}, r"other alpha \(0.05, now 0.1\)"),
        ({"inputs": {"table": "other"}}, "other data"),
        ({"kind": "fit"}, "other work"),
    ],
)
def test_a_folder_of_another_run_is_refused_and_says_what_differs(tmp_path, change, sentence):
    with open_run(tmp_path, **options()):
        pass
    with pytest.raises(RunError, match=sentence), open_run(tmp_path, **options(**change)):
        pass


def test_damaged_and_foreign_folders_are_refused(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with (
        pytest.raises(RunError, match=r"run\.json is damaged .* is not valid JSON .*; run again into another folder"),
        open_run(tmp_path, **options()),
    ):
        pass
    other = tmp_path / "other"
    other.mkdir()
    (other / "work.journal").write_bytes(b"")
    with pytest.raises(RunError, match=r"holds work\.journal but no run\.json"), open_run(other, **options()):
        pass
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RunError, match="cannot be made: Not a directory"),
        open_run(tmp_path / "file" / "x", **options()),
    ):
        pass
    with (
        pytest.raises(RunError, match="cannot be made: a file has that name"),
        open_run(tmp_path / "file", **options()),
    ):
        pass


_WORK = """
import sys, time
from aitia.runs import open_run
with open_run(sys.argv[1], kind="try", config={}, inputs={}) as run:
    store = run.store("work")
    for k in range(40):
        if str(k) not in store:
            time.sleep(float(sys.argv[2]))
            store[str(k)] = k * k
    run.write_json("answer.json", dict(store))
"""


def test_a_run_that_is_killed_ends_in_the_same_bytes(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run([sys.executable, "-c", _WORK, str(whole), "0"], check=True)
    process = subprocess.Popen([sys.executable, "-c", _WORK, str(broken), "0.03"])
    journal = broken / "work.journal"
    deadline = time.time() + 60
    while time.time() < deadline and not (journal.exists() and journal.stat().st_size > 100):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert json.loads((broken / "run.json").read_text())["status"] == "running"
    subprocess.run([sys.executable, "-c", _WORK, str(broken), "0"], check=True)
    for name in ("run.json", "answer.json"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes()
    assert sorted(p.name for p in broken.iterdir()) == sorted(p.name for p in Path(whole).iterdir())
