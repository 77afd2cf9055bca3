"""What the report shows: the graph, why each edge stands, and what changes with the context."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.report import Block, GraphFigure, Line, Picture, TableBlock, Text, line_chart

if TYPE_CHECKING:
    from aitia.systems.cd_nod.model import CDNOD

__all__ = ["blocks"]


def blocks(model: "CDNOD") -> Sequence[Block]:
    """The graph found, and how its mechanisms move."""
    context, graph = str(model.asked_["context"]), model.augmented_graph_
    changing = [change.variable for change in model.changing_]
    svg = graph.to_svg(classes={context: "context"}, highlight=changing)
    caption = (
        "An arrow points from a cause to its effect; a line without a head may point either way. The dashed box is the "
        f"context: its arrows mark the mechanisms that change with {context}."
    )
    shown: list[Block] = [GraphFigure(svg, {(e.left, e.right): model.why(e) for e in graph.edges}, caption)]
    edges: list[list[object]] = [[f"{e.left} {e.symbol} {e.right}", " ".join(model.why(e))] for e in model.graph_.edges]
    shown.append(TableBlock(["edge", "why it stands"], edges) if edges else Text("There are no edges."))
    if not changing:
        return [*shown, Text(f"No mechanism was found to change with {context}.")]
    rows: list[list[object]] = [
        [c.variable, ", ".join(c.given) or "nothing", f"{c.p_value:.2g}"] for c in model.changing_
    ]
    about = "Variables whose mechanism changes, with the weakest of the tests that say so."
    shown.append(TableBlock(["mechanism", "given", "p-value"], rows, about))
    for name, force in model.forces_.items():
        x = [float(v) if isinstance(v, float | int | np.number) else v for v in force.context.tolist()]
        lines = [
            Line(f"{'first' if k == 0 else 'second'} curve ({share:.0%})", curve.tolist())
            for k, (curve, share) in enumerate(zip(force.curves.curves[:2], force.curves.shares[:2], strict=True))
        ]
        given = f" given {', '.join(force.parents)}" if force.parents else ""
        told = f"How the mechanism of {name}{given} moves. Sign and scale are arbitrary; the shape is what counts."
        shown.append(Picture(line_chart(x, lines, x_label=context, y_label="driving force"), told))
    return shown
