"""The report of a labeller: texts with what was found and what was said, and each type's score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aitia.report.blocks import Block, TableBlock, Text
from aitia.systems.sift.sentences import Span, sentence_of
from aitia.systems.sift.span_scores import span_f1

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.sift.model import Sift

__all__ = ["blocks", "marked"]

SHOWN = 12
"""Texts that a report shows."""


def marked(text: str, spans: Sequence[Span]) -> str:
    """A text with its spans in brackets, such as `[Ann Lee: person] left`.

    Example:
        >>> marked("Ann Lee left", [(0, 7, "person")])
        '[Ann Lee: person] left'
    """
    found, last = "", 0
    for start, stop, kind in sorted(spans):
        found += f"{text[last:start]}[{text[start:stop]}: {kind}]"
        last = stop
    return found + text[last:]


def blocks(system: "Sift", given: "Given") -> list[Block]:
    """Some rows; the score of each type where the rows say what is right."""
    rows = given.take(range(min(SHOWN, len(given))))
    texts, labelled = rows.texts("text"), set(system._labelled_rows(rows))
    true, vocabulary = system._spans(rows), system._fitted().vocabulary
    answers = system.answers([sentence_of(text, vocabulary, row) for row, text in enumerate(texts)])
    lines: list[list[object]] = []
    for row, (text, (written, scores)) in enumerate(zip(texts, answers, strict=True)):
        said = marked(text, true[row]) if row in labelled else ""
        least = f"{min(scores):.2f}" if scores else ""
        lines.append([row, marked(text, written.spans), said, least])
    about = "Least log p: of the span that the model was least sure of."
    found: list[Block] = [
        Text(f"Spans of {', '.join(system.types)}, as the model wrote them and as the rows say."),
        TableBlock(["row", "found", "said", "least log p"], lines, about),
    ]
    if labelled:
        pick = sorted(labelled)
        right, read = [true[row] for row in pick], [list(answers[row][0].spans) for row in pick]
        of_kinds = [(kind, span_f1(right, read, kind)) for kind in system.types]
        table = [[kind, s.count, f"{s.precision:.2f}", f"{s.recall:.2f}", f"{s.f1:.2f}"] for kind, s in of_kinds]
        found.append(TableBlock(["type", "spans", "precision", "recall", "F1"], table, "Of the rows above."))
    return found
