"""The parts of a report; each turns into HTML by itself, every text from outside escaped."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, Protocol

__all__ = ["Block", "Callout", "Code", "GraphFigure", "Multiples", "Picture", "Section", "TableBlock", "Text"]


LONG, WRAPPED, PHONE = 22, 14, 44
"""Letters of a word that may be broken, of a line in a cell, and of the widest table that a phone shows as one."""
_AFTER = re.compile(r"(?<=[./_\[\]=,;|-])(?=\w)")


class Block(Protocol):
    """Anything that can stand in a report."""

    def html(self) -> str:
        """As HTML."""


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Args:
        text: Plain text.
        small: Whether it is an aside.
    """

    text: str
    small: bool = False

    def html(self) -> str:
        """As HTML."""
        return f"<p{' class=small' if self.small else ''}>{escape(self.text)}</p>"


@dataclass(frozen=True)
class Callout:
    """Something not to be overlooked.

    Args:
        lines: One or more sentences, each its own item.
        kind: `alarm`, `warning` or `note`.
        title: Above them.
    """

    lines: Sequence[str]
    kind: Literal["alarm", "warning", "note"] = "note"
    title: str = ""

    def html(self) -> str:
        """As HTML."""
        items = "".join(f"<li>{escape(line)}</li>" for line in self.lines)
        head = f"<strong>{escape(self.title)}</strong>" if self.title else ""
        return f'<div class="callout {self.kind}">{head}<ul>{items}</ul></div>'


@dataclass(frozen=True)
class TableBlock:
    """A table; columns of numbers stand to the right.

    Args:
        columns: Heads.
        rows: Cells, as text or numbers.
        caption: Below it.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    caption: str = ""

    def html(self) -> str:
        """As HTML."""
        numbers = [all(map(_is_number, cells)) for cells in zip(*self.rows, strict=True)] or [False] * len(self.columns)
        head = "".join(
            f"<th{' class=number' if right else ''}>{escape(c)}</th>"
            for c, right in zip(self.columns, numbers, strict=True)
        )
        stacked = self._letters() > PHONE
        heads = [f' data-head="{escape(c, quote=True)}"' if stacked else "" for c in self.columns]
        body = "".join("<tr>" + "".join(map(_cell, row, heads)) + "</tr>" for row in self.rows)
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        kind = " class=stack" if stacked else ""
        table = f"<table{kind}>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f'<div class="scroll">{table}</div>'

    def _letters(self) -> int:
        """How many letters a line of the table needs where cells are wrapped after a few words."""
        columns = zip(self.columns, *([_shown(value) for value in row] for row in self.rows), strict=True)
        return sum(2 + min(max(map(len, cells)), WRAPPED) for cells in columns)


def _cell(value: object, head: str) -> str:
    kind = ' class="number"' if _is_number(value) else ""
    return f"<td{kind}{head}>{_breakable(_shown(value))}</td>"


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _breakable(text: str) -> str:
    """Escaped, and with places to break a word as long as a path or the name of a site."""
    if max(map(len, text.split()), default=0) <= LONG:
        return escape(text)
    return "<wbr>".join(map(escape, _AFTER.split(text)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Picture:
    """An SVG picture made here; it is not escaped.

    Args:
        svg: The picture.
        caption: Below it.
        narrow: The same for a phone, where the picture is too wide for one.
    """

    svg: str
    caption: str = ""
    narrow: str = ""

    def html(self) -> str:
        """As HTML."""
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        shown = f'<div class="desk">{self.svg}</div><div class="phone">{self.narrow}</div>' if self.narrow else self.svg
        return f"<figure>{shown}{caption}</figure>"


@dataclass(frozen=True)
class Multiples:
    """Small pictures side by side, as many in a row as there is room for.

    Args:
        pictures: In order.
    """

    pictures: Sequence[Picture]

    def html(self) -> str:
        """As HTML."""
        return f'<div class="multiples">{"".join(picture.html() for picture in self.pictures)}</div>'


@dataclass(frozen=True)
class GraphFigure:
    """A graph whose edges tell their evidence when pointed at, touched, or reached with the keyboard.

    Args:
        svg: From `aitia.graph.drawing.to_svg`.
        evidence: For each edge (from, to) as drawn, sentences on why it stands.
        caption: Below it.
    """

    svg: str
    evidence: Mapping[tuple[str, str], Sequence[str]]
    caption: str = ""

    def html(self) -> str:
        """As HTML."""
        data = json.dumps([[a, b, list(lines)] for (a, b), lines in self.evidence.items()], ensure_ascii=False)
        data = data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        panel = '<div class="panel" aria-live="polite">Point at an edge to see why it is there.</div>'
        return (
            f'<figure class="graph">{self.svg}{panel if "data-from=" in self.svg else ""}'
            f'<figcaption>{escape(self.caption)}</figcaption><script type="application/json">{data}</script></figure>'
        )


@dataclass(frozen=True)
class Code:
    """Something to copy.

    Args:
        text: The code.
        title: Above it.
    """

    text: str
    title: str = ""

    def html(self) -> str:
        """As HTML."""
        head = f'<p class="small">{escape(self.title)}</p>' if self.title else ""
        return f"{head}<pre><code>{escape(self.text)}</code></pre>"


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it.

    Args:
        title: The heading.
        blocks: In order.
    """

    title: str
    blocks: Sequence[Block]

    def html(self) -> str:
        """As HTML."""
        inner = "".join(block.html() for block in self.blocks)
        return f"<section><h2>{escape(self.title)}</h2>{inner}</section>"
