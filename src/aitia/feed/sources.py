"""The sources that a user watches: addresses and files. One that fails is told in a sentence, and others go on."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from aitia.addresses import bare, checked_parts, retry_after
from aitia.errors import AitiaError, FormatError, OptionError, RunError
from aitia.feed.items import drop_vectors, keep
from aitia.feed.parsing import Parsed, parse_feed
from aitia.feed.store import Store, moment, stamp
from aitia.fetch import Fetched, fetch
from aitia.guard import guarded

__all__ = ["Source", "Update", "add_source", "refresh", "remove_source", "watched"]

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, application/xml;q=0.9, "
    "text/xml;q=0.9, application/json;q=0.8"
)
LARGEST_FILE = 100_000_000
"""Bytes of a file that are read."""
OFTEN = timedelta(minutes=55)
"""Between two visits of an address."""
SELDOM = {
    "arxiv.org": timedelta(hours=23),
    "rss.arxiv.org": timedelta(hours=23),
    "export.arxiv.org": timedelta(hours=23),
}
"""Hosts whose feeds change once a day."""
LONGEST_WAIT = timedelta(days=7)


@dataclass(frozen=True)
class Source:
    """One that is watched.

    Args:
        number: Its own.
        place: Address, or a file's full path.
        title: As the feed calls itself.
        state: `active`, or `gone` where it answered that it is.
        fetched: When it was last read; empty for never.
        trouble: Why the last visit failed; empty where it did not.
        items: How many items it lists.
    """

    number: int
    place: str
    title: str
    state: str
    fetched: str
    trouble: str
    items: int


@dataclass(frozen=True)
class Update:
    """What a visit of a source brought.

    Args:
        place: The source.
        new: Items that were not there.
        revised: Items whose title or abstract is another now.
        told: What was doubtful, a clause each.
        trouble: Why it failed; empty where it did not.
        waited: Whether it was not visited, for it was too soon or it is gone.
    """

    place: str
    new: int = 0
    revised: int = 0
    told: list[str] = field(default_factory=list)
    trouble: str = ""
    waited: bool = False


def watched(store: Store) -> list[Source]:
    """All that are watched, in the order in which they were added."""
    rows = store.read(
        "SELECT id, place, title, state, ifnull(fetched, ''), trouble, "
        "(SELECT count(*) FROM listed WHERE source = sources.id) FROM sources ORDER BY id"
    )
    return [Source(*row) for row in rows]


def add_source(
    store: Store, place: str, *, allow_http: bool = False, allow_private: bool = False, contact: str = ""
) -> Update:
    """Reads a feed and watches it from now on; nothing is kept where it cannot be read.

    Args:
        store: That keeps it.
        place: Address or file.
        allow_http: Whether http:// is fine.
        allow_private: Whether it may be on this machine or in a private net.
        contact: Who asks, for the server.

    Raises:
        OptionError: If it is watched already, or is no address or file.
        RunError: If it does not answer.
        FormatError: If it is no feed.
    """
    kept = checked_parts(place, query=True).geturl() if "://" in place else str(_file(place))
    if store.read("SELECT 1 FROM sources WHERE place = ?", kept):
        raise OptionError(f"{bare(kept)} is watched already")
    answer, parsed = _visit(store, kept, {}, allow_http, allow_private, contact)
    if parsed is None:
        raise RunError(f"{bare(kept)} answered {answer.status if answer else 'nothing'}: give the address of a feed")
    with store.writing() as db:
        number = db.execute(
            "INSERT INTO sources (place, allow_http, allow_private) VALUES (?, ?, ?)",
            (kept, allow_http, allow_private),
        ).lastrowid
    assert number is not None
    return _take(store, number, kept, answer, parsed)


def remove_source(store: Store, place: str) -> int:
    """Watches a source no more, and drops the items that no other source lists.

    Args:
        store: That keeps it.
        place: Its address, file, or number.

    Returns:
        How many items were dropped.

    Raises:
        OptionError: If it is not watched.
    """
    file = place if "://" in place else str(Path(place).expanduser().resolve())
    found = store.one("SELECT id FROM sources WHERE place IN (?, ?) OR CAST(id AS TEXT) = ?", place, file, place)
    if found is None:
        known = ", ".join(f"{s.number} {bare(s.place)}" for s in watched(store)) or "none"
        raise OptionError(f"{bare(place)} is not watched; there are: {known}")
    with store.writing() as db:
        db.execute("DELETE FROM sources WHERE id = ?", (found,))
        dropped = db.execute(
            "DELETE FROM items WHERE kind = 'entry' AND number NOT IN (SELECT item FROM listed)"
        ).rowcount
        drop_vectors(db)
    return dropped


def refresh(store: Store, contact: str = "") -> list[Update]:
    """Visits every source that is due; what fails is told in its update."""
    found = []
    for number, place, state, due, etag, modified, http, private in store.read(
        "SELECT id, place, state, due, etag, modified, allow_http, allow_private FROM sources ORDER BY id"
    ):
        now = store.now()
        if state == "gone" or (due and now < moment(due) <= now + LONGEST_WAIT):
            found.append(Update(place, waited=True))
            continue
        asked = {name: value for name, value in (("If-None-Match", etag), ("If-Modified-Since", modified)) if value}
        try:
            answer, parsed = _visit(store, place, asked, bool(http), bool(private), contact)
        except AitiaError as error:
            found.append(_failed(store, number, place, str(error)))
            continue
        found.append(_take(store, number, place, answer, parsed))
    return found


def _file(place: str) -> Path:
    path = Path(place).expanduser().resolve()
    if not path.is_file():
        raise OptionError(f"{place} is neither a file nor an address that starts with https://")
    return path


def _visit(
    store: Store, place: str, asked: dict[str, str], http: bool, private: bool, contact: str
) -> tuple[Fetched | None, Parsed | None]:
    if "://" not in place:
        with guarded(place):
            path = Path(place)
            if not path.is_file():
                raise FormatError(f"{place} is no file any more")
            if path.stat().st_size > LARGEST_FILE:
                raise FormatError(f"{place} is larger than {LARGEST_FILE / 1e6:g} MB, and no more is read")
            return None, parse_feed(path.read_bytes(), path.name, store.now(), path.as_uri())
    answer = fetch(
        place, accept=ACCEPT, headers=asked, contact=contact, allow_http=http, allow_private=private
    )  # fmt: skip
    if answer.status != 200:
        return answer, None
    shown, kind = bare(place), answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not ("xml" in kind or "json" in kind or kind in ("text/plain", "application/octet-stream")):
        page = ": look on that page for the address of its feed" if kind == "text/html" else ""
        raise FormatError(f"{shown} is {kind[:60]} and no feed{page}")
    return answer, parse_feed(answer.body, shown, store.now(), answer.address)


def _take(store: Store, number: int, place: str, answer: Fetched | None, parsed: Parsed | None) -> Update:
    """Keeps what a visit brought."""
    status = 200 if answer is None else answer.status
    headers = {} if answer is None else answer.headers
    if status == 410:
        return _failed(store, number, place, f"{bare(place)} answered 410: it is gone for good", gone=True)
    if parsed is None and status != 304:
        wait = retry_after(headers.get("retry-after")) if status in (429, 503) else None
        return _failed(store, number, place, f"{bare(place)} answered {status}", wait=wait)
    with store.writing() as db:
        now = store.now()
        new, revised = (0, 0) if parsed is None else keep(db, parsed.items, now, number)
        due = None if answer is None else stamp(now + SELDOM.get(urlsplit(place).hostname or "", OFTEN))
        db.execute("UPDATE sources SET fetched = ?, due = ?, trouble = '' WHERE id = ?", (stamp(now), due, number))
        if parsed is not None:
            told = (parsed.title, headers.get("etag"), headers.get("last-modified"), number)
            db.execute("UPDATE sources SET title = ?, etag = ?, modified = ? WHERE id = ?", told)
        if answer is not None and answer.moved_for_good and parsed is not None:
            db.execute("UPDATE OR IGNORE sources SET place = ? WHERE id = ?", (answer.moved_for_good, number))
        drop_vectors(db)
    return Update(place, new, revised, [] if parsed is None else parsed.told)


def _failed(
    store: Store, number: int, place: str, why: str, *, gone: bool = False, wait: float | None = None
) -> Update:
    with store.writing() as db:
        due = store.now() + max(OFTEN, min(timedelta(seconds=wait or 0), LONGEST_WAIT))
        db.execute(
            "UPDATE sources SET trouble = ?, due = ?, state = ? WHERE id = ?",
            (why, stamp(due) if "://" in place else None, "gone" if gone else "active", number),
        )
    return Update(place, trouble=why)
