"""A studio that is killed, filled up or closed: its jobs go on where they were, and what was there stays.

The studios here are real processes with real commands.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from aitia.errors import RunError
from aitia.runs import LOCK, Lock
from aitia.runs.journal import Journal
from aitia.studio import Workspace
from aitia.studio.jobs import Jobs

SOURCE = Path(__file__).parents[2] / "src"
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "HOME": "/nonexistent", "OMP_NUM_THREADS": "1",
}  # fmt: skip


def until(true, seconds=120.0):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
    return found


class Browser:
    """A tab: it keeps the cookie and the token of its page."""

    def __init__(self, address):
        self.address = address.rstrip("/")
        with urllib.request.urlopen(self.address) as page:
            self.cookie = page.headers["set-cookie"].partition(";")[0]
            self.token = re.search(r'name="aitia-token" content="([0-9a-f]+)"', page.read().decode()).group(1)

    def post(self, path, body=b"{}", kind="application/json"):
        head = {"cookie": self.cookie, "origin": self.address, "x-aitia-token": self.token, "content-type": kind}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.address + path, body, head)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)

    def get(self, path):
        with urllib.request.urlopen(self.address + path) as answer:
            return json.load(answer)


@contextmanager
def studio(folder, *words):
    started = subprocess.Popen(
        [sys.executable, "-m", "aitia", "studio", str(folder), "--no-browser", *words],
        stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    try:
        yield started, re.search(r"http://\S+", started.stdout.readline()).group()
    finally:
        started.terminate()
        started.communicate(timeout=60)


@pytest.fixture(scope="module")
def rows():
    drawn = np.random.default_rng(0).normal(size=(150, 5)) @ np.triu(np.ones((5, 5)))
    return "\n".join(["a,b,c,d,e", *(",".join(f"{v:.6f}" for v in row) for row in drawn), ""]).encode()


def children_of(process):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(told[1]) == process and told[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


def living(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_studio_that_is_killed_in_a_job_goes_on_at_its_next_start_to_the_same_bytes(rows, tmp_path):
    many = 400  # some seconds of them, so that none of the looks below comes too late
    form = json.dumps({"method": "pc", "test": "kci", "bootstrap": many}).encode()
    with studio(tmp_path / "studio") as (process, address):
        tab = Browser(address)
        assert tab.post("/tables/t.csv", rows, "application/octet-stream")["go"] == "/discover/t.csv"
        run = tmp_path / "studio" / tab.post("/discover/t.csv", form)["go"].strip("/")
        journal = run / "search.journal"
        until(lambda: journal.is_file() and journal.read_bytes().count(b"bootstrap") >= 3)
        (command,) = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with studio(tmp_path / "studio") as (process, address):  # at once: the command of the dead one still puts away
        before = Browser(address)
        other = Browser(address)  # two tabs see the same
        assert before.get("/api/jobs/1") == other.get("/api/jobs/1")
        done = len(Journal(journal)) if journal.is_file() else 0
        assert done >= 3, "what was finished is kept"
        until(  # its first word of the resamples, not the one that predicts how long they take
            lambda: (told := before.get("/api/jobs/1"))["state"] != "running" or told["progress"].get("total") == many
        )
        resumed = before.get("/api/jobs/1")["progress"]
        job = until(lambda: (told := other.get("/api/jobs/1"))["state"] not in ("running", "queued") and told)
        assert job["state"] == "finished", job
        assert before.get("/api/jobs/1") == job
    assert not living(command)
    assert resumed["done"] >= 3, "it began anew"
    (tmp_path / "alone" / "tables").mkdir(parents=True)
    (tmp_path / "alone" / "tables" / "t.csv").write_bytes(rows)
    words = ["discover", "tables/t.csv", "--method", "pc", "--test", "kci", "--bootstrap", str(many)]
    subprocess.run([sys.executable, "-m", "aitia", *words, "--out", "runs/t"], cwd=tmp_path / "alone",
                   env=ENVIRONMENT, check=True, capture_output=True)  # fmt: skip
    whole = tmp_path / "alone" / "runs" / "t"
    assert sorted(p.name for p in whole.iterdir()) == sorted(p.name for p in run.iterdir())
    for name in ("run.json", *json.loads((whole / "run.json").read_text())["results"]):
        assert (whole / name).read_bytes() == (run / name).read_bytes(), name


def test_a_command_waits_until_its_folder_is_free_and_no_longer(tmp_path, monkeypatch):
    monkeypatch.setattr("aitia.studio.jobs._WORDS", ["true"])
    jobs = Jobs(Workspace(tmp_path / "studio"))
    for name in ("r1", "r2"):
        (jobs.workspace.runs / name).mkdir()
    jobs.start()
    try:
        with Lock(jobs.workspace.runs / "r1" / LOCK):
            job = jobs.submit("one", [], "r1")
            until(lambda: jobs.state.job(job.id).state == "running")
            time.sleep(0.5)
            assert not jobs._processes
        until(lambda: jobs.state.job(job.id).state == "finished")
        monkeypatch.setattr("aitia.studio.jobs.LEAVES", 0.3)
        with Lock(jobs.workspace.runs / "r2" / LOCK):
            job = jobs.submit("two", [], "r2")
            until(lambda: jobs.state.job(job.id).state == "finished")  # the command says itself who is in it
            monkeypatch.setattr("aitia.studio.jobs.LEAVES", 600.0)
            waiting = jobs.submit("three", [], "r2")
            until(lambda: jobs.state.job(waiting.id).state == "running")
            assert jobs.cancel(waiting.id).state == "cancelled"
            after = jobs.submit("four", [], "r1")
            until(lambda: jobs.state.job(after.id).state == "finished")
            assert jobs.state.job(waiting.id).state == "cancelled"
    finally:
        jobs.stop()


# -- a disk that is full, or closed ---------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path):
    """A disk of 400 kB, and what fills or closes it."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", place]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a disk here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(place):
    left = os.statvfs(place)
    (place / "filler").write_bytes(b"0" * (left.f_bavail * left.f_frsize))


def test_a_full_disk_is_a_sentence_the_jobs_before_stay_and_those_after_run(disk, monkeypatch, tmp_path):
    (tmp_path / "say.py").write_text("print('x' * 100)")
    monkeypatch.setattr("aitia.studio.jobs._WORDS", [sys.executable, str(tmp_path / "say.py")])
    jobs = Jobs(Workspace(disk / "studio"))
    jobs.start()
    try:
        first = jobs.submit("one", [], "r1")
        until(lambda: jobs.state.job(first.id).state == "finished")
        fill(disk)
        long = ["x" * 200_000]  # a short one may fit into what the file has
        with pytest.raises(RunError, match=r"studio.sqlite cannot be used: .*full"):
            jobs.submit("two", long, "r2")
        assert jobs.state.job(first.id).state == "finished"
        (disk / "filler").unlink()
        last = jobs.submit("three", [], "r3")
        until(lambda: jobs.state.job(last.id).state == "finished")
    finally:
        jobs.stop()


@pytest.mark.parametrize("closed", ["full", "read-only"])
def test_a_studio_on_such_a_disk_says_so_and_leaves(disk, closed, rows):
    Jobs(Workspace(disk / "studio")).state.close()
    (disk / "studio" / "tables" / "t.csv").write_bytes(rows)
    before = {p: p.read_bytes() for p in (disk / "studio").rglob("*.csv")}
    if closed == "full":
        fill(disk)
    else:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    done = subprocess.run([sys.executable, "-m", "aitia", "studio", str(disk / "studio"), "--no-browser"],
                          capture_output=True, text=True, env=ENVIRONMENT)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.count("\n") == 1, done.stderr
    assert ("No space left on device" if closed == "full" else "Read-only file system") in done.stderr
    assert {p: p.read_bytes() for p in (disk / "studio").rglob("*.csv")} == before


def test_a_log_that_cannot_be_opened_is_told_by_the_job_and_the_next_one_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("aitia.studio.jobs._WORDS", ["true"])
    jobs = Jobs(Workspace(tmp_path / "studio"))
    (jobs.workspace.logs / "1.txt").mkdir()
    jobs.start()
    try:
        job, after = jobs.submit("one", [], "r1"), jobs.submit("two", [], "r2")
        until(lambda: jobs.state.job(after.id).state == "finished")
        assert jobs.state.job(job.id).state == "failed"
        assert jobs.state.job(job.id).message == "it could not be started: Is a directory"
    finally:
        jobs.stop()


def test_the_end_of_a_job_is_noted_as_soon_as_it_can_be(tmp_path, monkeypatch):
    monkeypatch.setattr("aitia.studio.jobs._WORDS", ["true"])
    jobs, tries = Jobs(Workspace(tmp_path / "studio")), []
    turn = jobs.state.turn

    def fails_twice(number, state, message=""):
        if state == "finished" and len(tries) < 2:
            tries.append(state)
            raise RunError("studio.sqlite cannot be used: database or disk is full")
        return turn(number, state, message)

    monkeypatch.setattr(jobs.state, "turn", fails_twice)
    jobs.start()
    try:
        job = jobs.submit("one", [], "r1")
        until(lambda: jobs.state.job(job.id).state == "finished")
        assert tries == ["finished"] * 2
    finally:
        jobs.stop()


# -- what is written down -------------------------------------------------------------------------------------------


def test_key_cookie_and_token_stand_in_no_file(rows, tmp_path):
    """Of a studio that is open to other machines, whose key is in the address that is printed, and there alone."""
    words = ["--host", "0.0.0.0", "--expose"]
    with studio(tmp_path / "studio", *words) as (_, address):
        where, _, key = address.partition("/?key=")
        where = re.sub(r"//[^:/]+", "//127.0.0.1", where)
        request = urllib.request.Request(f"{where}/?key={key}")
        opener = urllib.request.build_opener(NoRedirect)
        with pytest.raises(urllib.error.HTTPError) as answer:
            opener.open(request)
        with answer.value:
            assert answer.value.code == 303
            cookie = answer.value.headers["set-cookie"].partition(";")[0]
        with urllib.request.urlopen(urllib.request.Request(where, headers={"cookie": cookie})) as page:
            token = re.search(r'content="([0-9a-f]{64})"', page.read().decode()).group(1)
        head = {"cookie": cookie, "origin": where, "x-aitia-token": token, "content-type": "application/octet-stream"}
        with urllib.request.urlopen(urllib.request.Request(f"{where}/tables/t.csv", rows, head)) as told:
            assert told.status == 200
    for path in (tmp_path / "studio").rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        for secret in (key, cookie.partition("=")[2], token):
            assert secret.encode() not in held, path


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *told):
        return None
