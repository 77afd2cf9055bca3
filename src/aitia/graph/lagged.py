"""Time-lagged graphs: a `Graph` whose node `x[t-2]` is the variable x two steps before now, and `x[t]` is x now.

A stationary process is given by the edges into time t alone (a template: `x[t-1] -> x[t]; x[t-1] -> y[t]`), or by a
window in which each edge is repeated at every time where it fits. Every function here reads both.
"""

import re
from itertools import product

from aitia.errors import GraphError, OptionError
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark

__all__ = ["is_stationary", "is_window", "lag_of", "lagged_effects", "lagged_name", "summary", "unroll", "variable_of"]

_NAME = re.compile(r"(?P<variable>.+)\[t(?:-(?P<lag>[0-9]+))?\]", re.DOTALL)


def lagged_name(name: str, lag: int) -> str:
    """The node name of a variable `lag` steps ago.

    Raises:
        OptionError: If the lag is negative.

    Example:
        >>> lagged_name("x", 2), lagged_name("x", 0)
        ('x[t-2]', 'x[t]')
    """
    if lag < 0:
        raise OptionError(f"a lag is 0 (now) or more steps ago, got {lag}")
    return f"{name}[t-{lag}]" if lag else f"{name}[t]"


def lag_of(name: str) -> int:
    """How many steps ago the node of this name lies: 2 for `x[t-2]`, 0 for `x[t]`.

    Raises:
        GraphError: If the name is not of that form.
    """
    return _split(name)[1]


def variable_of(name: str) -> str:
    """The variable of a lagged node: `x` for `x[t-2]`.

    Raises:
        GraphError: If the name is not of that form.
    """
    return _split(name)[0]


def is_window(graph: Graph) -> bool:
    """Whether every node is a variable at a time, and there are several times.

    Example:
        >>> is_window(Graph("x[t-1] -> x[t]")), is_window(Graph("x -> y"))
        (True, False)
    """
    lags = [match["lag"] for name in graph.nodes if (match := _NAME.fullmatch(name)) is not None]
    return len(lags) == len(graph) and len(dict.fromkeys(lags)) > 1


def is_stationary(graph: Graph) -> bool:
    """Whether the edges are the same at every time that the graph covers.

    True of a template (every edge has an end at time t) and of a window in which each edge is repeated wherever both
    its shifted ends are nodes.

    Raises:
        GraphError: If a node name is not of the form `x[t-2]`, or an arrow points into the past.

    Example:
        >>> is_stationary(Graph("x[t-1] -> x[t]; x[t-2] -> x[t-1]")), is_stationary(Graph("x[t-2] -> x[t-1]; x[t]"))
        (True, False)
    """
    return _why_not_stationary(graph) is None


def unroll(graph: Graph, steps: int) -> Graph:
    """The window of the last `steps` times with every edge of the process, oldest time first.

    Edges that reach back behind the window are left out.

    Args:
        graph: A template or a window of a stationary process.
        steps: The number of times, 1 or more.

    Raises:
        GraphError: If the graph is not stationary, a name is not lagged, or an arrow points into the past.
        OptionError: If `steps` is below 1.

    Example:
        >>> print(unroll(Graph("x[t-1] -> x[t] -> y[t]"), 2))
        x[t-1] --> y[t-1]; x[t-1] --> x[t]; x[t] --> y[t]
    """
    if steps < 1:
        raise OptionError(f"a window has 1 time or more, got steps={steps}")
    template = _template(graph)
    variables = list(dict.fromkeys(variable_of(name) for name in graph.nodes))
    nodes = [lagged_name(name, lag) for lag in range(steps - 1, -1, -1) for name in variables]
    edges = [_shifted(edge, by) for edge, by in product(template, range(steps)) if _oldest(edge) + by < steps]
    return Graph(edges, nodes)


def lagged_effects(graph: Graph) -> dict[tuple[str, str], tuple[int, ...]]:
    """Of each pair (cause, effect) with a directed edge, the lags at which it acts; a variable may act on itself.

    Raises:
        GraphError: If the graph is not stationary, a name is not lagged, or an arrow points into the past.

    Example:
        >>> lagged_effects(Graph("x[t-1] -> x[t]; x[t-2] -> y[t]; x[t] -> y[t]"))
        {('x', 'x'): (1,), ('x', 'y'): (0, 2)}
    """
    lags: dict[tuple[str, str], set[int]] = {}
    for edge in _template(graph):
        if edge.left_mark == Mark.TAIL and edge.right_mark == Mark.ARROW:
            (cause, before), (effect, after) = _split(edge.left), _split(edge.right)
            lags.setdefault((cause, effect), set()).add(before - after)
    return {pair: tuple(sorted(found)) for pair, found in sorted(lags.items())}


def summary(graph: Graph) -> Graph:
    """The graph over the variables, with x -> y where some x[t-k] -> y[t]; other marks carry over alike.

    So x -> y stands beside x <-> y where x causes y at one lag and a hidden cause joins them at another.

    Edges of a variable with its own past are left out: `lagged_effects` has them, with all lags.

    Raises:
        GraphError: If two variables are joined at different lags in ways that no edge can sum up (as in feedback
            x -> y -> x); or the graph is not stationary, a name not lagged, or an arrow points into the past.

    Example:
        >>> print(summary(Graph("x[t-1] -> x[t]; x[t-2] -> y[t]; x[t] -> y[t]")))
        x --> y
    """
    joined: dict[frozenset[str], dict[Edge, Edge]] = {}  # the edges between two variables, each with one it is from
    for edge in _template(graph):
        left, right = variable_of(edge.left), variable_of(edge.right)
        if left == right:
            continue
        plain = Edge(left, right, edge.left_mark, edge.right_mark)
        kept = joined.setdefault(frozenset((left, right)), {})
        if plain in kept or plain.reversed() in kept:
            continue
        try:
            Graph([*kept, plain])
        except GraphError:
            first = next(iter(kept.values()))
            raise GraphError(
                f"one edge cannot sum up both {first} and {edge}: take lagged_effects(graph), which keeps every lag"
            ) from None
        kept[plain] = edge
    variables = dict.fromkeys(variable_of(name) for name in graph.nodes)
    return Graph([plain for kept in joined.values() for plain in kept], variables)


def _split(name: str) -> tuple[str, int]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise GraphError(
            f"{name!r} is not a node of a time-lagged graph: write 'x[t]' for now and 'x[t-2]' for two ago"
        )
    return match["variable"], int(match["lag"] or 0)


def _shifted(edge: Edge, by: int) -> Edge:
    """The same edge `by` steps earlier."""
    (left, i), (right, j) = _split(edge.left), _split(edge.right)
    return Edge(lagged_name(left, i + by), lagged_name(right, j + by), edge.left_mark, edge.right_mark)


def _latest(edge: Edge) -> int:
    return min(lag_of(edge.left), lag_of(edge.right))


def _oldest(edge: Edge) -> int:
    return max(lag_of(edge.left), lag_of(edge.right))


def _template(graph: Graph) -> list[Edge]:
    """The edges with an end at time t, of a graph that is stationary."""
    if why := _why_not_stationary(graph):
        raise GraphError(f"the graph is not stationary: {why}")
    return [edge for edge in graph.edges if _latest(edge) == 0]


def _why_not_stationary(graph: Graph) -> str | None:
    for node in graph.nodes:
        _split(node)
    for edge in graph.edges:
        before, after = lag_of(edge.left), lag_of(edge.right)
        if edge.left_mark == Mark.TAIL and edge.right_mark == Mark.ARROW and before < after:
            raise GraphError(f"{edge} points into the past: an effect cannot come before its cause")
    if all(_latest(edge) == 0 for edge in graph.edges):
        return None
    ends = {frozenset(((edge.left, edge.left_mark), (edge.right, edge.right_mark))) for edge in graph.edges}
    reach = max(map(lag_of, graph.nodes), default=0)
    for edge in graph.edges:
        now = _shifted(edge, -_latest(edge))
        for by in range(reach - _oldest(now) + 1):
            copy = _shifted(now, by)
            # At time t the copy must be there even where the graph lacks its nodes: the template is read off there.
            fits = copy.left in graph and copy.right in graph
            if (fits or by == 0) and frozenset(
                ((copy.left, copy.left_mark), (copy.right, copy.right_mark))
            ) not in ends:
                return f"it has {edge} but not {copy}"
    return None
