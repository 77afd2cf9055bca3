"""Who gets mail: nobody who has not said so twice, and nobody any more who has said so once.

A subscription is asked for, confirmed by the link of a mail to that very address, and ended by that of any later mail.
What is answered to who asks is the same whether or not the address is known. A link holds a token of 32 random bytes,
of which the store has the SHA-256 alone.
"""

import hashlib
import hmac
import json
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aitia.errors import OptionError
from aitia.feed.addressees import checked_addressee, hashed
from aitia.feed.bm25 import words
from aitia.feed.plain import inert
from aitia.feed.store import Store, stamp

__all__ = [
    "FREQUENCIES", "Subscription", "confirm", "counts", "drop_unconfirmed", "forget", "new_token", "subscribe",
    "subscription", "told_of", "unsubscribe",
]  # fmt: skip

FREQUENCIES = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
CONFIRMED_WITHIN = timedelta(hours=48)
ASKED_AGAIN = timedelta(hours=1)
"""Between two confirmations to one address."""
UNCONFIRMED_KEPT = timedelta(days=7)
MOST_OF_A_PEER = 20
"""Subscriptions that one peer may ask for in an hour."""
LONGEST_QUERY = 500
LONGEST_TOKEN = 100
ANSWER = "If the address can be written to, a mail with a link is on its way: the subscription begins with that link."
"""What is said to whoever subscribes an address, known or not."""


@dataclass(frozen=True)
class Subscription:
    """What one subscriber gets.

    Args:
        number: Its own.
        address: Of mail.
        query: What is looked for; empty for all that is new.
        frequency: `daily` or `weekly`.
        state: `pending`, `active` or `gone`.
    """

    number: int
    address: str
    query: str
    frequency: str
    state: str


def subscribe(store: Store, address: str, query: str = "", frequency: str = "daily", peer: str = "") -> str:
    """Asks for a subscription, or for another query or frequency of one: puts a mail with a link on its way.

    Args:
        store: That keeps it.
        address: Of mail.
        query: In the subscriber's own words; empty asks for all that is new.
        frequency: `daily` or `weekly`.
        peer: From where it was asked, such as an IP address; its hash is kept for an hour.

    Returns:
        The same sentence for every address.

    Raises:
        OptionError: If the address, the query or the frequency is none, or the peer has asked too often.
    """
    kept, query = checked_addressee(address), inert(query)
    if frequency not in FREQUENCIES:
        raise OptionError(f"a digest comes {' or '.join(FREQUENCIES)}, got {frequency[:40]!r}")
    if query and not words(query):
        raise OptionError(f"a query has a word at least, got {query[:40]!r}; leave it empty for all that is new")
    if len(query) > LONGEST_QUERY:
        raise OptionError(f"a query has at most {LONGEST_QUERY} characters, got {len(query)}")
    with store.writing() as db:
        now = store.now()
        if peer:
            _count_peer(db, hashed(peer), now)
        there = db.execute("SELECT id, asked, salt FROM subscribers WHERE address = ?", (kept,)).fetchone()
        if there is not None and stamp(now - ASKED_AGAIN) < there[1] <= stamp(now):
            return ANSWER
        if there is None:
            salt = secrets.token_hex(16)
            number = db.execute(
                "INSERT INTO subscribers (address, salt, created, asked) VALUES (?, ?, ?, ?)",
                (kept, salt, stamp(now), stamp(now)),
            ).lastrowid
        else:
            number, salt = there[0], there[2]
            db.execute("UPDATE subscribers SET asked = ? WHERE id = ?", (stamp(now), number))
        content = json.dumps({"query": query, "frequency": frequency})
        enqueue(db, int(number or 0), salt, "confirm", now, content)
    return ANSWER


def confirm(store: Store, token: str) -> Subscription:
    """Begins the subscription of a confirmation's link, or changes it; the link may be followed twice.

    The first digest goes back by one day or week.

    Raises:
        OptionError: If the link is none, or is older than two days.
    """
    with store.writing() as db:
        now = store.now()
        number, content = _whose(db, token, "confirm", now)
        asked = json.loads(content)
        state = db.execute("SELECT state FROM subscribers WHERE id = ?", (number,)).fetchone()[0]
        db.execute(
            "UPDATE subscribers SET query = ?, frequency = ?, state = 'active', failures = 0 WHERE id = ?",
            (asked["query"], asked["frequency"], number),
        )
        if state != "active":
            begin = stamp(now - FREQUENCIES[asked["frequency"]])
            seen = db.execute("SELECT ifnull(max(number), 0) FROM items WHERE added <= ?", (begin,)).fetchone()[0]
            db.execute("UPDATE subscribers SET last_digest = ?, seen = ? WHERE id = ?", (begin, seen, number))
    return subscription(store, number)


def unsubscribe(store: Store, token: str) -> None:
    """Ends the subscription of a digest's link; links of all digests do, for ever.

    Raises:
        OptionError: If the link is none.
    """
    with store.writing() as db:
        number, _ = _whose(db, token, "reader", store.now())
        end(db, number)


def end(db: sqlite3.Connection, number: int) -> None:
    """Ends a subscription, in a transaction: what waits is not sent, and what would confirm it anew does not."""
    db.execute("UPDATE subscribers SET state = 'gone' WHERE id = ?", (number,))
    db.execute("DELETE FROM tokens WHERE subscriber = ? AND purpose = 'confirm'", (number,))
    db.execute("DELETE FROM outbox WHERE subscriber = ? AND state = 'queued'", (number,))


def reader(db: sqlite3.Connection, token: str, now: datetime) -> int:
    """The subscriber to whom a digest with this token went.

    Raises:
        OptionError: If the token is none.
    """
    return _whose(db, token, "reader", now)[0]


def subscription(store: Store, number: int) -> Subscription:
    """By its number."""
    return Subscription(
        *store.read("SELECT id, address, query, frequency, state FROM subscribers WHERE id = ?", number)[0]
    )


def counts(store: Store) -> dict[str, int]:
    """Subscribers by state."""
    return dict(store.read("SELECT state, count(*) FROM subscribers GROUP BY state ORDER BY state"))


def forget(store: Store, address: str) -> bool:
    """Deletes all that is kept of an address: its subscription, tokens, votes and mails; whether there was any."""
    with store.writing() as db:
        return db.execute("DELETE FROM subscribers WHERE address = ?", (checked_addressee(address),)).rowcount > 0


def told_of(store: Store, address: str) -> dict[str, Any] | None:
    """All that is kept of an address, for who asks what that is; None where nothing is."""
    rows = store.read(
        "SELECT id, address, query, frequency, state, created, asked, last_digest, failures FROM subscribers "
        "WHERE address = ?", checked_addressee(address),
    )  # fmt: skip
    if not rows:
        return None
    names = ("address", "query", "frequency", "state", "created", "asked", "last_digest", "failures")
    mails = store.read(
        "SELECT kind, date, state, tries, message_id FROM outbox WHERE subscriber = ? ORDER BY id", rows[0][0]
    )
    votes = store.read(
        "SELECT items.id, at FROM votes JOIN items ON items.number = item WHERE subscriber = ? ORDER BY at", rows[0][0]
    )
    return {
        **dict(zip(names, rows[0][1:], strict=True)),
        "mails": [dict(zip(("kind", "date", "state", "tries", "message_id"), mail, strict=True)) for mail in mails],
        "votes": [{"item": item, "at": at} for item, at in votes],
    }


def drop_unconfirmed(store: Store) -> int:
    """Deletes addresses that were never confirmed, and tokens that have expired; how many addresses."""
    with store.writing() as db:
        now = store.now()
        db.execute("DELETE FROM tokens WHERE expires < ?", (stamp(now),))
        return db.execute(
            "DELETE FROM subscribers WHERE state = 'pending' AND asked < ?", (stamp(now - UNCONFIRMED_KEPT),)
        ).rowcount


def new_token(db: sqlite3.Connection, number: int, purpose: str, now: datetime, content: str = "") -> str:
    """A token for the link of a mail, in a transaction; its hash is kept."""
    token = secrets.token_urlsafe(32)
    expires = stamp(now + CONFIRMED_WITHIN) if purpose == "confirm" else None
    db.execute(
        "INSERT INTO tokens (hash, subscriber, purpose, expires, content) VALUES (?, ?, ?, ?, ?)",
        (digest(token), number, purpose, expires, content),
    )
    return token


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def enqueue(db: sqlite3.Connection, number: int, salt: str, kind: str, now: datetime, content: str) -> None:
    """Puts a mail on its way, in a transaction. Its Message-ID follows from subscriber, kind and date."""
    date = stamp(now)
    name = hashlib.sha256(f"{salt} {kind} {date}".encode()).hexdigest()[:40]
    db.execute(
        "INSERT INTO outbox (subscriber, kind, date, message_id, content, created, due) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (number, kind, date, name, content, date, date),
    )


def _whose(db: sqlite3.Connection, token: str, purpose: str, now: datetime) -> tuple[int, str]:
    """Subscriber and content of a token."""
    given = digest(token.strip()[:LONGEST_TOKEN])
    rows = db.execute("SELECT hash, subscriber, content, purpose, expires FROM tokens WHERE hash = ?", (given,))
    for kept, number, content, is_for, expires in rows:
        # The hash is looked up, not the token, so that no time tells of a token that is nearly right.
        if hmac.compare_digest(kept, given) and is_for == purpose and (expires is None or expires >= stamp(now)):
            return number, content
    old = ", or is older than two days: subscribe again" if purpose == "confirm" else ""
    raise OptionError(f"this link is not one that was sent{old}")


def _count_peer(db: sqlite3.Connection, peer: str, now: datetime) -> None:
    db.execute("DELETE FROM asked WHERE at <= ? OR at > ?", (stamp(now - ASKED_AGAIN), stamp(now)))
    if db.execute("SELECT count(*) FROM asked WHERE peer = ?", (peer,)).fetchone()[0] >= MOST_OF_A_PEER:
        raise OptionError(f"more than {MOST_OF_A_PEER} subscriptions in an hour are not taken from one place: wait")
    db.execute("INSERT INTO asked (peer, at) VALUES (?, ?)", (peer, stamp(now)))
