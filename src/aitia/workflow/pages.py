"""Pages that somebody else wrote: a run and its answers read no picture that one names outside of its folder."""

import re
from pathlib import Path
from urllib.parse import unquote

from aitia.data.base import Data
from aitia.data.reading.pages import SUFFIXES, Tag, pages_in, parsed
from aitia.errors import DataError
from aitia.guard import read_text

__all__ = ["check_pages"]

_READ = {"file", "document", "image"}
"""Columns of a table that was read from pages."""
_SHOWN = re.compile(r"!\[[^\]]*\]\(\s*(\S+?)[\s)]")
"""A picture in Markdown."""


def check_pages(rows: Data | None, source: Path) -> None:
    """Refuses pages with a picture from outside of the folder that they were read from; links are followed.

    Args:
        rows: What was read.
        source: The page or folder that it was read from.

    Raises:
        DataError: If there is one; names page and line.
        FormatError: If a page is not in UTF-8.
    """
    if rows is None or not set(rows.known.names) >= _READ:
        return
    home = source if source.is_dir() else source.parent
    pages = pages_in(source) if source.is_dir() else [source] if source.suffix.lower() in SUFFIXES else []
    for page in pages:
        text = read_text(page)
        for start, named in _named(text, page.suffix.lower()):
            file = page.parent / unquote(named.split("?")[0].split("#")[0])
            if not file.resolve().is_relative_to(home.resolve()):
                place = f"{page.relative_to(home).as_posix()}, line {text.count(chr(10), 0, start) + 1}"
                raise DataError(f"{place}: the picture {named[:60]!r} lies outside of {home}: put it there")


def _named(text: str, suffix: str) -> list[tuple[int, str]]:
    """Where each picture of a page stands, and what it names; one that a page holds inside is no path to elsewhere."""
    tags = (one for one in parsed(text) if isinstance(one, Tag) and one.name == "img" and one.opens)
    found = [(tag.start, tag.get("src") or "") for tag in tags]
    if suffix == ".md":
        found += [(match.start(), match[1]) for match in _SHOWN.finditer(text)]
    return [(start, named) for start, named in sorted(found) if named]
