"""What the report shows: the graph, and why each edge stands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aitia.report import Block, GraphFigure, TableBlock, Text

if TYPE_CHECKING:
    from aitia.systems.pc.model import PC

__all__ = ["blocks"]


def blocks(model: "PC") -> Sequence[Block]:
    """The graph found."""
    graph = model.graph
    caption = "An arrow points from a cause to its effect; a line without a head may point either way."
    evidence = {(e.left, e.right): model.why(e) for e in graph.edges}
    shown: list[Block] = [GraphFigure(graph.to_svg(), evidence, caption)]
    if not graph.edges:
        return [*shown, Text("No edges: no two variables depend on each other once the others are taken in.")]
    rows: list[list[object]] = [[f"{e.left} {e.symbol} {e.right}", " ".join(model.why(e))] for e in graph.edges]
    return [*shown, TableBlock(["edge", "why it stands"], rows)]
