"""Jobs are commands: finished, failed with their sentence, cancelled, taken up again after a kill; none outlives us."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aitia.cli.progress import progress_bar
from aitia.errors import RunError
from aitia.studio import Workspace
from aitia.studio.jobs import Jobs

SLEEPER = """
import sys, time
from pathlib import Path
place = Path(sys.argv[1]); place.write_text((place.read_text() if place.exists() else "") + "begun ")
if "fail" in sys.argv: sys.exit("aitia: it cannot be done")
while not Path(sys.argv[2]).exists(): time.sleep(0.02)
place.write_text(place.read_text() + "done ")
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Jobs whose commands are a small script, not all of aitia."""
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    monkeypatch.setattr("aitia.studio.jobs._WORDS", [sys.executable, str(tmp_path / "sleeper.py")])
    made = Jobs(Workspace(tmp_path / "studio"))
    made.start()
    yield made
    made.stop()


def until(true, seconds=30.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def test_jobs_run_one_after_another(jobs, tmp_path):
    go = tmp_path / "go"
    first = jobs.submit("one", [str(tmp_path / "a"), str(go)], "r1")
    second = jobs.submit("two", [str(tmp_path / "b"), str(go)], "r2")
    until(lambda: (tmp_path / "a").exists())
    assert not (tmp_path / "b").exists()
    go.touch()
    until(lambda: jobs.state.job(second.id).state == "finished")
    assert jobs.state.job(first.id).state == "finished"
    assert (tmp_path / "a").read_text() == "begun done "


def test_a_failure_tells_its_sentence_and_goes_on_when_asked(jobs, tmp_path):
    job = jobs.submit("one", [str(tmp_path / "a"), str(tmp_path / "go"), "fail"], "r1")
    until(lambda: jobs.state.job(job.id).state == "failed")
    assert jobs.state.job(job.id).message == "it cannot be done"
    jobs.again(job.id)
    until(lambda: (tmp_path / "a").read_text() == "begun begun ")
    until(lambda: jobs.state.job(job.id).state == "failed")
    with pytest.raises(RunError, match="there is no job 99"):
        jobs.again(99)


def test_a_cancelled_job_ends_and_goes_on(jobs, tmp_path):
    go = tmp_path / "go"
    job = jobs.submit("one", [str(tmp_path / "a"), str(go)], "r1")
    waiting = jobs.submit("two", [str(tmp_path / "b"), str(go)], "r2")
    until(lambda: (tmp_path / "a").exists())
    assert jobs.cancel(waiting.id).state == "cancelled"  # what waits never begins
    assert jobs.cancel(job.id).state == "cancelled"
    until(lambda: not jobs._processes)
    assert jobs.cancel(job.id).state == "cancelled"
    go.touch()
    jobs.again(job.id)
    until(lambda: jobs.state.job(job.id).state == "finished")
    assert (tmp_path / "a").read_text() == "begun begun done "
    assert not (tmp_path / "b").exists()
    with pytest.raises(RunError, match="is finished"):
        jobs.again(job.id)


def test_what_was_under_way_goes_on_at_the_next_start(jobs, tmp_path):
    job = jobs.submit("one", [str(tmp_path / "a"), str(tmp_path / "go")], "r1")
    until(lambda: (tmp_path / "a").exists())
    jobs.stop()
    later = Jobs(jobs.workspace)
    assert later.state.job(job.id).state == "queued"
    (tmp_path / "go").touch()
    later.start()
    until(lambda: later.state.job(job.id).state == "finished")
    later.stop()
    jobs.__init__(jobs.workspace)  # for the end of the fixture


def test_how_far_a_command_is_stands_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("AITIA_PROGRESS", str(tmp_path / "p"))
    with progress_bar(quiet=True) as tell:
        tell("predicted: about 9 s", 0, 1)
        tell("searching", 1, 4)
        tell("searching", 4, 4)
    assert json.loads((tmp_path / "p").read_text()) == {
        "what": "searching", "done": 4, "total": 4, "predicted": "predicted: about 9 s",
    }  # fmt: skip
    monkeypatch.setenv("AITIA_PROGRESS", str(tmp_path / "nowhere" / "p"))
    with progress_bar() as tell:
        tell("searching", 1, 1)  # that it cannot be written stops nothing


def test_no_command_outlives_the_studio(tmp_path):
    """Killed with SIGKILL the parent tells nobody; its command looks for it and ends."""
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'aitia.studio.watched', 'studio', sys.argv[1],"
        " '--no-browser'],"
        " start_new_session=True)\nprint(child.pid, flush=True)\ntime.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "inner")], stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    until(lambda: (tmp_path / "inner" / "studio.sqlite").exists(), 60)
    parent.kill()
    parent.wait()
    parent.stdout.close()

    def gone():
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return True
        return Path(f"/proc/{child}/stat").read_text().split()[2] == "Z"

    try:
        until(gone, 30)
    finally:
        if not gone():
            os.kill(child, signal.SIGKILL)
