"""A disk that is full, and folders that cannot be written: one sentence, and what was there is whole.

On a tiny disk of its own where root may mount one; everywhere by a write that fails.
"""

import errno
import os
import shutil
import subprocess
import sys

import pytest
from tests.unprivileged import run_unprivileged

from aitia.errors import AitiaError, RunError
from aitia.files import new_folder, write_whole
from aitia.runs import Journal, Lock, open_run
from aitia.workflow.answer_files import answer_place, write_record


def work(folder):
    with open_run(folder, kind="try", config={}, inputs={}, files=("answer.json", "state/"), command="x" * 500) as run:
        store = run.store("work")
        for k in range(40):
            if str(k) not in store:
                store[str(k)] = "y" * 300
        run.write_json("answer.json", dict(store))


def sentence(function, *arguments):
    """Of the error, if it is one of ours."""
    try:
        function(*arguments)
    except RunError as error:
        return str(error)
    return ""


def tree(folder):
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != "timing.json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


@pytest.fixture
def disk(tmp_path):
    """A disk of 80 kB; `disk(n)` leaves n kB of it free."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=80k", "tmpfs", place]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a disk here")

    def leave(free):
        filler = place / "filler"
        filler.unlink(missing_ok=True)
        if free is not None:
            left = os.statvfs(place)
            with filler.open("wb") as file:
                file.write(b"0" * max(0, left.f_bavail * left.f_frsize - free * 1024))
        return place

    yield leave
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("free", [0, 4, 8, 12, 16, 20, 24, 28, 36, 44])
def test_a_run_on_a_full_disk_ends_in_a_sentence_and_goes_on_to_the_same_bytes(tmp_path, disk, free):
    work(tmp_path / "whole")
    out = disk(free) / "out"
    told = sentence(work, out)
    assert ("No space left on device" in told and "\n" not in told) or (told == "" and free > 20), told
    left = {p.name for p in out.rglob("*")} if out.exists() else set()
    assert not {name for name in left if name.endswith(".part") or name == ".lock"}, left
    disk(None)
    work(out)
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.parametrize("free", [0, 4])
def test_a_finished_run_stays_whole_when_it_is_started_again_on_a_full_disk(disk, free):
    out = disk(None) / "out"
    work(out)
    before = tree(out)
    disk(free)
    with pytest.raises(RunError, match="No space left on device"):
        work(out)
    now = tree(out)
    assert now["answer.json"] == before["answer.json"]
    assert now["run.json"] == before["run.json"]
    disk(None)
    work(out)
    assert tree(out) == before


@pytest.mark.parametrize("free", [0, 4, 8, 12, 16])
def test_an_answer_on_a_full_disk_leaves_the_answer_before_it_as_it_was(disk, free):
    def answer(text):
        with answer_place(place / "answer") as stage:
            for k in range(3):
                write_whole(stage / f"{k}.csv", text * 3000)
            write_record(stage, {"system": "toy", "verb": "predict"})

    place = disk(None)
    answer("a")
    before = tree(place / "answer")
    disk(free)
    with pytest.raises(AitiaError, match="cannot be written: No space left on device") as told:
        answer("b")
    assert ".part" not in str(told.value)
    assert tree(place / "answer") == before
    disk(None)
    answer("b")
    assert tree(place / "answer")["0.csv"] == b"b" * 3000


def test_a_new_folder_on_a_full_disk_is_not_there(disk):
    place = disk(4)
    sentence = "cannot be written: No space left on device; nothing is left of it"
    with pytest.raises(RunError, match=sentence), new_folder(place / "a" / "b", RunError) as stage:
        (stage / "x").write_bytes(b"0" * 10_000)
    assert [p.name for p in place.iterdir()] == ["filler"]


def test_a_command_on_a_full_disk_is_one_sentence(disk, tmp_path):
    lines = "\n".join(f"{k % 7},{k % 5},{k * k % 11}" for k in range(60))
    (tmp_path / "t.csv").write_text(f"a,b,c\n{lines}\n")
    for free in (0, 12):
        out = disk(free) / "out"
        command = [
            sys.executable,
            "-c",
            "from aitia.cli import main; main()",
            "discover",
            str(tmp_path / "t.csv"),
            "--out",
            str(out),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2, done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert "No space left on device" in done.stderr
        disk(None)
        shutil.rmtree(out, ignore_errors=True)


# -- the same where no disk can be mounted -------------------------------------------------------------------------


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


class Short:
    """A file that takes a few bytes and then no more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        if self.room == 0:
            full()
        taken = min(self.room, len(data))
        self.room -= taken
        return self.file.write(data[:taken])

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_an_entry_that_did_not_fit_is_taken_back_and_the_journal_goes_on(tmp_path):
    journal = Journal(tmp_path / "a.journal")
    journal["a"] = "1" * 100
    before = (tmp_path / "a.journal").read_bytes()
    journal._file = Short(journal._file, 30)
    with pytest.raises(RunError, match=r"a\.journal cannot be written: No space left on device; finished work before"):
        journal["b"] = "2" * 100
    assert (tmp_path / "a.journal").read_bytes() == before
    assert dict(journal) == {"a": "1" * 100}
    journal._file.room = 10_000
    journal["c"] = 3
    journal.close()
    assert dict(Journal(tmp_path / "a.journal")) == {"a": "1" * 100, "c": 3}


def test_a_journal_whose_first_entry_did_not_fit_is_not_there(disk):
    place = disk(None)
    (place / "o").mkdir()
    disk(0)
    journal = Journal(place / "o" / "a.journal")
    with pytest.raises(RunError, match=r"a\.journal cannot be written: No space left on device"):
        journal["a"] = 1
    journal.close()
    assert list((place / "o").iterdir()) == []
    disk(None)
    journal["a"] = 1
    journal.close()
    assert dict(Journal(place / "o" / "a.journal")) == {"a": 1}


def test_a_lock_that_cannot_be_written_is_told_and_not_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RunError, match=r"\.lock cannot be written: No space left on device"):
        Lock(tmp_path / ".lock").__enter__()
    assert list(tmp_path.iterdir()) == []


def test_the_error_that_stopped_a_run_is_the_one_that_is_told(tmp_path, monkeypatch):
    def fills_the_disk():
        with open_run(tmp_path / "o", kind="try", config={}, inputs={}, files=("answer.json",)) as run:
            run.store("work")["a"] = 1
            monkeypatch.setattr(os, "fsync", full)
            run.write_json("answer.json", 1)

    assert "answer.json cannot be written: No space left on device" in sentence(fills_the_disk)
    monkeypatch.undo()
    assert {p.name for p in (tmp_path / "o").iterdir()} == {"run.json", "timing.json", "work.journal"}
    with open_run(tmp_path / "o", kind="try", config={}, inputs={}) as run:
        assert run.store("work")["a"] == 1


RUN = """
import sys
from aitia.errors import RunError
from aitia.runs import open_run
try:
    with open_run(sys.argv[1], kind="try", config={}, inputs={}):
        pass
except RunError as error:
    print(error)
"""


@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_folder_that_is_closed_is_one_sentence(tmp_path, mode):
    place = tmp_path / "closed"
    place.mkdir(mode=mode)
    for out in (place, place / "new"):
        done = run_unprivileged(RUN, out)
        assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1), done
        assert "Permission denied" in done.stdout
    place.chmod(0o755)
    assert list(place.iterdir()) == []


def test_a_disk_that_is_read_only_is_one_sentence(disk):
    place = disk(None)
    work(place / "out")
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    assert sentence(work, place / "out").endswith("cannot be written: Read-only file system")
    assert sentence(work, place / "new").endswith("cannot be made: Read-only file system")
