"""Items as an Atom 1.0 feed, for readers of feeds.

Reference: RFC 4287.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from aitia.feed.items import Item
from aitia.feed.plain import inert, web_link

__all__ = ["atom_feed"]

ATOM = "http://www.w3.org/2005/Atom"


def atom_feed(items: Sequence[Item], title: str, address: str, now: datetime | None = None) -> bytes:
    """The document.

    Args:
        items: In their order.
        title: Of the feed.
        address: Of the feed itself; it is its id, too.
        now: The time of a feed without items; None takes that it is.

    Example:
        >>> document = atom_feed([Item("doi:10.1/x", "Do & see", published="2026-01-02")], "Papers", "https://a.example/f")
        >>> b"<title>Do &amp; see</title>" in document
        True
    """
    feed = ElementTree.Element("feed", xmlns=ATOM)

    def add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
        child = ElementTree.SubElement(parent, tag, attributes)
        child.text = inert(text) or None
        return child

    latest = max((item.updated or item.published for item in items), default="")
    add(feed, "id", address)
    add(feed, "title", title)
    add(feed, "updated", _moment(latest) if latest else (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    add(feed, "link", rel="self", href=address, type="application/atom+xml")
    add(add(feed, "author"), "name", "aitia")
    for item in items:
        entry = add(feed, "entry")
        add(entry, "id", f"urn:aitia:{item.id}")
        add(entry, "title", item.title)
        add(entry, "updated", _moment(item.updated or item.published))
        add(entry, "published", _moment(item.published))
        for author in item.authors:
            add(add(entry, "author"), "name", author)
        if link := web_link(item.link):
            add(entry, "link", rel="alternate", href=link)
        if item.abstract:
            add(entry, "summary", item.abstract)
    document: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _moment(date: str) -> str:
    return f"{date or '1970-01-01'}T00:00:00Z"
