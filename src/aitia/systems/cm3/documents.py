"""Pages as parts: tags, texts, and the places of what a row says besides (`alt`, picture, title of the link, gaps).

What is kept of HTML are headings, paragraphs, lists, tables, quotes, links with their titles, and pictures with their
`alt`, in the order of their attributes; the rest of the markup is dropped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aitia.data.reading.pages import Tag, parsed
from aitia.errors import DataError

__all__ = ["Part", "check_words", "parts_of", "plain", "tags_of"]

KEPT = frozenset(
    {"title", *(f"h{k}" for k in range(1, 7)), "p", "ul", "ol", "li", "table", "tr", "td", "th", "blockquote"}
)
MASKS = 16
"""Gaps of a page at most, as in the source."""
_GAP = re.compile(r"mask:(\d+)")
_ASKED = re.compile(r"<mask:\d+>")
_SIGN = re.compile(r"<(?=(mask|image):\d+>)")
Field = Literal["tag", "text", "alt", "image", "title", "gap"]


@dataclass(frozen=True)
class Part:
    """A part of a page.

    Args:
        kind: `tag` is one token; `text` words; the others are places that a row may fill.
        text: The tag or words; of `alt`, `image` and `title` what the page itself says there, mostly nothing.
    """

    kind: Field
    text: str = ""


def parts_of(document: str, row: int) -> list[Part]:
    """The parts of a page.

    Raises:
        DataError: If it is empty, has several pictures, or its gaps are too many or not in order; names the row.
    """
    found: list[Part] = []
    pictures = links = gaps = 0
    for one in parsed(document):
        if isinstance(one, str):
            if one.strip():
                found.append(Part("text", plain(" ".join(one.split()))))
        elif one.name == "img" and one.opens:
            pictures += 1
            check_words(one.get("alt") or "", "alt", row)
            found += _picture(one)
        elif one.name == "a":
            check_words(one.get("title") or "", "title", row)
            titled = one.get("title") is not None
            found += _link(one, first=titled and not links)
            links += titled
        elif match := _GAP.fullmatch(one.name):
            if int(match[1]) != gaps:
                raise DataError(
                    f"the document of row {row} has <mask:{match[1]}> where <mask:{gaps}> comes next: gaps are "
                    "numbered from 0 in their order; write &lt;mask if it is a word of the text"
                )
            gaps += 1
            found.append(Part("gap"))
        elif one.name in KEPT:
            found.append(Part("tag", f"<{one.name}>" if one.opens else f"</{one.name}>"))
    if pictures > 1:
        raise DataError(
            f"the document of row {row} has {pictures} pictures, and a row holds one: cut it behind each picture, as "
            "reading a folder of pages does"
        )
    if gaps > MASKS:
        raise DataError(f"the document of row {row} has {gaps} gaps, at most {MASKS} are filled: ask in two rows")
    if not any(part.kind != "tag" for part in found):
        raise DataError(f"the document of row {row} is empty: drop the row")
    return found


def check_words(text: str, name: str, row: int) -> None:
    """Refuses a gap where none is filled.

    Raises:
        DataError: If a caption or title holds `<mask:0>`; names the row.
    """
    if match := _ASKED.search(text):
        raise DataError(
            f"row {row} has {match[0]} in its {name}: gaps are filled among the words of a page; the {name} is asked "
            f'for whole, by an empty one ({name}="")'
        )


def plain(text: str) -> str:
    """A text in which nothing is read as a code of a picture or as a gap."""
    return _SIGN.sub("< ", text)


def tags_of(pages: Sequence[Sequence[Part]]) -> list[str]:
    """Every tag of pages, and those of which pictures and links are made."""
    own = {part.text for parts in pages for part in parts if part.kind == "tag"}
    return ["<page>", *sorted(own | {"<img", "alt=", "src=", "/>", "<a", "title=", ">", "</a>"})]


def _picture(tag: Tag) -> list[Part]:
    found = [Part("tag", "<img")]
    named = [name for name, _ in tag.attributes if name in ("alt", "src")]
    # What a picture lacks may be asked for.
    for name in [*(n for n in ("alt", "src") if n not in named), *dict.fromkeys(named)]:
        said = " ".join((tag.get(name) or "").split())
        found += [Part("tag", f"{name}="), Part("alt", plain(said)) if name == "alt" else Part("image", said)]
    return [*found, Part("tag", "/>")]


def _link(tag: Tag, *, first: bool) -> list[Part]:
    if not tag.opens:
        return [Part("tag", "</a>")]
    said = plain(" ".join((tag.get("title") or "").split()))
    if first:
        return [Part("tag", "<a"), Part("tag", "title="), Part("title", said), Part("tag", ">")]
    inside = [Part("tag", "title="), Part("text", said)] if said else []
    return [Part("tag", "<a"), *inside, Part("tag", ">")]
