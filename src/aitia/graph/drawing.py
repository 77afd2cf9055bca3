"""Pictures of graphs: SVG for notebooks and reports, a matplotlib figure, and plain text for a terminal."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from math import hypot
from typing import TYPE_CHECKING, Any, TypeVar

from aitia.errors import MissingExtraError, unknown_variable
from aitia.graph._layout import NODE_HEIGHT, Layout, layout
from aitia.graph.graph import Graph
from aitia.graph.lagged import is_window, lag_of
from aitia.graph.marks import Edge, Mark, quote

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot", "to_svg", "to_text"]

Point = tuple[float, float]
Value = TypeVar("Value")

MARGIN = 12.0
ARROW = 9.0
CIRCLE = 4.0
BEND = 22.0
"""How far the second edge of a pair bends away from the first."""
LETTER = 7.0
"""About how wide a letter beside an edge is."""

_STYLE = (
    ".node rect{fill:#fff;stroke:#3b4a5a;stroke-width:1.4}"
    ".node text{font:14px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1c2733;text-anchor:middle}"
    ".edge .line{fill:none;stroke:#3b4a5a;stroke-width:1.6}"
    ".edge .hit{fill:none;stroke:transparent;stroke-width:14}"
    ".edge .head{fill:#3b4a5a;stroke:#3b4a5a}.edge .ring{fill:#fff;stroke:#3b4a5a;stroke-width:1.4}"
    ".edge text{font:11px system-ui,sans-serif;fill:#55677a;text-anchor:middle}"
    ".edge .back{fill:#fff}"
    ".node.highlight rect{fill:#fff1d6;stroke:#b8741a}"
    ".node.context rect{fill:#e8eef5;stroke-dasharray:4 3}"
)


def to_svg(
    graph: Graph,
    *,
    highlight: Iterable[str] = (),
    classes: Mapping[str, str] | None = None,
    labels: Mapping[tuple[str, str], str] | None = None,
    titles: Mapping[tuple[str, str], str] | None = None,
    sureness: Mapping[tuple[str, str], float] | None = None,
    dashed: Collection[tuple[str, str]] = (),
) -> str:
    """The graph as a self-contained SVG picture, causes above effects.

    Every edge is a group with class `edge` and the attributes `data-from` and `data-to`, every node one with class
    `node` and `data-name`, so that a page can react to them.

    Args:
        graph: What to draw.
        highlight: Nodes to set off.
        classes: Further classes of nodes, such as `context`.
        labels: Text beside an edge, by its ends in either order; where --> and <-> join them, beside -->.
        titles: Text that a browser shows when the pointer rests on an edge, by its ends likewise.
        sureness: From 0 to 1, by the ends of an edge likewise: the less sure, the thinner and fainter it is.
        dashed: Edges with a dashed line, by their ends in either order.

    Raises:
        UnknownVariableError: If a name is no node.
    """
    marked = dict.fromkeys(highlight)
    for name in (*marked, *(classes or {})):
        if name not in graph:
            raise unknown_variable(name, graph.nodes)
    placed = layout(graph)
    width, height = placed.width + 2 * MARGIN, placed.height + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'role="img" aria-label="{escape(str(graph), quote=True)}" style="max-width:100%;height:auto">',
        f"<style>{_STYLE}</style>",
        f'<g transform="translate({MARGIN:g} {MARGIN:g})">',
    ]
    for edge, points in zip(graph.edges, _paths(graph, placed), strict=True):
        told = () if _is_beside(graph, edge) else (edge.left, edge.right)
        title = _either(titles, *told) or str(edge)
        label = _either(labels, *told)
        parts.append(
            f'<g class="edge" tabindex="0" data-from="{_attribute(edge.left)}" data-to="{_attribute(edge.right)}">'
            f"<title>{escape(title)}</title>"
        )
        curve = _curve(points)
        ends = _end(points[1], points[0], edge.left_mark) + _end(points[-2], points[-1], edge.right_mark)
        faint, line = _faintness(_either(sureness, *told), _among(dashed, *told))
        drawn = f'<path class="line"{line} d="{curve}"/>{ends}'
        parts.append(f'<path class="hit" d="{curve}"/>' + (f"<g{faint}>{drawn}</g>" if faint else drawn))
        if label:
            x, y = _middle(points)
            w = LETTER * len(label) + 4
            parts.append(
                f'<rect class="back" x="{x - w / 2:.1f}" y="{y - 13:.1f}" width="{w:.1f}" height="14"/>'
                f'<text x="{x:.1f}" y="{y - 2:.1f}">{escape(label)}</text>'
            )
        parts.append("</g>")
    for name, (x, y) in placed.centers.items():
        kinds = " ".join(
            [
                "node",
                *(["highlight"] if name in marked else []),
                *([classes[name]] if classes and name in classes else []),
            ]
        )
        w = placed.widths[name]
        parts.append(
            f'<g class="{escape(kinds, quote=True)}" data-name="{_attribute(name)}">'
            f'<rect x="{x - w / 2:.1f}" y="{y - NODE_HEIGHT / 2:.1f}" width="{w:.1f}" height="{NODE_HEIGHT:g}" rx="9"/>'
            f'<text x="{x:.1f}" y="{y + 5:.1f}">{escape(name)}</text></g>'
        )
    return "".join([*parts, "</g></svg>"])


def plot(
    graph: Graph,
    ax: Any = None,
    *,
    sureness: Mapping[tuple[str, str], float] | None = None,
    dashed: Collection[tuple[str, str]] = (),
) -> "Figure":
    """The same picture as a matplotlib figure.

    Args:
        graph: What to draw.
        ax: Axes to draw into; None makes a new figure.
        sureness: See `to_svg`.
        dashed: See `to_svg`.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
        from matplotlib.path import Path
    except ImportError as error:
        raise MissingExtraError("drawing needs matplotlib: pip install 'aitia[data]'") from error

    placed = layout(graph)
    if ax is None:
        figure = Figure(figsize=(max(placed.width + 2 * MARGIN, 80) / 72, max(placed.height + 2 * MARGIN, 60) / 72))
        ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(-MARGIN, placed.width + MARGIN)
    ax.set_ylim(placed.height + MARGIN, -MARGIN)
    ax.set_aspect("equal")
    ax.axis("off")
    ink = "#3b4a5a"
    for edge, points in zip(graph.edges, _paths(graph, placed), strict=True):
        vertices, codes = [points[0]], [Path.MOVETO]
        for a, b, end in _segments(points):
            vertices += [a, b, end]
            codes += [Path.CURVE4] * 3
        told = () if _is_beside(graph, edge) else (edge.left, edge.right)
        sure = _either(sureness, *told)
        width, alpha = (1.4, 1.0) if sure is None else (_width(sure), _opacity(sure))
        style = "--" if _among(dashed, *told) else "-"
        ax.add_patch(
            PathPatch(Path(vertices, codes), fill=False, edgecolor=ink, lw=width, ls=style, alpha=alpha, zorder=1)
        )
        for start, tip, mark in ((points[1], points[0], edge.left_mark), (points[-2], points[-1], edge.right_mark)):
            if mark == Mark.ARROW:
                ax.add_patch(Polygon(_head(start, tip), closed=True, color=ink, alpha=alpha, zorder=2))
            elif mark == Mark.CIRCLE:
                ax.add_patch(Circle(_ring(start, tip), CIRCLE, facecolor="white", edgecolor=ink, alpha=alpha, zorder=2))
    for name, (x, y) in placed.centers.items():
        w = placed.widths[name]
        ax.add_patch(
            FancyBboxPatch(
                (x - w / 2 + 8, y - NODE_HEIGHT / 2 + 8), w - 16, NODE_HEIGHT - 16,
                boxstyle="round,pad=8,rounding_size=9", facecolor="white", edgecolor=ink, linewidth=1.4, zorder=3,
            )
        )  # fmt: skip
        ax.text(x, y, name, ha="center", va="center", fontsize=10, color="#1c2733", zorder=4)
    whole: Figure = ax.figure
    return whole


def to_text(graph: Graph) -> str:
    """The graph for a terminal: each effect with its causes, then what has no direction, then what has no edge now.

    Example:
        >>> print(to_text(Graph("age -> income <- job; job --- town; cat")))
        income  <-  age, job
        job ---  town
        cat (no edge)
    """
    lines = []
    effects = [name for name in _causes_first(graph) if graph.parents(name)]
    wide = max((len(quote(name)) for name in effects), default=0)
    lines += [f"{quote(n):<{wide}}  <-  {', '.join(map(quote, graph.parents(n)))}" for n in effects]
    other = [e for e in graph.edges if e.symbol != "-->"]
    lines += [f"{quote(e.left)} {e.symbol}  {quote(e.right)}" for e in other]
    past = is_window(graph)  # of which nodes without edge are not told
    alone = [name for name in graph.nodes if not graph.adjacent(name) and not (past and lag_of(name))]
    lines += [f"{quote(name)} (no edge)" for name in alone]
    lines += [f"{' - '.join(map(quote, triple))} (open: a collider or not)" for triple in graph.open_triples]
    return "\n".join(lines)


def _causes_first(graph: Graph) -> Sequence[str]:
    return graph.topological_order() if graph.is_acyclic else graph.nodes


# -- geometry ---------------------------------------------------------------------------------------------------------


def _paths(graph: Graph, placed: Layout) -> list[list[Point]]:
    """The points of each edge, from border to border of its nodes."""
    paths = []
    for edge, route in zip(graph.edges, placed.routes, strict=True):
        a, b = placed.centers[edge.left], placed.centers[edge.right]
        middle = list(route)
        beside = _is_beside(graph, edge)
        if not middle and a[1] == b[1]:  # side by side: bow out, so that nothing in between is crossed
            middle = [((a[0] + b[0]) / 2, a[1] + (NODE_HEIGHT if beside else -NODE_HEIGHT))]
        elif not middle and beside:  # and so that two edges of a pair are seen as two
            ux, uy = _unit(a, b)
            middle = [((a[0] + b[0]) / 2 + uy * BEND, (a[1] + b[1]) / 2 - ux * BEND)]
        start = _border(a, placed.widths[edge.left], middle[0] if middle else b)
        end = _border(b, placed.widths[edge.right], middle[-1] if middle else a)
        paths.append([start, *middle, end])
    return paths


def _is_beside(graph: Graph, edge: Edge) -> bool:
    """Whether it is the <-> of a pair that --> joins too."""
    if edge.symbol != "<->":
        return False
    return edge.left in graph.parents(edge.right) or edge.right in graph.parents(edge.left)


def _border(center: Point, width: float, towards: Point) -> Point:
    """Where the line from the middle of a box leaves it."""
    dx, dy = towards[0] - center[0], towards[1] - center[1]
    scale = min((width / 2) / abs(dx) if dx else float("inf"), (NODE_HEIGHT / 2) / abs(dy) if dy else float("inf"))
    return center[0] + dx * scale, center[1] + dy * scale


def _segments(points: Sequence[Point]) -> list[tuple[Point, Point, Point]]:
    """Smooth cubic pieces through the points: both control points and the end of each."""
    pieces = []
    for k in range(len(points) - 1):
        before, p, q, after = points[max(k - 1, 0)], points[k], points[k + 1], points[min(k + 2, len(points) - 1)]
        a = (p[0] + (q[0] - before[0]) / 6, p[1] + (q[1] - before[1]) / 6)
        b = (q[0] - (after[0] - p[0]) / 6, q[1] - (after[1] - p[1]) / 6)
        pieces.append((a, b, q))
    return pieces


def _curve(points: Sequence[Point]) -> str:
    pieces = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for a, b, end in _segments(points):
        pieces.append(f"C{a[0]:.1f} {a[1]:.1f} {b[0]:.1f} {b[1]:.1f} {end[0]:.1f} {end[1]:.1f}")
    return "".join(pieces)


def _unit(start: Point, tip: Point) -> Point:
    dx, dy = tip[0] - start[0], tip[1] - start[1]
    length = hypot(dx, dy) or 1.0
    return dx / length, dy / length


def _head(start: Point, tip: Point) -> tuple[Point, Point, Point]:
    """The corners of an arrow head."""
    ux, uy = _unit(start, tip)
    back = (tip[0] - ux * ARROW, tip[1] - uy * ARROW)
    half = ARROW * 0.42
    return tip, (back[0] - uy * half, back[1] + ux * half), (back[0] + uy * half, back[1] - ux * half)


def _ring(start: Point, tip: Point) -> Point:
    ux, uy = _unit(start, tip)
    return tip[0] - ux * CIRCLE, tip[1] - uy * CIRCLE


def _end(start: Point, tip: Point, mark: Mark) -> str:
    if mark == Mark.ARROW:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in _head(start, tip))
        return f'<polygon class="head" points="{corners}"/>'
    if mark == Mark.CIRCLE:
        x, y = _ring(start, tip)
        return f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="{CIRCLE:g}"/>'
    return ""


def _middle(points: Sequence[Point]) -> Point:
    k = (len(points) - 1) // 2
    (x0, y0), (x1, y1) = points[k], points[k + 1]
    return (x0 + x1) / 2, (y0 + y1) / 2


def _either(of: Mapping[tuple[str, str], Value] | None, *ends: str) -> Value | None:
    """What is said of a pair of ends in either order; None for none."""
    if of is None or not ends:
        return None
    a, b = ends
    return of.get((a, b), of.get((b, a)))


def _among(edges: Collection[tuple[str, str]], *ends: str) -> bool:
    return ends in edges or ends[::-1] in edges


def _opacity(sure: float) -> float:
    return 0.3 + 0.7 * sure


def _width(sure: float) -> float:
    return 0.8 + 1.2 * sure


def _faintness(sure: float | None, dashed: bool) -> tuple[str, str]:
    """Attributes of the marks of an edge together, which overlap, and of its line."""
    style = [] if sure is None else [f"stroke-width:{_width(sure):.2f}"]
    if dashed:
        style.append("stroke-dasharray:5 3")
    return (
        "" if sure is None else f' opacity="{_opacity(sure):.2f}"',
        f' style="{";".join(style)}"' if style else "",
    )


def _attribute(text: str) -> str:
    return escape(text, quote=True)
