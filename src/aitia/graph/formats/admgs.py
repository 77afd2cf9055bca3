"""The ADMGs of ananke and y0: names, directed edges and bidirected ones, where a pair may have both.

Neither library is imported: written are the arguments that make their graph, read is any object with its attributes.
"""

from collections.abc import Iterable
from typing import Any

from aitia.errors import FormatError, GraphError
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark

__all__ = ["from_ananke", "from_y0", "to_ananke", "to_y0"]

Pairs = list[tuple[str, str]]


def to_ananke(graph: Graph) -> dict[str, Any]:
    """The arguments of ananke's graph: `ananke.graphs.ADMG(**to_ananke(graph))`.

    Raises:
        GraphError: If the graph has edges other than x --> y and x <-> y, or a directed cycle.

    Example:
        >>> to_ananke(Graph("z -> x -> y; x <-> y"))
        {'vertices': ['z', 'x', 'y'], 'di_edges': [('z', 'x'), ('x', 'y')], 'bi_edges': [('x', 'y')]}
    """
    directed, both = _split(graph, "ananke")
    return {"vertices": list(graph.nodes), "di_edges": directed, "bi_edges": both}


def from_ananke(graph: Any) -> Graph:
    """The graph of an `ananke.graphs.ADMG` (or `DAG`).

    Raises:
        FormatError: If the object has no `vertices` and `di_edges`, or its edges are no causal graph.
    """
    if not (hasattr(graph, "vertices") and hasattr(graph, "di_edges")):
        raise FormatError(f"a graph of ananke has vertices, di_edges and bi_edges; got a {type(graph).__name__}")
    return _joined(graph.vertices, graph.di_edges, getattr(graph, "bi_edges", ()))


def to_y0(graph: Graph) -> dict[str, Any]:
    """The arguments of y0's graph: `y0.graph.NxMixedGraph.from_str_edges(**to_y0(graph))`.

    Raises:
        GraphError: If the graph has edges other than x --> y and x <-> y, or a directed cycle.

    Example:
        >>> to_y0(Graph("x -> y; x <-> y"))
        {'nodes': ['x', 'y'], 'directed': [('x', 'y')], 'undirected': [('x', 'y')]}
    """
    directed, both = _split(graph, "y0")
    return {"nodes": list(graph.nodes), "directed": directed, "undirected": both}


def from_y0(graph: Any) -> Graph:
    """The graph of a `y0.graph.NxMixedGraph`, whose undirected edges stand for hidden common causes.

    Raises:
        FormatError: If the object has no `directed` and `undirected`, or its edges are no causal graph.
    """
    if not (hasattr(graph, "directed") and hasattr(graph, "undirected")):
        raise FormatError(f"a graph of y0 has directed and undirected edges; got a {type(graph).__name__}")
    return _joined(graph.directed.nodes, graph.directed.edges, graph.undirected.edges)


def _split(graph: Graph, form: str) -> tuple[Pairs, Pairs]:
    """The directed and the bidirected edges of an ADMG."""
    if not graph.is_admg:
        odd = next((edge for edge in graph.edges if edge.symbol not in ("-->", "<->")), None)
        told = f"the cycle {' -> '.join(graph.find_cycle())}" if odd is None else f"the edge {odd}"
        raise GraphError(f"{form} has ADMGs, edges x --> y and x <-> y without a directed cycle; this graph has {told}")
    directed = [(edge.left, edge.right) for edge in graph.edges if edge.symbol == "-->"]
    return directed, [(edge.left, edge.right) for edge in graph.edges if edge.symbol == "<->"]


def _joined(nodes: Iterable[Any], directed: Iterable[Any], both: Iterable[Any]) -> Graph:
    """The graph of such lists, whose nodes are texts or have a name."""
    try:
        edges = [Edge(a, b) for a, b in _named(directed)]
        edges += [Edge(a, b, Mark.ARROW, Mark.ARROW) for a, b in _named(both)]
        return Graph(edges, [_name(node) for node in nodes])
    except GraphError as error:
        raise FormatError(str(error)) from None


def _named(pairs: Iterable[Any]) -> Pairs:
    """The names of the pairs, in their order: ananke keeps sets."""
    return sorted((_name(a), _name(b)) for a, b in pairs)


def _name(node: Any) -> str:
    return str(getattr(node, "name", node))
