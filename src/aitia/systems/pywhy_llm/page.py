"""The report of what a language model said: the graph, each pair, and how far the place in the question decides."""

from typing import TYPE_CHECKING

from aitia.graph.drawing import to_svg
from aitia.report.blocks import Block, Callout, GraphFigure, TableBlock, Text

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.pywhy_llm.model import PywhyLlm

__all__ = ["blocks"]

SHOWN = 60
"""Pairs that a report shows."""


def blocks(model: "PywhyLlm", given: "Given") -> list[Block]:
    """Of what was asked in the fit."""
    if not model._pairs:
        return [Text("Nothing was asked: the model is bound to whom it will ask.")]
    drawn = model.drawn
    evidence = {}
    lines: list[list[object]] = []
    for pair, verdict in list(zip(model._pairs, model._verdicts, strict=True))[:SHOWN]:
        said = " / ".join(text[:40] or "(nothing)" for text in verdict.texts)
        lines.append([pair.x, verdict.answer, pair.y, f"{verdict.confidence:.2f}", said])
        for edge in ((pair.x, pair.y), (pair.y, pair.x)):
            evidence[edge] = [f"said {verdict.answer} with confidence {verdict.confidence:.2f}", *verdict.texts]
    asked = sum(len(v.said) for v in model._verdicts)
    firsts = sum(v.firsts for v in model._verdicts)
    consistent = sum(v.consistent for v in model._verdicts)
    found: list[Block] = [
        Text(
            f"{len(model._pairs)} pairs, asked {asked} times. The same was said each time of {consistent}; the first "
            f"option was chosen {firsts} times. What a model says is no evidence: data may refute it."
        ),
        GraphFigure(to_svg(drawn.graph), evidence, "What the model says of each pair; point at an edge to read how."),
        TableBlock(["x", "said", "y", "confidence", "verbatim"], lines),
    ]
    notes = [f"{a} -> {b}: dropped, the weakest edge of a cycle" for a, b in drawn.cycles]
    notes += [f"{a} -> {b}: left out, a longer path has its effect" for a, b in drawn.longer]
    notes += [f"{a}, {b}: undecided" for a, b in drawn.undecided[:SHOWN]]
    if notes:
        found.append(Callout(notes, "note", "Not in the graph:"))
    return found
