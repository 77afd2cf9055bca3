"""networkx graphs, and through networkx GML and GraphML.

Every edge is a directed one, from its tail to its arrow where it has both; `from_mark` and `to_mark` say what stands at
its ends, and are left out of a plain x -> y.
"""

import io
from typing import Any

from aitia.errors import FormatError, GraphError, MissingExtraError
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark, refuse_open
from aitia.guard import guarded

__all__ = ["from_gml", "from_graphml", "from_networkx", "to_gml", "to_graphml", "to_networkx"]

_MARKS = {str(mark): mark for mark in Mark}


def _networkx() -> Any:
    try:
        import networkx
    except ImportError as error:
        raise MissingExtraError("this format needs networkx: pip install 'aitia[data]'") from error
    return networkx


def to_networkx(graph: Graph) -> Any:
    """A `networkx.DiGraph`; edges other than x -> y carry `from_mark` and `to_mark`.

    It is a `MultiDiGraph` where x --> y stands beside x <-> y.

    Raises:
        GraphError: If the graph has open triples.
    """
    refuse_open(graph.open_triples, "a graph of networkx, GML or GraphML")
    out = _networkx().MultiDiGraph() if graph.bows else _networkx().DiGraph()
    out.add_nodes_from(graph.nodes)
    for e in graph.edges:
        plain = e.symbol == "-->"
        out.add_edge(
            e.left, e.right, **({} if plain else {"from_mark": str(e.left_mark), "to_mark": str(e.right_mark)})
        )
    return out


def from_networkx(graph: Any) -> Graph:
    """The graph of a `DiGraph` (directed edges, or what their marks say) or of a `Graph` (undirected edges).

    An edge in both directions without marks is undirected; an edge that is there twice counts once.

    Raises:
        FormatError: If an edge has an unknown mark, two edges join a pair that are not --> and <->, or a node is
            adjacent to itself.
    """
    names = [str(node) for node in graph.nodes]
    edges: dict[Edge, None] = {}
    try:
        for a, b, data in graph.edges(data=True):
            left, right = str(a), str(b)
            if not graph.is_directed():
                edge = Edge(left, right, Mark.TAIL, Mark.TAIL)
            else:
                edge = Edge(left, right, _MARKS[data.get("from_mark", "tail")], _MARKS[data.get("to_mark", "arrow")])
            back, open_ = Edge(right, left), Edge(left, right, Mark.TAIL, Mark.TAIL)
            if edge.symbol == "-->" and {back, open_, open_.reversed()} & edges.keys():
                edges.pop(back, None)
                edge = open_
            if edge.reversed() not in edges:
                edges[edge] = None
        return Graph(edges, names)
    except KeyError as error:
        raise FormatError(f"an edge has the mark {error}: marks are tail, arrow and circle") from None
    except GraphError as error:
        raise FormatError(str(error)) from None


def to_gml(graph: Graph) -> str:
    """GML, with names as labels."""
    text: str = "\n".join(_networkx().generate_gml(to_networkx(graph))) + "\n"
    return text


def from_gml(text: str) -> Graph:
    """The graph of a GML text.

    Raises:
        FormatError: If it is not GML.
    """
    with guarded("the text", "is not valid GML"):
        return from_networkx(_networkx().parse_gml(text))


def to_graphml(graph: Graph) -> str:
    """GraphML."""
    text: str = "\n".join(_networkx().generate_graphml(to_networkx(graph))) + "\n"
    return text


def from_graphml(text: str) -> Graph:
    """The graph of a GraphML text.

    Raises:
        FormatError: If it is not GraphML.
    """
    if "<!ENTITY" in text:
        raise FormatError("the text is not valid GraphML: it defines entities, which can unfold without end")
    with guarded("the text", "is not valid GraphML"):
        return from_networkx(_networkx().read_graphml(io.BytesIO(text.encode())))
