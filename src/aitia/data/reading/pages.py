"""Pages of HTML or Markdown with their pictures, as a table with the columns `document`, `alt`, `image` and `title`.

- `FOLDER/*.html`, `*.htm`, `*.md`, beside or above the pictures that they name
- one such file

A row is a page, or a part of one that holds several pictures: it is cut behind each picture but the last. What the
first `alt`, `src` and `title` of a link said stands in the columns, and the document is left blank there; every other
character of it stays. Of Markdown headings, paragraphs, pictures and links are turned into HTML.
"""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import decoded
from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.errors import DataError
from aitia.guard import guarded, read_text

__all__ = ["SUFFIXES", "Tag", "pages_in", "parsed", "picture_inside", "read_pages"]

SUFFIXES = (".html", ".htm", ".md")
_HIDDEN = ("script", "style", "noscript", "template")
_INSIDE = re.compile(r"data:image/[\w.+-]+;base64,", re.IGNORECASE)


@dataclass(frozen=True)
class Tag:
    """A tag of a page.

    Args:
        name: In lower case.
        opens: Whether it begins something; else it ends it.
        attributes: Name and value of each, in their order.
        start: Its first character in the page.
        stop: The character behind its last.
    """

    name: str
    opens: bool
    attributes: tuple[tuple[str, str], ...] = ()
    start: int = 0
    stop: int = 0

    def get(self, name: str) -> str | None:
        """The value of an attribute; None where it has none of this name."""
        return next((value for key, value in self.attributes if key == name), None)


def parsed(page: str) -> list[Tag | str]:
    """Tags and the texts between them, without comments, scripts and styles.

    Example:
        >>> [one if isinstance(one, str) else one.name for one in parsed('<p>a <img alt="b"></p>')]
        ['p', 'a ', 'img', 'p']
    """
    parser = _Parser(page)
    parser.feed(page)
    parser.close()
    return parser.found


def pages_in(folder: Path) -> list[Path]:
    """The pages of a folder and of those right below it, sorted; a file README.md is none."""
    return sorted(
        path
        for path in {*folder.glob("*"), *folder.glob("*/*")}
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
        and path.name.lower() != "readme.md"
    )  # fmt: skip


def read_pages(folder: Path, found: Sequence[Path], kinds: Mapping[str, Kind | str] | None = None) -> Table:
    """The table of pages; pictures are files, or arrays where a page holds one inside.

    Args:
        folder: That the names of the files are told from.
        found: The pages.
        kinds: Of columns, where they are not what they are here.

    Raises:
        FormatError: If a page is not in UTF-8, or a picture inside of one is damaged.
        DataError: If a page is empty, or names a picture that is not there or has to be fetched; names page and line.
    """
    columns: dict[str, list[Any]] = {name: [] for name in ("file", "part", "document", "alt", "image", "title")}
    for path in found:
        page = read_text(path)
        page = _of_markdown(page) if path.suffix.lower() == ".md" else page
        name = path.relative_to(folder).as_posix()
        if not any(one.name == "img" if isinstance(one, Tag) else one.strip() for one in parsed(page)):
            raise DataError(f"{name} is empty: take it away, or write something into it")
        for number, (start, text) in enumerate(_parts(page), 1):
            document, said, tag = _blanked(text)
            columns["file"].append(name)
            columns["part"].append(str(number))
            columns["document"].append(document)
            columns["alt"].append(said["alt"])
            columns["title"].append(said["title"])
            line = page.count("\n", 0, start + (tag.start if tag else 0)) + 1
            columns["image"].append(_picture(said["src"], path, f"{name}, line {line}"))
    if set(columns["part"]) == {"1"}:
        del columns["part"]
    columns["image"] = _all_of_one_sort(columns["image"])
    own = {"file": "text", "part": "label", "document": "text", "alt": "text", "image": "picture", "title": "text"}
    return Table.of(columns, kinds={**{k: own[k] for k in columns}, **(kinds or {})})


def picture_inside(src: str, place: str) -> NDArray[np.uint8] | None:
    """(height, width, 3) of a picture that a `src` holds as `data:image/...;base64,`; None where it holds none.

    Raises:
        FormatError: If it is damaged; names the place.
    """
    if not (match := _INSIDE.match(src)):
        return None
    with guarded(place, "holds a picture that cannot be read"):
        content = base64.b64decode(src[match.end() :], validate=True)
        return decoded(io.BytesIO(content), f"{place}: what is inside src")


class _Parser(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Tag | str] = []
        self._lines = [0, *(match.end() for match in re.finditer("\n", page))]
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._place()
        raw = self.get_starttag_text() or ""
        self._hidden += tag in _HIDDEN
        if not self._hidden:
            held = tuple((name, value or "") for name, value in attrs)
            self.found.append(Tag(tag, True, held, start, start + len(raw)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._hidden -= tag in _HIDDEN

    def handle_endtag(self, tag: str) -> None:
        if not self._hidden:
            start = self._place()
            self.found.append(Tag(tag, False, (), start, start))
        self._hidden -= tag in _HIDDEN and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def _parts(page: str) -> list[tuple[int, str]]:
    """Where each part begins, and it: every part but the last ends with a picture."""
    pictures = [one for one in parsed(page) if isinstance(one, Tag) and one.name == "img"]
    cuts = [0, *(tag.stop for tag in pictures[:-1]), len(page)]
    return [(a, page[a:b]) for a, b in pairwise(cuts)]


def _blanked(page: str) -> tuple[str, dict[str, str | None], Tag | None]:
    """The page with its first `alt`, `src` and link's `title` left blank, what they said, and the picture's tag."""
    tags = [one for one in parsed(page) if isinstance(one, Tag) and one.opens]
    picture = next((tag for tag in tags if tag.name == "img"), None)
    link = next((tag for tag in tags if tag.name == "a" and tag.get("title") is not None), None)
    said: dict[str, str | None] = {"alt": None, "src": None, "title": None}
    changes: list[tuple[int, int, str]] = []
    if picture is not None:
        raw = page[picture.start : picture.stop]
        for name in ("alt", "src"):
            said[name] = picture.get(name) or None
            raw = _blank(raw, name)
        changes.append((picture.start, picture.stop, raw))
    if link is not None:
        said["title"] = link.get("title") or None
        changes.append((link.start, link.stop, _blank(page[link.start : link.stop], "title")))
    for start, stop, raw in sorted(changes, reverse=True):
        page = page[:start] + raw + page[stop:]
    return page, said, picture


_ATTRIBUTE = re.compile(r"""(\s+)([^\s=/>"']+)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?""")


def _blank(raw: str, name: str) -> str:
    """A tag with one of its attributes left blank; it gets one that it lacks."""
    seen = False

    def changed(match: re.Match[str]) -> str:
        nonlocal seen
        if seen or match[2].lower() != name:
            return match[0]
        seen = True
        return f'{match[1]}{match[2]}=""'

    found = _ATTRIBUTE.sub(changed, raw)
    return found if seen else re.sub(r"^<\w+", rf'\g<0> {name}=""', raw)


def _picture(src: str | None, page: Path, place: str) -> Any:
    if src is None:
        return None
    if (inside := picture_inside(src, place)) is not None:
        return inside
    if re.match(r"[a-z][a-z0-9+.-]+:", src, re.IGNORECASE) or src.startswith("//"):
        raise DataError(f"{place}: the picture {src[:60]!r} is not a file: fetch it, and name the file in src")
    file = page.parent / unquote(src.split("?")[0].split("#")[0])
    if not file.is_file():
        raise DataError(
            f"{place}: the picture {src[:60]!r} is not there: put it beside the page, or take the <img> out"
        )
    return str(file)


def _all_of_one_sort(pictures: list[Any]) -> list[Any]:
    """Files, or arrays where one is an array."""
    if not any(isinstance(one, np.ndarray) for one in pictures):
        return pictures
    return [decoded(one) if isinstance(one, str) else one for one in pictures]


_HEAD = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_IMAGE = re.compile(r"""!\[([^\]]*)\]\(\s*(\S+?)(?:\s+"[^"]*")?\s*\)""")
_LINK = re.compile(r"""\[([^\]]+)\]\(\s*\S+?(?:\s+"([^"]*)")?\s*\)""")


def _of_markdown(text: str) -> str:
    """Headings, paragraphs, pictures and links as HTML, a line for a line; what else there is stays as it is."""
    lines, inside = [], False
    for line in text.splitlines():
        head = _HEAD.match(line)
        shown = _IMAGE.sub(lambda m: f'<img alt="{escape(m[1])}" src="{escape(m[2])}">', head[2] if head else line)
        shown = _LINK.sub(_link, shown)
        if head or not line.strip():
            end, inside = "</p>" if inside else "", False
            lines.append(f"{end}<h{len(head[1])}>{shown}</h{len(head[1])}>" if head else end)
        else:
            lines.append(shown if inside else f"<p>{shown}")
            inside = True
    return "\n".join(lines) + ("</p>" if inside else "")


def _link(match: re.Match[str]) -> str:
    title = "" if match[2] is None else f' title="{escape(match[2])}"'
    return f"<a{title}>{match[1]}</a>"
