"""The parts of a report; each turns into HTML by itself, every text from outside escaped."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, Protocol

__all__ = ["Block", "Callout", "Code", "GraphFigure", "Picture", "Section", "TableBlock", "Text"]


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
        body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in self.rows)
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        return f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: object) -> str:
    if _is_number(value):
        return f'<td class="number">{f"{value:.3g}" if isinstance(value, float) else value}</td>'
    return f"<td>{escape(str(value))}</td>"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Picture:
    """An SVG picture made here; it is not escaped.

    Args:
        svg: The picture.
        caption: Below it.
    """

    svg: str
    caption: str = ""

    def html(self) -> str:
        """As HTML."""
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        return f"<figure>{self.svg}{caption}</figure>"


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
        return (
            f'<figure class="graph">{self.svg}'
            '<div class="panel" aria-live="polite">Point at an edge to see why it is there.</div>'
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
