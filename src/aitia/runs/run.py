"""The run folder.

run.json       kind, options, hashes of the inputs, versions, status, the files that the run writes, hashes of the
               results; nothing that differs from one run to the next, so that equal runs have equal bytes
timing.json    the command, when and where it ran, how long, and on how many threads: with another number the last
               digits of what is trained may differ
*.journal      finished pieces of work while it runs
.lock          the process that works in it, while it does

A file that run.json does not name is somebody else's and is never touched.
"""

import json
import os
import platform
import shutil
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aitia.errors import RunError
from aitia.files import is_part, made_folder, write_whole
from aitia.runs.hashing import content_hash
from aitia.runs.journal import Journal
from aitia.runs.lock import Lock
from aitia.runs.record import LOCK, RECORD, TIMING, Record
from aitia.threads import thread_counts
from aitia.version import __version__

__all__ = ["Run", "open_run", "versions"]


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    from importlib import metadata

    found = {"aitia": __version__, "python": platform.python_version()}
    for name in ("numpy", "scipy", "numba", "pandas", "scikit-learn", "torch"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


class Run:
    """An open run folder. Made by `open_run`.

    Args:
        path: The folder.
        record: What run.json says.
        before: The record of an unfinished or finished run of the same data and options that the folder held.
        command: The command line.
        files: What its caller writes; journals that are none of these end with the run.
    """

    def __init__(
        self, path: Path, record: dict[str, Any], before: Record | None, command: str | None, files: Iterable[str] = ()
    ) -> None:
        self.path = path
        self.record = record
        self.resumed = before is not None
        self._journals: dict[str, Journal] = {}
        self._written: dict[str, str] = {}
        self._claimed = set() if before is None else set(before.files)
        self._kept = frozenset(files)
        self._command = command
        self._started, self._cpu = time.time(), time.process_time()
        self._begun = False

    def claim_kept(self, journal: str) -> None:
        """Claims a journal that stays when the run has ended."""
        self.claim(journal)
        self._kept |= {journal}

    def claim(self, *names: str) -> None:
        """Puts down in run.json what will be written, so that a run that is killed knows what in the folder is its own.

        Args:
            names: Of files, or of folders that are wholly the run's, which end in `/`.

        Raises:
            RunError: If something of that name is there which no run of ours wrote.
        """
        new = [name for name in names if name not in self._claimed]
        for name in new:
            if os.path.lexists(self.path / name.rstrip("/")):
                raise RunError(
                    f"{self.path / name.rstrip('/')} is there and was not written by this run: move it away, or give "
                    "another folder (--out)"
                )
        self._claimed.update(new)
        if self._begun and new:
            self._save("running")

    def store(self, name: str) -> Journal:
        """The journal of this name: a mapping that outlives a kill."""
        if name not in self._journals:
            self.claim(f"{name}.journal")
            self._begin()
            self._journals[name] = Journal(self.path / f"{name}.journal")
        return self._journals[name]

    def write_bytes(self, name: str, data: bytes, *, part_of_result: bool = True) -> None:
        """Writes one file of the result, atomically.

        Args:
            name: Of the file in the folder.
            data: Its bytes.
            part_of_result: Whether its hash counts in the hash of the results.

        Raises:
            RunError: If it cannot be written, or a file of that name is there which no run of ours wrote.
        """
        self.claim(name)
        self._begin()
        write_whole(self.path / name, data, RunError)
        if part_of_result:
            self._written[name] = content_hash(data)

    def keep(self, name: str) -> None:
        """Counts a file that is in the folder already among the result.

        Raises:
            RunError: If it cannot be read.
        """
        try:
            self._written[name] = content_hash((self.path / name).read_bytes())
        except OSError as error:
            raise RunError(f"{self.path / name} cannot be read: {error.strerror}") from error

    def write_text(self, name: str, text: str, *, part_of_result: bool = True) -> None:
        """The same for text."""
        self.write_bytes(name, text.encode(), part_of_result=part_of_result)

    def write_json(self, name: str, value: Any) -> None:
        """The same for a JSON value, written to be read by people."""
        self.write_text(name, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def remove(self, folder: str) -> None:
        """Removes a folder that was claimed; from then on it is not the run's."""
        if folder in self._claimed:
            shutil.rmtree(self.path / folder, ignore_errors=True)
            self._claimed.discard(folder)

    def _save(self, status: str) -> None:
        self.record["status"] = status
        self.record["files"] = sorted(self._claimed)
        self.record["results"] = dict(sorted(self._written.items()))
        self.record["results_hash"] = content_hash(self.record["results"]) if status == "finished" else None
        write_whole(self.path / RECORD, json.dumps(self.record, indent=2, ensure_ascii=False) + "\n", RunError)

    def _begin(self) -> None:
        """Says that the run is under way; a finished one stays so until something of it is written again."""
        if not self._begun:
            self._save("running")
            self._begun = True
            self._tell_times({})

    def _tell_times(self, more: Mapping[str, Any]) -> None:
        timing = {
            "command": self._command,
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            "host": socket.gethostname(),
        }
        write_whole(self.path / TIMING, json.dumps({**timing, **more}, indent=2) + "\n", RunError)

    def _sweep(self) -> None:
        """Removes what a killed run left half written."""
        for place in sorted(self.path.iterdir()):
            if is_part(place) and any(is_part(place, name) for name in (RECORD, *sorted(self._claimed))):
                with suppress(OSError):
                    place.unlink()

    def _end(self) -> None:
        """Removes the journals of a finished run, those of a start that was killed too; says how long it took."""
        for journal in self._journals.values():
            journal.close()
        for name in sorted(self._claimed - self._kept):
            if name.endswith(".journal"):
                (self.path / name).unlink(missing_ok=True)
        self._tell_times(
            {
                "wall_seconds": round(time.time() - self._started, 3),
                "cpu_seconds": round(time.process_time() - self._cpu, 3),
                "machine": f"{platform.machine()}, {platform.system()}, {os.cpu_count() or 1} cores",
                "threads": thread_counts(),
            }
        )

    def _stop(self) -> None:
        """Keeps finished work for the next start; where there is none, nothing is left of a run that began here."""
        for journal in self._journals.values():
            journal.close()
        if not self._begun:
            return
        if self.resumed or self._written or any(self._holds_work(name) for name in self._claimed):
            with suppress(RunError):  # the error that stopped the run is the one to tell
                self._save("stopped")
            return
        for name in (*sorted(self._claimed), RECORD):
            with suppress(OSError):
                place = self.path / name.rstrip("/")
                place.rmdir() if name.endswith("/") else place.unlink(missing_ok=True)

    def _holds_work(self, name: str) -> bool:
        place = self.path / name
        if name.endswith("/"):
            return place.is_dir() and any(place.iterdir())
        return name.endswith(".journal") and place.is_file() and place.stat().st_size > 0


@contextmanager
def open_run(
    path: str | Path,
    *,
    kind: str,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
    files: Iterable[str] = (),
    command: str | None = None,
) -> Iterator[Run]:
    """Opens a folder for one run, and goes on with an unfinished one of the same data and options.

    On a clean exit the run is marked as finished and its journals are removed; on an error or interrupt they stay, and
    the same call goes on from there with the same result to the byte. Where an error comes before any work was done,
    what the call made is removed.

    Args:
        path: The folder; made where it is missing.
        kind: What was run, such as `discover`.
        config: Every option, as JSON values.
        inputs: Hash of each input by name.
        files: What it will write, as in `Run.claim`: what is in the way is refused before any work.
        command: The command line.

    Raises:
        RunError: If the folder holds a run of other data or options, or files but no run; if something is in the way
            of a file, another process works in the folder, it is damaged, or it cannot be written.
    """
    path = Path(path)
    record: dict[str, Any] = {
        "kind": kind,
        "config": json.loads(json.dumps(dict(config))),
        "inputs": dict(inputs),
        "versions": versions(),
    }
    with made_folder(path, RunError):
        _refuse_foreign(path)
        with Lock(path / LOCK):
            _refuse_foreign(path)  # another process may have been here in between
            before, files = _same_run(path, record), tuple(files)
            run = Run(path, record, before, command, files)
            run.claim(TIMING, *files)
            run._sweep()
            try:
                if before is None or before.status != "finished":
                    run._begin()
                yield run
                run._save("finished")
            except BaseException:
                run._stop()
                raise
            run._end()


def _refuse_foreign(path: Path) -> None:
    """Refuses a folder with files but no run: it is somebody's."""
    try:
        names = sorted(place.name for place in path.iterdir() if place.name != LOCK and not is_part(place, RECORD))
    except OSError as error:
        raise RunError(f"the folder {path} cannot be read: {error.strerror}") from error
    if names and RECORD not in names:
        raise RunError(
            f"{path} holds {names[0]} but no {RECORD}, so it is not the folder of a run, and nothing was written: give "
            "an empty or a new folder (--out)"
        )


def _same_run(path: Path, record: Mapping[str, Any]) -> Record | None:
    """The record that the folder holds, where it is of this very run; refuses a folder of another one."""
    if not os.path.lexists(path / RECORD):
        return None
    old = Record.read(path)
    for name in ("kind", "inputs", "config"):
        if getattr(old, name) != record[name]:
            raise RunError(
                f"{path} holds a run with other {_difference(name, old, record)}; give another folder (--out)"
            )
    return old


def _difference(name: str, old: Record, new: Mapping[str, Any]) -> str:
    if name == "config":
        before, after = old.config, new[name]
        odd = [k for k in sorted({*before, *after}) if before.get(k) != after.get(k)]
        return ", ".join(f"{k} ({before.get(k)!r}, now {after.get(k)!r})" for k in odd)
    return "data" if name == "inputs" else f"work ({old.kind!r})"
