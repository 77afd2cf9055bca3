"""The run folder.

run.json       kind, options, hashes of the inputs, versions, status, hash of the results; nothing that differs from one
               run to the next, so that equal runs have equal bytes
timing.json    the command, when and where it ran, how long, and on how many threads: with another number the last
               digits of what is trained may differ
*.journal      finished pieces of work while it runs
"""

import json
import platform
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aitia.errors import RunError
from aitia.files import write_whole
from aitia.runs.hashing import content_hash
from aitia.runs.journal import Journal
from aitia.runs.lock import Lock
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
        resumed: Whether the folder held an unfinished run of the same data and options.
    """

    def __init__(self, path: Path, record: dict[str, Any], resumed: bool) -> None:
        self.path = path
        self.record = record
        self.resumed = resumed
        self._journals: dict[str, Journal] = {}
        self._written: dict[str, str] = {}

    def store(self, name: str) -> Journal:
        """The journal of this name: a mapping that outlives a kill."""
        if name not in self._journals:
            self._journals[name] = Journal(self.path / f"{name}.journal")
        return self._journals[name]

    def write_bytes(self, name: str, data: bytes, *, part_of_result: bool = True) -> None:
        """Writes one file of the result, atomically.

        Args:
            name: Of the file in the folder.
            data: Its bytes.
            part_of_result: Whether its hash counts in the hash of the results.
        """
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

    def _save(self, status: str) -> None:
        self.record["status"] = status
        self.record["results"] = dict(sorted(self._written.items()))
        self.record["results_hash"] = content_hash(self.record["results"]) if status == "finished" else None
        write_whole(self.path / "run.json", json.dumps(self.record, indent=2, ensure_ascii=False) + "\n", RunError)


@contextmanager
def open_run(
    path: str | Path,
    *,
    kind: str,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
    command: str | None = None,
) -> Iterator[Run]:
    """Opens a folder for one run, and goes on with an unfinished one of the same data and options.

    On a clean exit the run is marked as finished and its journals are removed; on an error or interrupt they stay, and
    the same call goes on from there with the same result to the byte.

    Args:
        path: The folder; made where it is missing.
        kind: What was run, such as `discover`.
        config: Every option, as JSON values.
        inputs: Hash of each input by name.
        command: The command line.

    Raises:
        RunError: If the folder holds a run of other data or options, is in use, is damaged or cannot be written.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"the folder {path} cannot be made: {error.strerror}") from error
    with Lock(path / ".lock"):
        record: dict[str, Any] = {
            "kind": kind,
            "config": json.loads(json.dumps(dict(config))),
            "inputs": dict(inputs),
            "versions": versions(),
            "status": "running",
        }
        resumed = _same_run(path, record)
        if not resumed and any(p.suffix == ".journal" for p in path.iterdir()):
            raise RunError(f"{path} holds pieces of a run but no run.json; give an empty folder")
        run = Run(path, record, resumed)
        run._save("running")
        started, cpu = time.time(), time.process_time()
        try:
            yield run
        except BaseException:
            for journal in run._journals.values():
                journal.close()
            run._save("stopped")
            raise
        run._save("finished")
        for name, journal in run._journals.items():
            journal.close()
            (path / f"{name}.journal").unlink(missing_ok=True)
        timing = {
            "command": command,
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            "wall_seconds": round(time.time() - started, 3),
            "cpu_seconds": round(time.process_time() - cpu, 3),
            "machine": f"{platform.machine()}, {platform.system()}, {_cores()} cores",
            "threads": thread_counts(),
            "host": socket.gethostname(),
        }
        write_whole(path / "timing.json", json.dumps(timing, indent=2) + "\n", RunError)


def _cores() -> int:
    import os

    return os.cpu_count() or 1


def _same_run(path: Path, record: Mapping[str, Any]) -> bool:
    """Whether the folder holds this very run; refuses a folder of another one."""
    place = path / "run.json"
    if not place.is_file():
        return False
    try:
        old = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{place} is damaged ({error}); give an empty folder") from error
    for name in ("kind", "inputs", "config"):
        if old.get(name) != record[name]:
            raise RunError(
                f"{path} holds a run with other {_difference(name, old, record)}; give another folder (--out)"
            )
    return True


def _difference(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if name == "config" and isinstance(old.get(name), dict):
        before, after = old[name], new[name]
        odd = [k for k in sorted({*before, *after}) if before.get(k) != after.get(k)]
        return ", ".join(f"{k} ({before.get(k)!r}, now {after.get(k)!r})" for k in odd)
    return {"inputs": "data", "kind": f"work ({old.get('kind')!r})"}.get(name, name)
