"""Where the studio keeps what it is given and makes: `tables/`, `models/`, `runs/`, `notes/`, `logs/`,
`studio.sqlite`."""

import os
import re
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from aitia.data.tables import TABLES, suffix_of
from aitia.errors import AitiaError, FormatError, RunError
from aitia.files import write_whole
from aitia.graph import Knowledge
from aitia.runs import LOCK
from aitia.studio.uploads import PART, received

__all__ = ["Workspace"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Workspace:
    """A folder of the studio. Names of its parts are plain ones, and what they lead to stays inside.

    Args:
        folder: Made where it is missing.

    Raises:
        RunError: If it cannot be made, or is somebody else's.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser().resolve()
        self.tables, self.models, self.runs, self.notes, self.logs = (
            self.folder / name for name in ("tables", "models", "runs", "notes", "logs")
        )
        parts = (self.tables, self.models, self.runs, self.notes, self.logs)
        try:
            if self.folder.is_dir() and not (self.folder / "studio.sqlite").exists():
                # A studio that did not come to begin leaves its lock and empty folders.
                begun = {self.folder / LOCK, *(part for part in parts if part.is_dir() and not any(part.iterdir()))}
                if set(self.folder.iterdir()) - begun:
                    raise RunError(
                        f"{self.folder} holds files and is no folder of the studio: give an empty or a new one"
                    )
            for part in parts:
                part.mkdir(parents=True, exist_ok=True)
        except RunError:
            raise
        except OSError as error:
            raise RunError(f"{self.folder} cannot be written: {error.strerror}") from error

    # -- names ---------------------------------------------------------------------------------------------------------

    def inside(self, base: Path, name: str) -> Path:
        """The path of a name in one of the folders.

        Raises:
            FormatError: If the name is no plain one, is hidden, or leads outside, or a link within it may.
        """
        place = base / name
        if not _NAME.fullmatch(name) or ".." in name or place.resolve().parent != base:
            raise FormatError(f"{name[:60]!r} is no name of a file here")
        for folder, folders, files in os.walk(place):
            if link := next((one for one in (*folders, *files) if os.path.islink(os.path.join(folder, one))), None):
                raise FormatError(f"{name} holds a link, {link[:60]!r}, and links are not followed here: remove it")
        return place

    def free(self, base: Path, wanted: str) -> str:
        """A name like the wanted one that nothing has."""
        plain = unicodedata.normalize("NFKD", wanted).encode("ascii", "ignore").decode()
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")[:60] or "table"
        stem, suffix = (plain[: -len(s)], s) if (s := "".join(Path(plain).suffixes[-1:])) else (plain, "")
        for number in range(1, 100_000):
            name = f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
            if not (base / name).exists() and not (base / name).is_symlink():
                return name
        raise RunError(f"{base} holds too many files called {plain}")

    def new_run(self, wanted: str) -> str:
        """A name like the wanted one for a run, whose folder is made, so that no other run that waits has it."""
        while True:
            name = self.free(self.runs, wanted)
            try:
                (self.runs / name).mkdir()
            except FileExistsError:  # somebody was faster
                continue
            except OSError as error:
                raise RunError(f"{self.runs} cannot be written: {error.strerror}") from error
            return name

    def note(self, run: str, text: str) -> list[str]:
        """Keeps what is known beside a run; gives the words that tell a command of it.

        Raises:
            AitiaError: If it is no knowledge; neither it nor the folder of the run is left then.
        """
        return ["--knowledge", self.beside(run, ".txt", text, Knowledge.read)]

    def beside(self, run: str, ending: str, text: str, read: Callable[[Path], object]) -> str:
        """Keeps a text beside a run, for its command; gives the name by which that has it.

        Args:
            run: Of which it is.
            ending: Of its file.
            text: What is kept.
            read: Reads it as the command will.

        Raises:
            AitiaError: If it cannot be read so; neither it nor the folder of the run is left then.
        """
        place = self.notes / f"{run}{ending}"
        try:
            write_whole(place, text.replace("\r\n", "\n").strip() + "\n", RunError)
            read(place)
        except AitiaError:
            place.unlink(missing_ok=True)
            with suppress(OSError):  # something else has come into it
                (self.runs / run).rmdir()
            raise
        return f"notes/{place.name}"

    # -- tables --------------------------------------------------------------------------------------------------------

    async def keep(self, name: str, pieces: AsyncIterator[bytes]) -> str:
        """Writes a file that was dropped, whole or not at all; gives the name that it has here.

        Raises:
            FormatError: If it is no table by its name, is empty, or larger than is taken, as it is or unpacked.
            RunError: If it cannot be written.
        """
        if suffix_of(Path(name)) not in TABLES:
            raise FormatError(f"{name[:60]} is no table by its ending: {', '.join(TABLES)}")
        last = Path(name.replace("\\", "/")).name
        return await received(self.tables, name[-60:], pieces, lambda: self.free(self.tables, last))

    def table_names(self) -> list[str]:
        """The tables that were dropped, sorted."""
        return sorted(path.name for path in self.tables.iterdir() if path.is_file() and not path.is_symlink()
                      and suffix_of(path) in TABLES and _NAME.fullmatch(path.name))  # fmt: skip

    def sweep(self) -> None:
        """Removes what was on its way here when the studio died."""
        for path in sorted(self.tables.glob(f"{PART}*")):
            with suppress(OSError):
                path.unlink()

    @staticmethod
    def is_run(path: Path) -> bool:
        """Whether a command has left something in a folder: a run, an answer, an edit, or evidence of a claim."""
        return any(file.is_file() and not file.name.startswith(".") for file in path.glob("*.json"))

    def run_names(self) -> list[str]:
        """The runs, the newest first."""
        found = [path for path in sorted(self.runs.iterdir()) if self.is_run(path) and not path.is_symlink()]
        return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)]
