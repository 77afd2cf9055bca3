"""Options of the feed, which the studio has, too; and what they name, opened."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aitia.errors import OptionError

if TYPE_CHECKING:
    from aitia.feed import Encoder, Links, MailServer, Store

__all__ = [
    "EncoderPath",
    "PublicUrl",
    "Security",
    "Sender",
    "Smtp",
    "StorePath",
    "encoder_of",
    "links_of",
    "server_of",
    "store_of",
]

StorePath = Annotated[
    Path | None,
    typer.Option("--store", envvar="AITIA_FEED", help="The SQLite file; one of your own user where none is named."),
]
EncoderPath = Annotated[
    Path | None,
    typer.Option(
        envvar="AITIA_FEED_ENCODER",
        help="Folder of an encoder (sentence-transformers, transformers, or what `aitia export` wrote); words "
        "alone (BM25) without.",
    ),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(envvar="AITIA_PUBLIC_URL", help="Address under which readers of mails reach the studio, https://..."),
]
Smtp = Annotated[
    str | None,
    typer.Option(
        envvar="AITIA_SMTP",
        help="Mail server, HOST or HOST:PORT; the login stands in AITIA_SMTP_USER and AITIA_SMTP_PASSWORD.",
    ),
]
Sender = Annotated[str | None, typer.Option("--from", envvar="AITIA_SMTP_FROM", help="Address that mails are from.")]
Security = Annotated[
    str, typer.Option(envvar="AITIA_SMTP_SECURITY", help="starttls, tls, or none for a server on this machine.")
]


def store_of(place: Path | None) -> "Store":
    """The store."""
    from aitia.feed import Store

    return Store(place)


def encoder_of(folder: Path | None) -> "Encoder | None":
    """The encoder of a folder."""
    if folder is None:
        return None
    from aitia.feed import open_encoder

    return open_encoder(folder)


def links_of(public: str | None) -> "Links | None":
    """The pages to which mails lead."""
    if not public:
        return None
    from aitia.feed import Links

    return Links(public)


def server_of(smtp: str | None, sender: str | None, security: str) -> "MailServer | None":
    """The mail server."""
    if not smtp:
        return None
    if not sender:
        raise OptionError("mails need an address that they are from: --from papers@example.org")
    from aitia.feed import MailServer

    return MailServer.of(smtp, sender, security)
