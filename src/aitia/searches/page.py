"""What the report of a search by scores shows: the graph, and why each edge stands."""

from collections.abc import Sequence

from aitia.report import Block, GraphFigure, TableBlock, Text
from aitia.searches.scored import ScoreSearch

__all__ = ["blocks"]


def blocks(model: ScoreSearch) -> Sequence[Block]:
    """The graph found, and the evidence for each edge."""
    graph = model.graph_
    caption = "An arrow points from a cause to its effect; a line without a head may point either way."
    evidence = {(e.left, e.right): model.why(e) for e in graph.edges}
    shown: list[Block] = [GraphFigure(graph.to_svg(), evidence, caption)]
    if not graph.edges:
        return [*shown, Text("No edges: no edge raises the score.")]
    rows: list[list[object]] = [[f"{e.left} {e.symbol} {e.right}", " ".join(model.why(e))] for e in graph.edges]
    return [*shown, TableBlock(["edge", "why it stands"], rows)]
