"""A pass with fifty subscribers that is killed at any moment loses no mail, and repeats none under another name."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest
from tests.feed.feeds import JOURNAL

from aitia.errors import RunError
from aitia.feed import Store, add_source, confirm, run_pass, subscribe
from aitia.feed.subscribers import new_token
from aitia.runs.lock import Lock

PEOPLE, KILLS = 50, 20
WHO = [f"who{k}@reader.example" for k in range(PEOPLE)]


@pytest.fixture
def due(tmp_path):
    """A store in which a digest is due to each of fifty, and nothing is made yet."""
    place = tmp_path / "feed.sqlite"
    (tmp_path / "f.xml").write_bytes(JOURNAL)
    with Store(place) as store:
        add_source(store, str(tmp_path / "f.xml"))
        for address in WHO:
            subscribe(store, address)
        with store.writing() as db:
            db.execute("DELETE FROM outbox")
            tokens = [new_token(db, number, "confirm", store.now(), '{"query": "causal", "frequency": "daily"}')
                      for (number,) in db.execute("SELECT id FROM subscribers").fetchall()]  # fmt: skip
        for token in tokens:
            confirm(store, token)
        store.read("PRAGMA wal_checkpoint(TRUNCATE)")
    return place


class Passes:
    """See `passes.py`."""

    def __init__(self):
        self.program = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "passes.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, place, port, kill_after=0.0):
        """Its exit code, and how long it took."""
        self.program.stdin.write(f"{place} {port} {kill_after}\n")
        self.program.stdin.flush()
        code, took = self.program.stdout.readline().split()
        return int(code), float(took)


@pytest.fixture
def passes():
    found = Passes()
    yield found
    found.program.stdin.close()
    assert found.program.wait(timeout=60) == 0
    found.program.stdout.close()


@pytest.fixture
def quick():
    """A folder in memory where there is one: what is waited for a disk is no part of the question."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        yield Path(folder)


def test_every_digest_arrives_and_is_repeated_only_under_its_name(due, quick, office, passes, capsys):
    def fresh():
        folder = Path(tempfile.mkdtemp(dir=quick))
        shutil.copy(due, folder / "feed.sqlite")
        return folder / "feed.sqlite"

    def arrived():
        names = Counter()
        for to, content in office.mails:
            names[to, message_from_bytes(content)["Message-ID"]] += 1
        return names

    passes.run(fresh(), office.port)  # imports and first look at the disk
    office.mails.clear()
    code, whole = passes.run(fresh(), office.port)
    assert code == 0
    assert sorted(to for to, _ in arrived()) == sorted(WHO)
    moments, killed, repeats = random.Random(0), 0, 0
    while killed < KILLS:
        office.mails.clear()
        place = fresh()
        code, took = passes.run(place, office.port, kill_after=moments.uniform(0, whole))
        if code == 0:  # it came to its end before
            whole = min(whole, took)
            continue
        assert code == -signal.SIGKILL
        killed += 1
        before = len(office.mails)
        assert passes.run(place, office.port)[0] == 0
        names = arrived()
        assert sorted(to for to, _ in names) == sorted(WHO), f"after a kill with {before} mails taken"
        assert max(names.values()) <= 2
        repeats += sum(names.values()) - PEOPLE
        with Store(place) as store:
            counted = store.one("SELECT sum(repeats) FROM outbox")
            assert store.one("SELECT count(*) FROM outbox WHERE state = 'sent'") == PEOPLE
        assert sum(names.values()) - PEOPLE <= counted <= 1  # at most the one that was under way
    with capsys.disabled():
        mails = KILLS * PEOPLE
        print(f"\nkilled {KILLS} times: {repeats} of {mails} mails came twice ({repeats / mails:.2%})")


def test_a_mail_that_was_under_way_goes_again_and_is_counted(due, office, post, links):
    with Store(due) as store:
        run_pass(store)
        with store.writing() as db:
            db.execute("UPDATE outbox SET state = 'sending' WHERE id = (SELECT min(id) FROM outbox)")
        mails = run_pass(store, post, links).mails
    assert (mails.sent, mails.repeated) == (PEOPLE, 1)


def test_two_passes_never_overlap(due, office, post, links):
    with Store(due) as store, Lock(due.with_name(f".{due.name}.lock")):
        with pytest.raises(RunError, match=f"is in use by process {os.getpid()}"):
            run_pass(store, post, links)
        assert office.mails == []
    with Store(due) as store:
        assert run_pass(store, post, links).mails.sent == PEOPLE
