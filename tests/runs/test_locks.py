"""The lock of a run folder: never two at once, and nothing that a dead process left holds anybody up."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from aitia.errors import RunError
from aitia.runs import Lock, open_run
from aitia.runs.lock import holder_of

RACE = """
import os, sys, time
from pathlib import Path
from aitia.errors import RunError
from aitia.runs import Lock

lock, witness, until = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
entered = both = 0
while time.time() < until:
    try:
        with Lock(lock):
            try:
                os.close(os.open(witness, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                both += 1
            else:
                entered += 1
                os.unlink(witness)
    except RunError as error:
        assert "is in use by" in str(error), error
print(entered, both)
"""

HOLD = """
import sys, time
from pathlib import Path
from aitia.runs import Lock

with Lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / ".lock")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_two_processes_that_race_are_never_in_at_once(tmp_path):
    # The witness is the operating system's own: a file that can be made once only.
    command = [sys.executable, "-c", RACE, tmp_path / ".lock", tmp_path / "witness", str(time.time() + 4)]
    racers = [subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [[int(n) for n in racer.communicate(timeout=60)[0].split()] for racer in racers]
    assert [both for _, both in counts] == [0, 0]
    assert all(entered > 20 for entered, _ in counts), counts
    assert not (tmp_path / ".lock").exists()


def test_the_holder_is_named_with_its_lock_and_once_killed_holds_nobody_up(tmp_path, holder):
    told = f"process {holder.pid} on {socket.gethostname()} since 20"
    assert holder_of(tmp_path / ".lock").startswith(told)
    with pytest.raises(
        RunError, match=f"{tmp_path} is in use by {told}.*: wait for it, or give another folder"
    ) as error:
        Lock(tmp_path / ".lock").__enter__()
    assert f"({tmp_path / '.lock'} is its lock)" in str(error.value)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / ".lock").exists()
    assert holder_of(tmp_path / ".lock") is None
    with Lock(tmp_path / ".lock"):
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()
    assert not (tmp_path / ".lock").exists()


@pytest.mark.parametrize(
    "left",
    [
        b"", b"\xff\x00", b"[" * 5000, b"[1]", b"nobody",
        json.dumps({"pid": 1, "host": socket.gethostname()}).encode(),  # a process that lives, and holds nothing
        json.dumps({"pid": os.getppid(), "host": "elsewhere", "since": 0}).encode(),
        json.dumps({"pid": 10**20, "host": "x", "since": 10**20}).encode(),
        json.dumps({"pid": -1, "host": "x", "since": "now"}).encode(),
    ],
)  # fmt: skip
def test_a_lock_file_that_no_process_holds_is_taken_over_whatever_it_says(tmp_path, left):
    (tmp_path / ".lock").write_bytes(left)
    assert holder_of(tmp_path / ".lock") is None
    with open_run(tmp_path, kind="try", config={}, inputs={}):
        pass
    assert not (tmp_path / ".lock").exists()


def test_a_holder_that_says_nothing_of_itself_is_another_process(tmp_path, holder):
    (tmp_path / ".lock").write_bytes(b"[" * 5000)
    with pytest.raises(RunError, match="is in use by another process: wait for it"):
        Lock(tmp_path / ".lock").__enter__()


def test_a_process_does_not_enter_twice(tmp_path):
    with Lock(tmp_path / ".lock"), pytest.raises(RunError, match=f"in use by process {os.getpid()} on"):
        Lock(tmp_path / ".lock").__enter__()


def test_a_lock_that_is_a_folder_or_a_link_is_refused_and_left_alone(tmp_path):
    (tmp_path / ".lock").mkdir()
    with pytest.raises(RunError, match=r"\.lock cannot be written: Is a directory"):
        Lock(tmp_path / ".lock").__enter__()
    (tmp_path / ".lock").rmdir()
    (tmp_path / "mine").write_text("precious")
    (tmp_path / ".lock").symlink_to(tmp_path / "mine")
    with pytest.raises(RunError, match=r"\.lock cannot be written"):
        Lock(tmp_path / ".lock").__enter__()
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_lock_that_was_replaced_by_hand_is_not_removed_with_ours(tmp_path):
    with Lock(tmp_path / ".lock"):
        (tmp_path / ".lock").unlink()
        (tmp_path / ".lock").write_text("another's")
    assert (tmp_path / ".lock").read_text() == "another's"
