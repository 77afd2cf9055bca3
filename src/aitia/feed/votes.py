"""Votes of subscribers, one each for an item, and what is trending by them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from aitia.errors import OptionError
from aitia.feed.items import ENTRY, Item, all_items
from aitia.feed.store import Store, stamp
from aitia.feed.subscribers import reader

__all__ = ["by_votes", "trending", "vote", "votes"]


def vote(store: Store, token: str, item: str) -> int:
    """Counts the vote of whom a digest went to; a second one for the same item changes nothing.

    Args:
        store: That keeps it.
        token: Of a link of the digest.
        item: Its id.

    Returns:
        The votes of the item.

    Raises:
        OptionError: If the link or the item is none.
    """
    with store.writing() as db:
        now = store.now()
        number = reader(db, token, now)
        if db.execute("SELECT state FROM subscribers WHERE id = ?", (number,)).fetchone()[0] != "active":
            raise OptionError("this subscription has ended: who subscribes votes")
        found = db.execute("SELECT number FROM items WHERE id = ?", (item[:500],)).fetchone()
        if found is None:
            raise OptionError(f"there is no item {item[:80]!r} any more")
        db.execute(
            "INSERT OR IGNORE INTO votes (item, subscriber, at) VALUES (?, ?, ?)", (found[0], number, stamp(now))
        )
        count: int = db.execute("SELECT count(*) FROM votes WHERE item = ?", (found[0],)).fetchone()[0]
    return count


def votes(store: Store) -> dict[int, int]:
    """Votes by the number of the item."""
    return dict(store.read("SELECT item, count(*) FROM votes GROUP BY item"))


def trending(store: Store, k: int = 20, kinds: Sequence[str] = (ENTRY,)) -> list[tuple[Item, int]]:
    """Items by votes / (age in hours + 2)^1.5; of those alike the later one first, then by id. With their votes."""
    given, now = votes(store), store.now()
    items = [item for item in all_items(store) if item.kind in kinds]
    return [(item, given.get(item.number, 0)) for item in by_votes(items, given, now)[:k]]


def by_votes(items: Sequence[Item], given: Mapping[int, int], now: datetime) -> list[Item]:
    """Items by votes / (age in hours + 2)^1.5; those alike stay in their order.

    Args:
        items: The latest first, of one date by id.
        given: Votes by the number of the item.
        now: From when ages are counted.
    """

    def rank(item: Item) -> float:
        age = max((now - datetime.fromisoformat(f"{item.published}T00:00:00+00:00")) / timedelta(hours=1), 0)
        return float(given[item.number] / (age + 2) ** 1.5)

    voted = [item for item in items if given.get(item.number)]
    rest = [item for item in items if not given.get(item.number)]
    return sorted(voted, key=lambda item: -rank(item)) + rest
