"""Passes for as long as somebody serves them: one each so many hours, and in between the mails that fall due.

So a confirmation that was asked for on a page goes within seconds, and a mail that was put off goes when its time has
come. A pass that fails is told, and the next one comes at its time. The lock of a pass is that of `aitia feed run`.
"""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from aitia.errors import AitiaError, OptionError
from aitia.feed.messages import Links
from aitia.feed.running import Pass, check_links, run_pass, send_due
from aitia.feed.smtp import MailServer
from aitia.feed.store import Store

if TYPE_CHECKING:
    from aitia.feed.encoders import Encoder

__all__ = ["every_of", "serve"]

LOOKS = 15.0
"""Seconds between two looks for mails that are due."""
LEAST = timedelta(minutes=10)
"""Between two passes. Sources are visited at most once an hour, however often passes come."""
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def every_of(text: str) -> timedelta:
    """How far apart passes are.

    Raises:
        OptionError: If it is no number of minutes, hours or days, or too short.

    Example:
        >>> every_of("24h") == every_of("1d")
        True
    """
    found = re.fullmatch(r"([0-9]{1,4})([mhd])", text.strip())
    if found is None:
        raise OptionError(f"passes come every so many minutes, hours or days, such as 24h, got {text[:40]!r}")
    span = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if span < LEAST:
        raise OptionError(f"passes are {LEAST.seconds // 60} minutes apart at least, got {text}")
    return span


def serve(
    store: Store,
    every: timedelta,
    stop: threading.Event,
    tell: Callable[[Pass | str], None],
    *,
    server: MailServer | None = None,
    links: Links | None = None,
    encoder: "Encoder | None" = None,
    looks: float = LOOKS,
) -> None:
    """Makes a pass now and each time that so much time has gone by, and sends in between what falls due.

    Args:
        store: Of all of it.
        every: From one pass to the next.
        stop: Ends it; a mail that is on its way then is finished first.
        tell: Gets each pass, and a sentence where one fails; the same sentence once.
        server: That takes mail; None sends none.
        links: Of the pages to which mails lead.
        encoder: By which queries are compared.
        looks: Seconds between two looks.

    Raises:
        OptionError: If mails would have no links.
    """
    check_links(server, links)
    last, told = None, ""
    while not stop.is_set():
        now = store.now()
        try:
            if last is None or not last <= now < last + every:  # a clock may be set back
                last = now
                tell(run_pass(store, server, links, encoder))
            elif server is not None and links is not None:
                send_due(store, server, links)
            told = ""
        except AitiaError as error:
            if str(error) != told:
                tell(told := str(error))
        stop.wait(looks)
