"""The report of a reader: each text with its graph, and the sentences that say its edges, marked."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from aitia.graph.drawing import to_svg
from aitia.report.blocks import Block, Callout, GraphFigure, Section, TableBlock, Text
from aitia.systems.recast.reading import ReadText

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.recast.model import Recast

__all__ = ["MarkedText", "blocks", "of_text"]

SHOWN = 5
"""Texts that a report shows."""
LETTERS = 20_000
"""Of a text that are shown."""
SIGNS = {1: "raises", -1: "lowers", 0: "changes"}


@dataclass(frozen=True)
class MarkedText:
    """A text with places marked, each with a number.

    Args:
        text: The text.
        places: First character, the one behind the last, and what stands above the mark.
    """

    text: str
    places: Sequence[tuple[int, int, str]]

    def html(self) -> str:
        """As HTML; what overlaps is one mark with both numbers."""
        cuts = sorted({0, min(len(self.text), LETTERS), *(min(x, LETTERS) for a, b, _ in self.places for x in (a, b))})
        parts = []
        for a, b in itertools.pairwise(cuts):
            over = ", ".join(dict.fromkeys(label for x, y, label in self.places if x <= a and b <= y))
            said = escape(self.text[a:b]).replace("\n", "<br>")
            parts.append(f"<mark>{said}<sup>{escape(over)}</sup></mark>" if over else said)
        return f"<p>{''.join(parts)}{' …' if len(self.text) > LETTERS else ''}</p>"


def of_text(read: ReadText) -> list[Block]:
    """The graph, its edges with their quotes, and the text with the quotes marked."""
    apart: list[Block] = []
    if read.unsupported:
        lines_apart = [f'{a} -> {b}: "{said}"' for a, b, said in read.unsupported]
        apart = [Callout(lines_apart, "warning", "Named with a quote that is not in the text, and left out:")]
    if not read.support:
        return [Text("No edge was found that a sentence of the text says."), *apart, MarkedText(read.text, [])]
    lines: list[list[object]] = []
    places = []
    for number, (one, quotes) in enumerate(zip(read.support, read.quotes, strict=True), 1):
        lines.append([number, one.cause, SIGNS[one.sign], one.effect, " … ".join(quotes)])
        places += [(a, b, str(number)) for a, b in one.places]
    evidence: dict[tuple[str, str], list[str]] = {}
    for edge, quotes in zip(read.edges, read.quotes, strict=True):
        for key in (edge, edge[::-1]):  # a pair that is said both ways is drawn in one of them
            evidence.setdefault(key, []).extend(quotes)
    found: list[Block] = [
        GraphFigure(to_svg(read.graph), evidence, "What the text says; point at an edge to read where."),
        TableBlock(["edge", "cause", "how", "effect", "the text says"], lines),
    ]
    if read.both_ways:
        pairs = "; ".join(f"{a} and {b}" for a, b in read.both_ways)
        found.append(Callout([f"The text says both ways round of {pairs}: the graph leaves these edges open."]))
    return [*found, *apart, MarkedText(read.text, places)]


def blocks(reader: "Recast", given: "Given") -> list[Block]:
    """Some rows, each with its text; how each text was read."""
    rows = given.take(range(min(SHOWN, len(given))))
    found: list[Block] = [
        Text(
            f"Read by {reader.config.reader}. An edge says that the text says so, not that it is so; each keeps the "
            "sentence that it was read off."
        )
    ]
    for k, read in enumerate(reader._readings(rows)):
        found.append(Section(f"text {k + 1}", of_text(read)))
    return found
