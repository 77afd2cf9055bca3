"""What is new for each subscriber: items that came since the last digest, and are near enough to the query.

Near enough is above a quantile of the similarities of the query to the whole store, so that the threshold fits the
encoder, or BM25, whatever its numbers are. A digest is put on its way in the transaction that moves its window on, so
that none is lost and none is made twice.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from aitia.feed.bm25 import words
from aitia.feed.items import ENTRY, SYSTEM
from aitia.feed.search import Searcher
from aitia.feed.store import Store, moment, stamp
from aitia.feed.subscribers import FREQUENCIES, enqueue

__all__ = ["MATCHING", "MOST_ITEMS", "Due", "due_digests", "queue_digests"]

MATCHING = 0.8
"""The share of the store that is further from a query than what a digest has."""
MOST_ITEMS = 20
EARLY = timedelta(hours=1)
"""How much too soon a pass may come, for clocks and schedules are not exact."""


@dataclass(frozen=True)
class Due:
    """A digest that is due.

    Args:
        number: The subscriber.
        address: Whose it is.
        salt: The subscriber's.
        seen: The last item of the digest before.
        content: Query and items, as JSON values; no items where nothing is new.
    """

    number: int
    address: str
    salt: str
    seen: int
    content: dict[str, Any]


def due_digests(store: Store, searcher: Searcher) -> list[Due]:
    """Every digest that is due now, empty ones too; nothing is changed."""
    found, now = [], store.now()
    for number, address, salt, query, frequency, last, seen in store.read(
        "SELECT id, address, salt, query, frequency, last_digest, seen FROM subscribers WHERE state = 'active' "
        "ORDER BY id"
    ):
        if _is_due(moment(last), FREQUENCIES[frequency], now):
            found.append(Due(number, address, salt, seen, {"query": query, "items": _matches(searcher, query, seen)}))
    return found


def queue_digests(store: Store, searcher: Searcher) -> int:
    """Puts every digest that is due on its way; how many have something new."""
    queued = 0
    last = max((item.number for item in searcher.items), default=0)
    for due in due_digests(store, searcher):
        with store.writing() as db:
            now = store.now()
            moved = db.execute(
                "UPDATE subscribers SET last_digest = ?, seen = max(seen, ?) WHERE id = ? AND state = 'active' "
                "AND seen = ?", (stamp(now), last, due.number, due.seen),
            ).rowcount  # fmt: skip
            if moved and due.content["items"]:
                enqueue(db, due.number, due.salt, "digest", now, json.dumps(due.content, ensure_ascii=False))
                queued += 1
    return queued


def _is_due(last: datetime, every: timedelta, now: datetime) -> bool:
    """A last digest that lies in the future is of a clock that was wrong."""
    return not now - every + EARLY < last <= now + EARLY


def _matches(searcher: Searcher, query: str, seen: int) -> list[dict[str, Any]]:
    new = [k for k, item in enumerate(searcher.items) if item.kind == ENTRY and item.number > seen]
    if not new:
        return []
    if words(query):
        near = searcher.similarities(query)
        least = float(np.quantile(near, MATCHING))
        new = sorted((k for k in new if near[k] >= least and near[k] > 0), key=lambda k: -near[k])
    items = [searcher.items[k] for k in new[:MOST_ITEMS]]
    reasons = searcher.reasons(query, items) if words(query) else [""] * len(items)
    told = []
    for item, reason in zip(items, reasons, strict=True):
        system = searcher.nearest(item, SYSTEM)
        told.append(
            {
                "id": item.id, "title": item.title, "link": item.link, "authors": list(item.authors),
                "published": item.published, "reason": reason if item.abstract else "",
                "system": "" if system is None else system.slug,
            }
        )  # fmt: skip
    return told
