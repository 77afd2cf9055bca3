"""One pass of the feed: sources are visited, digests made, mails sent. Two passes never overlap."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aitia.errors import OptionError, RunError
from aitia.feed.digests import due_digests, queue_digests
from aitia.feed.items import take_systems
from aitia.feed.messages import Links
from aitia.feed.outbox import Sent, made, send_waiting
from aitia.feed.search import Searcher
from aitia.feed.smtp import Mailer, MailServer
from aitia.feed.sources import Update, refresh
from aitia.feed.store import Store, moment, stamp
from aitia.feed.subscribers import drop_unconfirmed
from aitia.files import new_folder, write_whole
from aitia.runs.lock import Lock

if TYPE_CHECKING:
    from aitia.feed.encoders import Encoder

__all__ = ["Pass", "check_links", "run_pass", "send_due", "write_digests"]

NOWHERE = Links("https://papers.invalid")
NOBODY = "papers@papers.invalid"
"""What stands in mails that are looked at alone, where nobody has said who sends them."""


@dataclass(frozen=True)
class Pass:
    """What a pass did.

    Args:
        updates: Of each source.
        queued: Digests that were made.
        mails: What became of the mails that waited; None where none could go.
        waiting: Mails that wait.
    """

    updates: Sequence[Update]
    queued: int
    mails: Sent | None
    waiting: int


def run_pass(
    store: Store,
    server: MailServer | None = None,
    links: Links | None = None,
    encoder: "Encoder | None" = None,
    *,
    visit: bool = True,
) -> Pass:
    """Visits the sources that are due, makes the digests that are due, and sends what waits.

    Args:
        store: Of all of it.
        server: That takes mail; None sends none, and what is due waits.
        links: Of the pages to which mails lead.
        encoder: By which queries are compared; None compares by words.
        visit: Whether sources are visited.

    Raises:
        OptionError: If mails would have no links.
        RunError: If another pass is under way, or no mail goes; what was done before is kept, and what waits waits.
    """
    check_links(server, links)
    with _alone(store):
        contact = "" if links is None else links.page
        updates = refresh(store, contact) if visit else []
        take_systems(store)
        drop_unconfirmed(store)
        queued = queue_digests(store, Searcher(store, encoder))
        mails = None
        if server is not None and links is not None:
            mails = _sent(store, server, links)
    waiting = store.one("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")
    return Pass(updates, queued, mails, waiting)


def send_due(store: Store, server: MailServer, links: Links) -> Sent | None:
    """Sends the mails that are due by now, without a visit to any source; None where none is.

    Raises:
        RunError: If a pass is under way, or no mail goes.
    """
    if not store.one("SELECT count(*) FROM outbox WHERE state = 'queued' AND due <= ?", stamp(store.now())):
        return None
    with _alone(store):
        return _sent(store, server, links)


def check_links(server: MailServer | None, links: Links | None) -> None:
    """Refuses to send mails without links.

    Raises:
        OptionError: If mails would have none.
    """
    if server is not None and links is None:
        raise OptionError(
            "mails hold links by which one confirms and ends a subscription: say under which address others reach "
            "these pages (--public-url https://...)"
        )


def _alone(store: Store) -> Lock:
    return Lock(store.place.with_name(f".{store.place.name}.lock"))


def _sent(store: Store, server: MailServer, links: Links) -> Sent:
    with Mailer(server) as mailer:
        return send_waiting(store, mailer, links)


def write_digests(
    store: Store, folder: str | Path, links: Links | None = None, sender: str = NOBODY, encoder: "Encoder | None" = None
) -> list[Path]:
    """Writes the mails that a pass would send now, as files that a mail program opens; nothing is sent or changed.

    Their links lead nowhere, since no token was made for them.

    Args:
        store: Of all of it.
        folder: A new or empty folder.
        links: Of the pages.
        sender: Of the mails.
        encoder: By which queries are compared.

    Raises:
        RunError: If the folder is not empty or cannot be written.
    """
    take_systems(store)
    mails = [
        (kind, address, json.loads(content), name, moment(date))
        for kind, address, content, name, date in store.read(
            "SELECT kind, address, content, message_id, date FROM outbox "
            "JOIN subscribers ON subscribers.id = subscriber WHERE outbox.state IN ('queued', 'sending') "
            "ORDER BY outbox.id"
        )
    ]
    mails += [
        ("digest", due.address, due.content, f"dry-run-{due.number}", store.now())
        for due in due_digests(store, Searcher(store, encoder))
        if due.content["items"]
    ]
    names = []
    with new_folder(Path(folder), RunError) as place:
        for k, (kind, address, content, name, date) in enumerate(mails, 1):
            message = made(links or NOWHERE, sender, kind, address, content, name, date, "dry-run")
            names.append(f"{k:04d}-{kind}.eml")
            write_whole(place / names[-1], message.as_bytes(), RunError)
    return [Path(folder) / name for name in names]
