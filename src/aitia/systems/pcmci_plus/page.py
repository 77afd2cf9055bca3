"""What the report shows: the window, the summary over lags, and why each edge stands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aitia.errors import GraphError
from aitia.graph.graph import Graph
from aitia.graph.lagged import lagged_effects, summary, variable_of
from aitia.report import Block, GraphFigure, TableBlock, Text

if TYPE_CHECKING:
    from aitia.systems.pcmci_plus.model import PCMCIPlus

__all__ = ["CAPTION", "blocks", "summary_blocks", "summary_rows"]

CAPTION = (
    "x[t-2] is x two steps before now, x[t] is x now. An arrow points from a cause to its effect; a line without a "
    "head joins two of one time and may point either way."
)


def summary_rows(graph: Graph) -> list[tuple[str, str, str]]:
    """The graph over the variables: cause, effect and the lags, a row each; `x --- y` where the direction is open.

    Example:
        >>> summary_rows(Graph("x[t-1] -> x[t]; x[t-2] -> y[t]; x[t] -> y[t]; z[t] -- y[t]"))
        [('x', 'x', '1'), ('x', 'y', '0, 2'), ('y --- z', 'either way', '0')]
    """
    rows = [(cause, effect, ", ".join(map(str, lags))) for (cause, effect), lags in lagged_effects(graph).items()]
    open_ = [e for e in graph.edges if e.symbol == "---"]
    return rows + [(f"{variable_of(e.left)} --- {variable_of(e.right)}", "either way", "0") for e in open_]


def blocks(model: "PCMCIPlus") -> Sequence[Block]:
    """The graph found."""
    graph = model.graph
    evidence = {(e.left, e.right): model.why(e) for e in graph.edges}
    shown: list[Block] = [GraphFigure(graph.to_svg(), evidence, CAPTION)]
    if not graph.edges:
        return [*shown, Text("No edges: no two variables depend on each other once what came before is taken in.")]
    shown += summary_blocks(graph)
    rows: list[list[object]] = [
        [f"{e.left} {e.symbol} {e.right}", f"{model.strengths_[e.left, e.right]:.2f}", " ".join(model.why(e))]
        for e in graph.edges
    ]
    return [*shown, TableBlock(["edge", "strength", "why it stands"], rows)]


def summary_blocks(graph: Graph) -> list[Block]:
    """The graph over the variables, as a picture where one edge a pair can say it, and as a table with all lags."""
    table = TableBlock(
        ["cause", "effect", "lags"], [list(row) for row in summary_rows(graph)], "All lags at which a variable acts."
    )
    try:
        over = summary(graph)
    except GraphError:  # feedback, or an edge of one time beside lagged ones: the table has them
        return [table]
    labels = {pair: ", ".join(map(str, lags)) for pair, lags in lagged_effects(graph).items()}
    about = "Summary over the lags, which stand beside the edges; effects of a variable on itself are left out."
    return [GraphFigure(over.to_svg(labels=labels), {}, about), table]
