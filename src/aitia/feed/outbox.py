"""Mails on their way, so that a kill at any moment loses none.

A row is written in the transaction that decides on the mail, is `sending` before the server hears of it, and `sent`
when the server has taken it. What is found `sending` was killed in between and may have arrived: it goes again, with
the same Message-ID and date, by which a mail program knows it as the same. So every mail goes at least once, and
repeats are counted. Exactly once is not to be had: nobody knows of a mail whose taking was not heard of.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from aitia.errors import RunError
from aitia.feed.addressees import hashed
from aitia.feed.messages import Links, confirmation, digest_mail
from aitia.feed.smtp import Later, Mailer, Never
from aitia.feed.store import Store, moment, stamp
from aitia.feed.subscribers import digest, end, new_token

__all__ = ["Sent", "made", "send_waiting"]

GIVEN_UP = timedelta(hours=24)
PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=4)
PERMANENT = 3
"""Mails that an address refuses for good before it is written to no more."""
BROKEN = 3
"""Mails in a row in whose middle the connection ends before the pass ends."""
TIDIED = timedelta(days=90)
"""How long what was sent or given up is kept."""


@dataclass
class Sent:
    """What became of the mails of a pass.

    Args:
        sent: Taken by the server.
        repeated: Of these, begun before and perhaps taken then.
        later: Put off.
        failed: Given up.
        told: Why, a line each; addresses as hashes.
    """

    sent: int = 0
    repeated: int = 0
    later: int = 0
    failed: int = 0
    told: list[str] = field(default_factory=list)


def made(
    links: Links, sender: str, kind: str, address: str, content: dict[str, Any], name: str, date: datetime, token: str
) -> EmailMessage:
    """The mail of a row; the same for the same token."""
    make = confirmation if kind == "confirm" else digest_mail
    return make(links, sender, address, content, name, date, token)


def send_waiting(store: Store, mailer: Mailer, links: Links) -> Sent:
    """Sends every mail that waits and is due. To be called by one process at a time.

    Raises:
        RunError: If no mail goes; what waits goes on waiting.
    """
    found, broken = Sent(), 0
    with store.writing() as db:  # killed before the server was told that no more comes
        db.execute("UPDATE outbox SET state = 'queued', repeats = repeats + 1, due = created WHERE state = 'sending'")
        done = stamp(store.now() - TIDIED)
        db.execute("DELETE FROM outbox WHERE state IN ('sent', 'failed') AND created < ?", (done,))
    waiting = store.read(
        "SELECT id FROM outbox WHERE state = 'queued' AND due <= ? ORDER BY created, id", stamp(store.now())
    )
    for (number,) in waiting:
        mailer.connect()
        begun = _begin(store, mailer, links, number)
        if begun is None:  # unsubscribed or forgotten since
            continue
        message, address, token, repeats = begun
        try:
            mailer.send(message, address)
        except Later as why:
            # Where nothing was heard the mail may have arrived, and its links have to work.
            _put_off(store, number, token if why.heard else "", str(why), found)
            broken = 0 if why.heard else broken + 1
            if broken >= BROKEN:
                raise RunError(
                    f"the mail server {mailer.server.host} ended the connection in the middle of {BROKEN} mails in a "
                    "row; they wait"
                ) from None
        except Never as why:
            broken = 0
            _give_up(store, number, str(why), found, addressee=why.addressee)
        except RunError as why:
            _put_back(store, number, token, str(why))
            raise
        else:
            broken = 0
            with store.writing() as db:
                db.execute("UPDATE outbox SET state = 'sent', trouble = '' WHERE id = ?", (number,))
                db.execute(
                    "UPDATE subscribers SET failures = 0 WHERE id = (SELECT subscriber FROM outbox WHERE id = ?)",
                    (number,),
                )
            found.sent += 1
            found.repeated += repeats > 0
    return found


def _begin(store: Store, mailer: Mailer, links: Links, number: int) -> tuple[EmailMessage, str, str, int] | None:
    """Takes a row for sending, with a token of its own; None where it is not to go any more."""
    with store.writing() as db:
        rows = db.execute(
            "SELECT subscribers.id, address, subscribers.state, kind, date, message_id, content, repeats FROM outbox "
            "JOIN subscribers ON subscribers.id = subscriber WHERE outbox.id = ? AND outbox.state = 'queued'",
            (number,),
        ).fetchall()
        if not rows:
            return None
        who, address, state, kind, date, name, content, repeats = rows[0]
        if kind == "digest" and state != "active":
            db.execute("DELETE FROM outbox WHERE id = ?", (number,))
            return None
        purpose = "confirm" if kind == "confirm" else "reader"
        token = new_token(db, who, purpose, store.now(), content if kind == "confirm" else "")
        db.execute("UPDATE outbox SET state = 'sending', tries = tries + 1 WHERE id = ?", (number,))
    message = made(links, mailer.server.sender, kind, address, json.loads(content), name, moment(date), token)
    return message, address, token, repeats


def _put_off(store: Store, number: int, token: str, why: str, found: Sent) -> None:
    """It goes later, after a pause that doubles; after a day it is given up."""
    created, tries = store.read("SELECT created, tries FROM outbox WHERE id = ?", number)[0]
    if store.now() - moment(created) > GIVEN_UP:
        _give_up(store, number, f"{why}, and so for {GIVEN_UP.total_seconds() / 3600:g} hours", found, addressee=False)
        return
    pause = min(PAUSE * 2 ** min(tries - 1, 10), LONGEST_PAUSE)
    _put_back(store, number, token, why, pause)
    found.later += 1
    found.told.append(f"{_who(store, number)}: {why}; it goes again")


def _put_back(store: Store, number: int, token: str, why: str, pause: timedelta = timedelta(0)) -> None:
    with store.writing() as db:
        due = stamp(store.now() + pause)
        db.execute("UPDATE outbox SET state = 'queued', due = ?, trouble = ? WHERE id = ?", (due, why, number))
        db.execute("DELETE FROM tokens WHERE hash = ?", (digest(token),))


def _give_up(store: Store, number: int, why: str, found: Sent, *, addressee: bool) -> None:
    found.failed += 1
    found.told.append(f"{_who(store, number)}: {why}; it is given up")
    with store.writing() as db:
        db.execute("UPDATE outbox SET state = 'failed', trouble = ? WHERE id = ?", (why, number))
        who = db.execute("SELECT subscriber FROM outbox WHERE id = ?", (number,)).fetchone()[0]
        db.execute("UPDATE subscribers SET failures = failures + ? WHERE id = ?", (addressee, who))
        if addressee and db.execute("SELECT failures FROM subscribers WHERE id = ?", (who,)).fetchone()[0] >= PERMANENT:
            end(db, who)
            found.told[-1] += f", and {PERMANENT} times: no more mail goes to it"


def _who(store: Store, number: int) -> str:
    address = store.one(
        "SELECT address FROM subscribers WHERE id = (SELECT subscriber FROM outbox WHERE id = ?)", number
    )
    return f"mail to {hashed(str(address))}"
