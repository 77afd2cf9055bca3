"""What the feed is of: papers that a source lists, and our own systems, read from their cards.

An item is known by its DOI, its arXiv number, or its title: what a source calls it may change each time.
"""

import hashlib
import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aitia.card import Card
from aitia.feed.store import Store, stamp
from aitia.system.registry import systems

__all__ = ["ENTRY", "SYSTEM", "Item", "all_items", "item_id", "keep", "of_card", "take_systems"]

ENTRY, SYSTEM = "entry", "system"
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>?#]+", re.IGNORECASE)
_ARXIV = re.compile(
    r"(?:arxiv[.:/]|arxiv\.org[:/](?:abs/|pdf/)?)\s*(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})", re.IGNORECASE
)


@dataclass(frozen=True)
class Item:
    """A paper or a system.

    Args:
        id: `doi:...`, `arxiv:...`, `title:...` or `system:...`.
        title: Plain text.
        abstract: Plain text; empty where the source says none.
        authors: Names.
        published: Date, such as 2026-11-30; empty where the source says none, and then kept as that on which it came.
        updated: Date, likewise.
        link: http or https, or empty.
        kind: `entry` or `system`.
        number: In the order in which they came; 0 of one that is not kept.
    """

    id: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""
    updated: str = ""
    link: str = ""
    kind: str = ENTRY
    number: int = 0

    @property
    def text(self) -> str:
        """Title and abstract, which is what is searched."""
        end = "" if self.title.endswith((".", "?", "!")) else "."
        return f"{self.title}{end} {self.abstract}" if self.abstract else self.title

    @property
    def text_hash(self) -> str:
        """SHA-256 of the text: another text is encoded anew."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def slug(self) -> str:
        """Of a system, as it is typed."""
        return self.id.removeprefix("system:")


def item_id(title: str, *told: str) -> str:
    """What an item is known by.

    Args:
        title: Of it.
        told: Its link, and whatever else may say a DOI or an arXiv number.

    Example:
        >>> item_id("A title", "https://arxiv.org/abs/2401.01234v2")
        'arxiv:2401.01234'
        >>> item_id("A  Title!") == item_id("a title")
        True
    """
    dois = [found.group().rstrip(".,;)").lower() for text in told if (found := _DOI.search(text))]
    for text in (*dois, *told):
        if found := _ARXIV.search(text):
            return f"arxiv:{found.group(1).lower()}"
    if dois:
        return f"doi:{dois[0]}"
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", title).casefold())
    return f"title:{hashlib.sha256(' '.join(words).encode()).hexdigest()[:24]}"


def of_card(card: Card) -> Item:
    """A system as an item: what its card says of it, in sentences."""
    told = [f"{card.task[:1].upper()}{card.task[1:]}.", card.claim]
    abouts = [role.about for role in card.takes.values() if role.about]
    told += [f"It takes {'; '.join(abouts)}."] if abouts else []
    told.append(card.do if card.do.endswith(".") else f"{card.do}.")
    date = f"{card.year:04d}-01-01"
    abstract = " ".join(part for part in told if part)
    return Item(f"system:{card.slug}", card.title, abstract, card.authors, date, date, card.source, SYSTEM)


def take_systems(store: Store) -> None:
    """Makes the systems of the store those of the registry."""
    here = [of_card(entry.card) for entry in systems().values()]
    kept = {item.id: item for item in all_items(store) if item.kind == SYSTEM}
    new = [item for item in here if item.id not in kept or _told(kept[item.id]) != _told(item)]
    gone = sorted(set(kept) - {item.id for item in here})
    if new or gone:
        with store.writing() as db:
            keep(db, new, store.now())
            db.executemany("DELETE FROM items WHERE id = ?", [(name,) for name in gone])
            drop_vectors(db)


def keep(db: sqlite3.Connection, items: Iterable[Item], now: datetime, source: int | None = None) -> tuple[int, int]:
    """Puts items into the store, in a transaction; of one that is there text, link and dates are made new.

    Of several sources that list an item the one that was added first says what it is.

    Returns:
        How many are new, and how many of those that were there say something else now.
    """
    new = revised = 0
    for item in items:
        there = db.execute("SELECT number, text FROM items WHERE id = ?", (item.id,)).fetchone()
        told, today = (item.kind, *_told(item), item.text_hash), stamp(now)[:10]
        if there is None:
            number = db.execute(
                "INSERT INTO items (kind, title, abstract, authors, published, updated, link, text, id, added) "
                "VALUES (?, ?, ?, ?, ifnull(nullif(?, ''), ?), ifnull(nullif(?, ''), ?), ?, ?, ?, ?)",
                (*told[:5], today, told[5], today, *told[6:], item.id, stamp(now)),
            ).lastrowid  # fmt: skip
            new += 1
        elif source is not None and _first_source(db, there[0]) < source:
            number = there[0]
        else:
            number = there[0]
            revised += there[1] != item.text_hash
            db.execute(
                "UPDATE items SET kind = ?, title = ?, abstract = ?, authors = ?, published = ifnull(nullif(?, ''), "
                "published), updated = ifnull(nullif(?, ''), updated), link = ?, text = ? WHERE number = ?",
                (*told, number),
            )  # fmt: skip
        if source is not None:
            db.execute("INSERT OR IGNORE INTO listed (item, source) VALUES (?, ?)", (number, source))
    return new, revised


def _first_source(db: sqlite3.Connection, number: int) -> float:
    found = db.execute("SELECT min(source) FROM listed WHERE item = ?", (number,)).fetchone()[0]
    return float("inf") if found is None else found


def all_items(store: Store) -> list[Item]:
    """All that is kept, the latest first; of one date by id."""
    rows = store.read(
        "SELECT id, title, abstract, authors, published, updated, link, kind, number FROM items "
        "ORDER BY published DESC, id"
    )
    return [
        Item(name, title, abstract, tuple(json.loads(authors)), published, updated, link, kind, number)
        for name, title, abstract, authors, published, updated, link, kind, number in rows
    ]


def drop_vectors(db: sqlite3.Connection) -> None:
    """Drops vectors of texts that no item has any more."""
    db.execute("DELETE FROM vectors WHERE text NOT IN (SELECT text FROM items)")


def _told(item: Item) -> tuple[str, ...]:
    authors = json.dumps(list(item.authors), ensure_ascii=False)
    return (item.title, item.abstract, authors, item.published, item.updated, item.link)
