"""A feed as items: Atom 1.0, RSS 2.0 and 1.0 and JSON Feed 1.1, told apart by what they hold.

What is doubtful is told and nothing is guessed: entries without title are left out and counted, those without a date
get that on which they came, and a date in the future becomes today.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from aitia.errors import FormatError
from aitia.feed.dates import date_of
from aitia.feed.items import Item, item_id
from aitia.feed.plain import inert, plain, sentences, web_link
from aitia.feed.xml_feeds import Raw, read_xml
from aitia.guard import parse_json

__all__ = ["Parsed", "parse_feed"]

MOST_ENTRIES = 100_000
_LONGEST_TITLE, _LONGEST_ABSTRACT, _MOST_AUTHORS = 500, 20_000, 200
_ANNOUNCED = re.compile(r"^arXiv:\S+ Announce Type: \S+ (?:Abstract: )?")
"""What arXiv's RSS puts before an abstract."""


@dataclass(frozen=True)
class Parsed:
    """What a feed holds.

    Args:
        title: Of it.
        items: Without two of one id; the first stands.
        told: What was doubtful, a clause each with how many entries it concerns.
    """

    title: str
    items: list[Item]
    told: list[str] = field(default_factory=list)


def parse_feed(data: bytes, place: str, now: datetime, base: str = "") -> Parsed:
    """Reads a feed.

    Args:
        data: Its bytes.
        place: What it is called in a sentence.
        now: The time.
        base: The address from which relative links go on.

    Raises:
        FormatError: If it is no feed, is damaged, or has a document type declaration.
    """
    start = data[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")
    if not start:
        raise FormatError(f"{place} is empty: a feed is Atom, RSS or JSON Feed")
    if start[:1] == b"{":
        title, raws = _read_json(data, place, base)
    elif start[:1] == b"<":
        title, raws = read_xml(data, place, base)
    else:
        raise FormatError(f"{place} is neither XML nor JSON: a feed is Atom, RSS or JSON Feed")
    return _settled(title, raws, place, now)


def _settled(title: str, raws: Iterator[Raw] | list[Raw], place: str, now: datetime) -> Parsed:
    items: dict[str, Item] = {}
    odd: Counter[str] = Counter()
    for count, raw in enumerate(raws):
        if count >= MOST_ENTRIES:
            odd[f"are behind the first {MOST_ENTRIES:,} and left out"] += 1
            continue
        item = _item(raw, now, odd)
        if item is None:
            odd["have neither title nor text and are left out"] += 1
        elif item.id in items:
            odd["say what one before them is and are left out"] += 1
        else:
            items[item.id] = item
    told = [f"{count:,} of {place} {what}" for what, count in odd.items()]
    return Parsed(inert(title)[:_LONGEST_TITLE], list(items.values()), told)


def _item(raw: Raw, now: datetime, odd: Counter[str]) -> Item | None:
    abstract = _ANNOUNCED.sub("", raw.abstract)[:_LONGEST_ABSTRACT]
    title = raw.title[:_LONGEST_TITLE] or (sentences(abstract) or [""])[0][:120]
    if not title:
        return None
    published, updated = date_of(raw.published or raw.updated), date_of(raw.updated or raw.published)
    if published is None:
        odd["have no date and get that on which they came"] += 1
    elif max(published, updated or published) > now:
        odd["have a date in the future, which becomes today's"] += 1
    dates = [min(when, now).strftime("%Y-%m-%d") if when else "" for when in (published, updated)]
    authors = tuple(dict.fromkeys(name for name in raw.authors if name))[:_MOST_AUTHORS]
    return Item(item_id(title, *raw.names, raw.link), title, abstract, authors, dates[0], dates[1], web_link(raw.link))


def _read_json(data: bytes, place: str, base: str) -> tuple[str, list[Raw]]:
    told = parse_json(data, place, dict)
    if not str(told.get("version", "")).startswith("https://jsonfeed.org/version/1"):
        raise FormatError(f"{place} is JSON and no JSON Feed: its version is to be https://jsonfeed.org/version/1.1")
    entries = told.get("items", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FormatError(f"{place} is no JSON Feed: its items are a list of objects")
    return _text(told.get("title")), [_of_json(entry, base) for entry in entries]


def _of_json(entry: dict[str, Any], base: str) -> Raw:
    authors = entry.get("authors")
    named = authors if isinstance(authors, list) else [entry.get("author")]
    said = inert(_text(entry.get("content_text"))) or plain(_text(entry.get("content_html")))
    link = _text(entry.get("url")) or _text(entry.get("external_url"))
    return Raw(
        title=inert(_text(entry.get("title"))),
        abstract=said or inert(_text(entry.get("summary"))),
        authors=[inert(_text(author.get("name"))) for author in named if isinstance(author, dict)],
        published=_text(entry.get("date_published")),
        updated=_text(entry.get("date_modified")),
        link=urljoin(base, link) if link else "",
        names=[_text(entry.get("id"))],
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
