"""What the studio keeps of its jobs: one SQLite file, which two tabs and a restart see alike."""

import json
import sqlite3
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from aitia.errors import RunError

__all__ = ["DONE", "Job", "JobState", "State"]

JobState = Literal["queued", "running", "finished", "failed", "cancelled"]
DONE: tuple[JobState, ...] = ("finished", "failed", "cancelled")
"""States in which nothing more happens by itself."""
VERSION = 1
BUSY = 10.0
"""Seconds that a write waits for another one."""
_TABLE = """
CREATE TABLE job(
  id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, command TEXT NOT NULL, run TEXT NOT NULL,
  state TEXT NOT NULL, made REAL NOT NULL, began REAL, ended REAL, message TEXT NOT NULL DEFAULT ''
)
"""


@dataclass(frozen=True)
class Job:
    """A command that was asked for.

    Args:
        id: Its number.
        title: What it is, in a few words.
        command: The words after `aitia`.
        run: The name of the folder that it fills.
        state: How it stands.
        made: When it was asked for, in seconds since 1970.
        began: When it was started last.
        ended: When it ended.
        message: What it said in the end, if it failed.
    """

    id: int
    title: str
    command: tuple[str, ...]
    run: str
    state: JobState
    made: float
    began: float | None
    ended: float | None
    message: str


class State:
    """The jobs of a workspace.

    Args:
        path: The file; made where it is missing.

    Raises:
        RunError: If it cannot be read or written, or a newer version of aitia wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.Lock()
        try:
            self._held = sqlite3.connect(path, check_same_thread=False, timeout=BUSY, isolation_level=None)
        except sqlite3.Error as error:
            raise RunError(f"{path} cannot be used: {error}") from error
        try:
            self._begin()
        except BaseException:
            self._held.close()
            raise
        # An app that is made and never started leaves no file open.
        weakref.finalize(self, self._held.close).atexit = False

    def _begin(self) -> None:
        """The table, of this version."""
        path = self.path
        try:
            self._held.execute("PRAGMA journal_mode=WAL")
            self._held.execute("BEGIN IMMEDIATE")  # two that begin at once make one table
            version = int(self._held.execute("PRAGMA user_version").fetchone()[0])
            if version == 0:
                self._held.execute(_TABLE)
                self._held.execute(f"PRAGMA user_version={VERSION}")
            self._held.execute("COMMIT")
        except sqlite3.Error as error:
            raise RunError(f"{path} cannot be used: {error}") from error
        if version > VERSION:
            raise RunError(f"{path} was written by a newer version of aitia: update it, or take another folder")

    def close(self) -> None:
        """Lets go of the file."""
        self._held.close()

    def add(self, title: str, command: Sequence[str], run: str) -> Job:
        """A new job, which waits."""
        put = "INSERT INTO job(title, command, run, state, made) VALUES(?, ?, ?, 'queued', ?)"
        number = self._do(put, (title, json.dumps(list(command)), run, time.time())).lastrowid
        return self.job(int(number or 0))

    def job(self, number: int) -> Job:
        """The job of this number.

        Raises:
            RunError: If there is none.
        """
        found = self._jobs("WHERE id = ?", (number,))
        if not found:
            raise RunError(f"there is no job {number}")
        return found[0]

    def jobs(self, limit: int = 200) -> list[Job]:
        """The jobs, the newest first."""
        return self._jobs("ORDER BY id DESC LIMIT ?", (limit,))

    def of_run(self, run: str) -> Job | None:
        """The newest job of a run."""
        return next(iter(self._jobs("WHERE run = ? ORDER BY id DESC LIMIT 1", (run,))), None)

    def waiting(self) -> list[Job]:
        """The jobs that wait, the oldest first."""
        return self._jobs("WHERE state = 'queued' ORDER BY id", ())

    def turn(self, number: int, state: JobState, message: str = "") -> Job:
        """The job in another state."""
        assert state in get_args(JobState)
        when = "began = ?, ended = NULL" if state == "running" else "ended = ?"
        self._do(f"UPDATE job SET state = ?, message = ?, {when} WHERE id = ?", (state, message, time.time(), number))
        return self.job(number)

    def wait_again(self) -> int:
        """Jobs that ran when the studio died wait again: the same command goes on where they were."""
        return self._do("UPDATE job SET state = 'queued' WHERE state = 'running'", ()).rowcount

    def _jobs(self, which: str, values: Sequence[object]) -> list[Job]:
        asked = f"SELECT id, title, command, run, state, made, began, ended, message FROM job {which}"
        return [Job(row[0], row[1], tuple(json.loads(row[2])), *row[3:]) for row in self._do(asked, values).fetchall()]

    def _do(self, sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            with self._lock:
                return self._held.execute(sql, tuple(values))
        except sqlite3.Error as error:
            raise RunError(f"{self.path} cannot be used: {error}") from error
