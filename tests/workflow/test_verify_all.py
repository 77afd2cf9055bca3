"""`verify --all`: cheapest first, and a sweep that dies at any moment goes on and ends in the same ledger."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.workflow import quick_claims
from tests.workflow.quick_claims import QUICK, SEEDS

from aitia.errors import RunError
from aitia.runs import Lock

SOURCE = Path(__file__).parents[2] / "src"
SLOWLY = 0.1
"""Seconds of a seed that is likely to be struck, long beside the way back from a worker."""
ORDER = "quick-mean quick-trimmed quick-median"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    quick_claims.write(folder)
    return folder


def start(packages, out, *more, jobs=1, seconds=0.02):
    """The command in a process of its own, past its imports; started seeds stand in a log beside its folder."""
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{SOURCE}:{packages}", "HOME": str(packages)}
    bare |= {"QUICK_LOG": str(out.parent / f"{out.name}.log"), "QUICK_SECONDS": str(seconds), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, quick_claims.__file__, str(packages), str(out), str(jobs), *more]
    started = subprocess.Popen(words, env=bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout.readline() == "begins\n", started.communicate()[1][-2000:]
    return started


def ended(started):
    said, wrong = started.communicate(timeout=120)
    assert started.returncode == 0, wrong[-2000:]
    return said.strip()


def ledger(out):
    """The page without the commit, and without how long it took, which a claim that was resumed cannot tell."""
    text = re.sub(r", at [0-9a-f]{8}\+?;", ";", (out / "ledger.md").read_text())
    return re.sub(r"resumed, so its time is not known|[\d.]+ minutes", "TIME", text)


def killed(process, after):
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def log(out):
    place = out.parent / f"{out.name}.log"
    return place.read_text().split("\n")[:-1] if place.is_file() else []


@pytest.fixture(scope="module")
def whole(packages, tmp_path_factory):
    """A sweep that was left alone: its folder, its ledger, and the seconds that it took."""
    out = tmp_path_factory.mktemp("whole") / "evidence"
    started = start(packages, out)
    begun = time.monotonic()
    assert ended(started) == f"{ORDER} kept"
    return out, ledger(out), time.monotonic() - begun


def test_the_cheapest_claim_comes_first_and_the_ledger_has_all(whole):
    out, page, _ = whole
    assert [line.split()[0] for line in log(out)] == [s for s in ORDER.split() for _ in range(2 * QUICK[s][2])]
    assert all(f"## {slug}" in page for slug in QUICK)
    assert {path.name for path in out.iterdir()} == {*(f"{slug}.json" for slug in QUICK), "ledger.md"}


def test_a_sweep_killed_three_times_ends_in_the_same_ledger_and_repeats_no_finished_seed(packages, whole, tmp_path):
    _, page, _ = whole
    out = tmp_path / "evidence"
    for seeds in (4, 15, 30):  # in each of the claims
        started = start(packages, out, "--resume")
        while not (log(out)[seeds - 1 :] or started.poll() is not None):
            time.sleep(0.001)
        killed(started, 0.0)
        assert started.returncode == -signal.SIGKILL
    said = ended(start(packages, out, "--resume"))
    assert said == f"{ORDER} kept quick-mean quick-trimmed"
    assert ledger(out) == page
    assert SEEDS <= len(log(out)) <= SEEDS + 3  # what was under way at each kill, and nothing else
    assert not list(out.glob(".*journal"))


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(20))
def test_a_kill_at_any_moment_changes_nothing(packages, whole, tmp_path, moment):
    _, page, _ = whole
    out, jobs = tmp_path / "evidence", 1 + moment % 2
    after = random.Random(moment).uniform(0, SEEDS * SLOWLY / jobs)
    killed(start(packages, out, "--resume", jobs=jobs, seconds=SLOWLY), after)
    through = (out / "ledger.md").is_file() and not (out / ".all.journal").is_file()  # so that all is measured anew
    assert ended(start(packages, out, "--resume", jobs=jobs)).startswith(ORDER)
    assert ledger(out).replace(f"{jobs} processes", "1 processes") == page
    lost = 1 if jobs == 1 else 2 * jobs  # what was under way, and what was on its way back from a worker
    assert len(log(out)) == 2 * SEEDS if through else len(log(out)) <= SEEDS + lost
    assert not list(out.glob(".*journal"))


def test_a_new_sweep_measures_everything_anew(packages, whole):
    out, page, _ = whole
    before = len(log(out))
    assert ended(start(packages, out, "--resume")) == f"{ORDER} kept"  # that one was through: there is nothing to go on
    assert len(log(out)) == before + SEEDS
    assert ledger(out) == page


def test_two_sweeps_of_one_folder_do_not_meet(tmp_path):
    from aitia.cli.board import Board
    from aitia.cluster import ProcessEngine
    from aitia.workflow.verify_all import verify_all

    with Lock(tmp_path / ".all.lock"), pytest.raises(RunError, match="in use"):
        verify_all({}, tmp_path, engine=ProcessEngine(), told=Board({}))
