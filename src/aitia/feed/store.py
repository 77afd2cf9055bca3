"""All that the feed knows, in one SQLite file: items, sources, vectors, votes, subscribers, and mails on their way.

Changes are made in one transaction each, or not at all. A file of an older version is brought forward by numbered
steps; one of a newer version is refused. Times are UTC. No token stands in it: the SHA-256 of each does.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aitia.errors import FormatError, RunError
from aitia.files import made_folder

__all__ = ["Store", "moment", "stamp"]

APPLICATION = 0x61695F66
"""By which the file is known as ours; SQLite keeps it in the head of the file."""
BUSY = 10.0
"""Seconds that are waited for another process which writes."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE sources (
            id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, title TEXT NOT NULL DEFAULT '',
            state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'gone')),
            allow_http INTEGER NOT NULL DEFAULT 0, allow_private INTEGER NOT NULL DEFAULT 0,
            etag TEXT, modified TEXT, fetched TEXT, due TEXT, trouble TEXT NOT NULL DEFAULT '')""",
        """CREATE TABLE items (
            number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
            title TEXT NOT NULL, abstract TEXT NOT NULL, authors TEXT NOT NULL, published TEXT NOT NULL,
            updated TEXT NOT NULL, link TEXT NOT NULL, added TEXT NOT NULL, text TEXT NOT NULL)""",
        """CREATE TABLE listed (
            item INTEGER NOT NULL REFERENCES items (number) ON DELETE CASCADE,
            source INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE, PRIMARY KEY (item, source))
            WITHOUT ROWID""",
        """CREATE TABLE vectors (
            text TEXT NOT NULL, encoder TEXT NOT NULL, rows INTEGER NOT NULL, vectors BLOB NOT NULL,
            PRIMARY KEY (text, encoder))
            WITHOUT ROWID""",
        """CREATE TABLE subscribers (
            id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL UNIQUE, salt TEXT NOT NULL,
            query TEXT NOT NULL DEFAULT '', frequency TEXT NOT NULL DEFAULT 'daily',
            state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'active', 'gone')),
            created TEXT NOT NULL, asked TEXT NOT NULL, last_digest TEXT, seen INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0)""",
        """CREATE TABLE tokens (
            hash BLOB PRIMARY KEY, subscriber INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
            purpose TEXT NOT NULL CHECK (purpose IN ('confirm', 'reader')), expires TEXT, content TEXT NOT NULL)
            WITHOUT ROWID""",
        """CREATE TABLE votes (
            item INTEGER NOT NULL REFERENCES items (number) ON DELETE CASCADE,
            subscriber INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE, at TEXT NOT NULL,
            PRIMARY KEY (item, subscriber)) WITHOUT ROWID""",
        """CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            subscriber INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
            kind TEXT NOT NULL CHECK (kind IN ('confirm', 'digest')), date TEXT NOT NULL,
            message_id TEXT NOT NULL UNIQUE, content TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
            tries INTEGER NOT NULL DEFAULT 0, repeats INTEGER NOT NULL DEFAULT 0, created TEXT NOT NULL,
            due TEXT NOT NULL, trouble TEXT NOT NULL DEFAULT '')""",
        "CREATE INDEX waiting ON outbox (state, due)",
        "CREATE TABLE asked (peer TEXT NOT NULL, at TEXT NOT NULL)",
        "CREATE INDEX asked_by ON asked (peer, at)",
    ),
    (
        "CREATE TABLE editions (number INTEGER NOT NULL)",
        "INSERT INTO editions VALUES (0)",
        """CREATE TRIGGER item_came AFTER INSERT ON items BEGIN UPDATE editions SET number = number + 1; END""",
        """CREATE TRIGGER item_went AFTER DELETE ON items BEGIN UPDATE editions SET number = number + 1; END""",
        """CREATE TRIGGER item_changed AFTER UPDATE ON items WHEN (OLD.kind, OLD.title, OLD.abstract, OLD.authors,
            OLD.published, OLD.updated, OLD.link) IS NOT (NEW.kind, NEW.title, NEW.abstract, NEW.authors, NEW.published,
            NEW.updated, NEW.link) BEGIN UPDATE editions SET number = number + 1; END""",
    ),
)
"""The steps from each version to the next; the version of a file is how many of them it has taken."""

Clock = Callable[[], datetime]


def _utc() -> datetime:
    return datetime.now(UTC)


def stamp(when: datetime) -> str:
    """A moment as it is stored: its text sorts as it does."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(stored: str) -> datetime:
    """What `stamp` stored."""
    return datetime.strptime(stored, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _default_place() -> Path:
    """Where the file is unless somebody says otherwise: where programs of a user keep their data."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "aitia" / "feed.sqlite"


def _make_private(place: Path) -> None:
    """Makes the file where it is not there, for nobody else to read: it holds addresses."""
    try:
        os.close(os.open(place, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise RunError(f"{place} cannot be opened: {error.strerror}") from error


class Store:
    """The file, opened; it is made where it is not there. One object belongs to one thread.

    Args:
        place: The file; None takes `aitia/feed.sqlite` where programs of a user keep their data.
        clock: Gives the time, in UTC.

    Raises:
        RunError: If it cannot be opened or made, or is of a newer version.
        FormatError: If it is no file of a feed.
    """

    def __init__(self, place: str | Path | None = None, clock: Clock = _utc) -> None:
        self.place = _default_place() if place is None else Path(place).expanduser()
        self._clock = clock
        with self._told(), made_folder(self.place.parent, RunError):
            _make_private(self.place)
            self._db = sqlite3.connect(self.place, timeout=BUSY, isolation_level=None)
        try:
            with self._told():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def now(self) -> datetime:
        """The time."""
        return self._clock()

    def read(self, query: str, *given: Any) -> list[Any]:
        """All rows of a SELECT."""
        with self._told():
            return self._db.execute(query, given).fetchall()

    def one(self, query: str, *given: Any) -> Any:
        """The first column of the first row of a SELECT, None where there is none."""
        rows = self.read(query, *given)
        return rows[0][0] if rows else None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is kept, or where anything is raised nothing."""
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:  # a full disk has ended it already
                    self._db.execute("ROLLBACK")

    @property
    def edition(self) -> int:
        """A number that is another one whenever the items are: what was read of them holds as long as it stands."""
        return int(self.one("SELECT number FROM editions"))

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        self._db.execute("BEGIN")  # all three as of one moment: somebody may be making the file
        try:
            tables = self.one("SELECT count(*) FROM sqlite_master")
            version, application = (self.one(f"PRAGMA {name}") for name in ("user_version", "application_id"))
        finally:
            self._db.execute("ROLLBACK")
        if application != APPLICATION and (tables or version):
            raise FormatError(f"{self.place} is an SQLite file of something else than a feed: give another name")
        if version > len(MIGRATIONS):
            raise RunError(
                f"{self.place} was written by a newer aitia (version {version} of the file, this one knows "
                f"{len(MIGRATIONS)}): use that one, or give another file"
            )
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA synchronous = FULL")  # what was told to be kept is, past a loss of power too
        if version < len(MIGRATIONS):
            self._db.execute("PRAGMA journal_mode = WAL")
            with self.writing() as db:
                for statements in MIGRATIONS[self.one("PRAGMA user_version") :]:  # another process may have been first
                    for statement in statements:
                        db.execute(statement)
                db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
                db.execute(f"PRAGMA application_id = {APPLICATION}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of SQLite as sentences."""
        try:
            yield
        except sqlite3.Error as error:
            name = str(getattr(error, "sqlite_errorname", ""))
            said = next((told for begin, told in _SAID.items() if name.startswith(begin)), str(error))
            kind = FormatError if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) else RunError
            raise kind(f"{self.place} {said}") from error


_SAID = {
    "SQLITE_NOTADB": "is no SQLite file: give another name",
    "SQLITE_CORRUPT": "is damaged: put a copy of it in its place, or give another name",
    "SQLITE_FULL": "cannot be written: the disk is full; what was there is unchanged",
    "SQLITE_READONLY": "cannot be written: the file or its folder is read-only; what was there is unchanged",
    "SQLITE_CANTOPEN": "cannot be opened: look at its folder, and whether it may be written",
    "SQLITE_BUSY": f"is in use: another process has been writing for {BUSY:g} s; try again",
    "SQLITE_LOCKED": f"is in use: another process has been writing for {BUSY:g} s; try again",
    "SQLITE_IOERR": "cannot be read or written: the disk does not answer; what was there is unchanged",
    "SQLITE_PERM": "cannot be opened: it may not be read",
}
"""What is said of each kind of error of SQLite."""
