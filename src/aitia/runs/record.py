"""What run.json says, read with care: the folder may be damaged, somebody else's, or still be written to."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aitia.errors import FormatError, RunError
from aitia.guard import read_json
from aitia.runs.lock import holder_of

__all__ = ["LOCK", "RECORD", "TIMING", "Record"]

RECORD, TIMING, LOCK = "run.json", "timing.json", ".lock"
"""Files that every run folder has; the last while a process works in it."""


@dataclass(frozen=True)
class Record:
    """The record of a run folder.

    Args:
        path: The folder.
        kind: What was run.
        config: Its options.
        inputs: Hashes of what it read, by name.
        status: `running`, `stopped` or `finished`.
        files: What the run writes in the folder, and no other file; a folder that is wholly its own ends in `/`.
        results: SHA-256 of each file of the result, by name.
    """

    path: Path
    kind: str
    config: Mapping[str, Any] = field(repr=False)
    inputs: Mapping[str, str] = field(repr=False)
    status: str
    files: tuple[str, ...] = field(repr=False)
    results: Mapping[str, str] = field(repr=False)

    @classmethod
    def read(cls, path: str | Path) -> "Record":
        """The record in a folder.

        Raises:
            RunError: If there is none, or it is damaged or nobody's of ours.
        """
        place = Path(path) / RECORD
        if not os.path.lexists(place):
            raise RunError(f"{path} is not the folder of a run: it has no {RECORD}")
        try:
            told = read_json(place, dict, RunError)
        except RunError as error:
            raise RunError(
                f"{place} is damaged or not of aitia: it is no record of a run ({error}); run again into another "
                "folder (--out)"
            ) from error
        forms = {"kind": str, "config": dict, "inputs": dict, "status": str, "files": list, "results": dict}
        for name, form in forms.items():
            if not isinstance(told.get(name), form):
                raise RunError(
                    f"{place} is damaged, of an older version or not of aitia ({name!r} is missing or no "
                    f"{_TOLD[form]}): run again into another folder (--out)"
                )
        names = [*told["files"], *told["results"], *told["results"].values()]
        if not all(isinstance(name, str) for name in names):
            raise RunError(
                f"{place} is damaged: a name or hash of a file is no text; run again into another folder (--out)"
            )
        return cls(
            Path(path), told["kind"], told["config"], told["inputs"], told["status"], tuple(told["files"]),
            told["results"],
        )  # fmt: skip

    @property
    def command(self) -> str | None:
        """The command line that began the run; None where it was no command, or nobody knows any more."""
        try:
            told = read_json(self.path / TIMING, dict).get("command")
        except FormatError:
            return None
        return told if isinstance(told, str) else None

    @property
    def state(self) -> str:
        """How it stands with the run, and how it goes on, in a sentence."""
        if self.status == "finished":
            return f"the run in {self.path} is finished"
        holder = holder_of(self.path / LOCK)
        if holder is not None:
            return f"the run in {self.path} is under way: {holder} works on it; wait for it"
        what = "was killed" if self.status == "running" else f"is {self.status}"
        again = (
            "give the same command again" if self.command is None else f"give the same command again: {self.command}"
        )
        return f"the run in {self.path} {what} before it was finished; to go on from there, {again}"

    def finished(self, kind: str) -> "Record":
        """This record, of a finished run of a kind.

        Raises:
            RunError: If it is of another kind or not finished.
        """
        if self.kind != kind:
            raise RunError(f"{self.path} holds a run of {self.kind!r}, not of {kind!r}")
        if self.status != "finished":
            raise RunError(self.state)
        return self

    def check(self, *names: str) -> None:
        """Refuses files of the result that are not as the run wrote them; `model/` stands for all in that folder.

        Raises:
            RunError: If one is missing or has another hash; names it.
        """
        for name in names:
            known = [n for n in self.results if n == name or (name.endswith("/") and n.startswith(name))]
            if not known:
                raise RunError(f"{self.path / RECORD} names no {name} among the results: run again into another folder")
            for each in known:
                self._check(each)

    def _check(self, name: str) -> None:
        try:
            with (self.path / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise RunError(
                f"the run in {self.path} is damaged: {name} cannot be read ({error.strerror}); run again into another "
                "folder"
            ) from error
        if found != self.results[name]:
            raise RunError(
                f"the run in {self.path} is damaged: {name} is not as it was written (its SHA-256 differs from that "
                f"in {RECORD}); bring it back from a copy, or run again into another folder"
            )


_TOLD = {str: "text", dict: "mapping", list: "list"}
