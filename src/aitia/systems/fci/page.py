"""What the report shows: the graph, what its marks say, and why each edge stands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aitia.graph.marks import Edge
from aitia.report import Block, GraphFigure, TableBlock, Text

if TYPE_CHECKING:
    from aitia.systems.fci.model import FCI

__all__ = ["MARKS", "blocks", "reading"]

MARKS = (
    "A head says that the variable does not cause the other one, a tail that it does, two heads that a hidden variable "
    "causes both; at a circle the rows leave open which."
)
READINGS = {
    "-->": "{left} causes {right}, directly or through others.",
    "<->": "A hidden variable causes both; neither causes the other.",
    "o->": "{right} does not cause {left}: {left} causes it, a hidden variable causes both, or both are so.",
    "o-o": "Which causes which, or whether a hidden variable causes both, is open.",
    "o--": "{right} causes {left} or the selection of the rows; whether {left} causes {right} is open.",
    "---": "Both bear on which rows were selected.",
}


def reading(edge: Edge) -> str:
    """What an edge of a PAG says, in a sentence.

    Example:
        >>> from aitia.graph import Graph
        >>> reading(Graph("a <-> b").edges[0])
        'A hidden variable causes both; neither causes the other.'
    """
    if edge.symbol not in READINGS:
        edge = edge.reversed()
    return READINGS[edge.symbol].format(left=edge.left, right=edge.right)


def blocks(model: "FCI") -> Sequence[Block]:
    """The graph found."""
    graph = model.graph
    evidence = {(e.left, e.right): model.why(e) for e in graph.edges}
    shown: list[Block] = [GraphFigure(graph.to_svg(), evidence, MARKS)]
    if not graph.edges:
        return [*shown, Text("No edges: no two variables depend on each other once the others are taken in.")]
    rows: list[list[object]] = [[f"{e.left} {e.symbol} {e.right}", " ".join(model.why(e))] for e in graph.edges]
    return [*shown, TableBlock(["edge", "what it says, and why it stands"], rows)]
