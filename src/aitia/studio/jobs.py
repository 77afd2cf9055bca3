"""The jobs: commands of the command line, so many at once, that are watched, cancelled, and taken up again.

A job is what a user could have typed, and its run folder is what the command would have made: nothing in it depends on
the studio. Where the studio dies its processes end, and the next start gives the same commands again.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from aitia.errors import RunError
from aitia.runs import LOCK
from aitia.runs.lock import holder_of
from aitia.studio.state import DONE, Job, JobState, State
from aitia.studio.workspace import Workspace

__all__ = ["PROGRESS", "Jobs"]

PROGRESS = "AITIA_PROGRESS"
"""The variable that names the file into which a command writes how far it is."""
QUICK = frozenset({"do", "predict", "encode", "effects"})
"""Questions that somebody waits for: one of them runs beside the other jobs, not after them."""
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
"""What a job is told: nothing that somebody typed is fetched from the Hub; what is in its cache is found."""
WAITS = 10.0
"""Seconds that a command has to end before it is killed."""
TELLS: Mapping[str, int] = {"verify": 1, "edit": 3}
"""By which code a command that did all its work says what it found: not every row holds, the edit did not take."""
LEAVES = 20.0
"""Seconds that a command waits for another process to leave its folder, before it says that it is in use."""
LOOKS = 0.25
LONGEST = 4000
"""Characters of what a command said that are shown."""
_WORDS = [sys.executable, "-P", "-m", "aitia.studio.watched"]  # -P: no module is taken from the workspace


class Jobs:
    """Runs the jobs of a workspace.

    Args:
        workspace: Of the studio.
        at_once: Processes.
        environment: Of the processes; that of this one where None.
    """

    def __init__(self, workspace: Workspace, at_once: int = 1, environment: Mapping[str, str] | None = None) -> None:
        self.workspace, self.at_once = workspace, at_once
        self.state = State(workspace.folder / "studio.sqlite")
        self.environment = dict(os.environ if environment is None else environment)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._changed, self._ending = threading.Condition(), False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Takes up what was under way, and begins."""
        self.state.wait_again()
        self._ending = False
        lanes = [*[False] * self.at_once, True]
        self._threads = [threading.Thread(target=self._work, args=(quick,), daemon=True) for quick in lanes]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the processes; what they were at waits for the next start."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
            processes = list(self._processes.values())
        for process in processes:
            _end(process)
        for thread in self._threads:
            thread.join(WAITS)
        self.state.wait_again()
        self.state.close()

    def submit(self, title: str, command: Sequence[str], run: str) -> Job:
        """A new job, whose command writes into this run."""
        job = self.state.add(title, command, run)
        with self._changed:
            self._changed.notify_all()
        return job

    def cancel(self, number: int) -> Job:
        """Stops a job. What it had done is kept, and `again` goes on from there."""
        job = self.state.job(number)
        if job.state in DONE:
            return job
        with self._changed:  # the worker sees the state before the process has ended
            job = self.state.turn(number, "cancelled", "cancelled; it goes on from where it was")
            process = self._processes.get(number)
        if process is not None:
            _end(process)
        return job

    def again(self, number: int) -> Job:
        """Gives the command of a job that has failed or was cancelled once more.

        Raises:
            RunError: If the job waits, runs or has finished.
        """
        job = self.state.job(number)
        if job.state not in ("failed", "cancelled"):
            raise RunError(f"job {number} is {job.state}")
        with self._changed:
            job = self.state.turn(number, "queued")
            self._changed.notify_all()
        return job

    def progress(self, job: Job) -> dict[str, Any]:
        """How far a job is: `what`, `done`, `total`, `predicted`; empty where nobody knows."""
        with suppress(OSError, ValueError):
            told = json.loads(self._file(job, "progress").read_text(encoding="utf-8"))
            return told if isinstance(told, dict) else {}
        return {}

    def said(self, job: Job) -> str:
        """What the command wrote last."""
        with suppress(OSError):
            return self._file(job, "txt").read_bytes()[-LONGEST:].decode("utf-8", "replace")
        return ""

    def _file(self, job: Job, ending: str) -> Path:
        return self.workspace.logs / f"{job.id}.{ending}"

    def _work(self, quick: bool) -> None:
        while True:
            try:
                with self._changed:
                    job = None
                    while not self._ending and (job := self._next(quick)) is None:
                        self._changed.wait(timeout=1.0)
                    if job is None:
                        return
                    self._wait_for_its_folder(job)
                    if self._ending or self.state.job(job.id).state != "running" or job.id in self._processes:
                        continue
                    process, fault = self._started(job)
                if process is None:
                    self._keep(job, "failed", fault)
                else:
                    self._settle(job, process, process.wait())
            except RunError:  # the disk is full, or closed: no worker ends by it
                time.sleep(LOOKS)

    def _wait_for_its_folder(self, job: Job) -> None:
        """Until a process that a studio that died has left is gone from the folder of the run, which takes seconds."""
        end = time.monotonic() + LEAVES
        place = self.workspace.runs / job.run / LOCK
        while holder_of(place) is not None and time.monotonic() < end:
            self._changed.wait(timeout=LOOKS)
            if self._ending or self.state.job(job.id).state != "running":
                return

    def _started(self, job: Job) -> "tuple[subprocess.Popen[bytes] | None, str]":
        """The process of a command, or why there is none."""
        try:
            return self._begun(job), ""
        except OSError as error:
            return None, f"it could not be started: {error.strerror or error}"

    def _settle(self, job: Job, process: "subprocess.Popen[bytes]", code: int) -> None:
        """Notes how a command ended, unless it was cancelled, and perhaps begun again."""
        with self._changed:
            if self._processes.get(job.id) is not process:
                return
            del self._processes[job.id]
        left = self.workspace.is_run(self.workspace.runs / job.run)
        if code == 0 or (left and code == TELLS.get("".join(job.command[:1]))):
            self._keep(job, "finished")
            return
        lines = [line for line in self.said(job).strip().splitlines() if line.strip()]
        told = next((line for line in reversed(lines) if line.startswith("aitia: ")), "".join(lines[-1:]))
        self._keep(job, "failed", told.removeprefix("aitia: ") or f"it ended with code {code}")

    def _keep(self, job: Job, state: JobState, message: str = "") -> None:
        """The state of a job that has ended; where it cannot be written, as soon as it can be."""
        while not self._ending:
            with suppress(RunError):
                if self.state.job(job.id).state == "running":
                    self.state.turn(job.id, state, message)
                return
            time.sleep(LOOKS)

    def _next(self, quick: bool) -> Job | None:
        """The oldest job of those that are questions, or of the others; it now runs."""
        waiting = (job for job in self.state.waiting() if bool(QUICK.intersection(job.command[:1])) == quick)
        found = next(waiting, None)
        return None if found is None else self.state.turn(found.id, "running")

    def _begun(self, job: Job) -> "subprocess.Popen[bytes]":
        self._file(job, "progress").unlink(missing_ok=True)
        words = [*_WORDS, *job.command]
        with self._file(job, "txt").open("wb") as log:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.workspace.folder,
                env={**self.environment, **OFFLINE, PROGRESS: str(self._file(job, "progress"))},
                start_new_session=True,
            )  # fmt: skip
        self._processes[job.id] = process
        return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Asks a process and all that it started to stop, and kills what does not."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(WAITS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
