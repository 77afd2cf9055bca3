"""The integer matrices of causal-learn and of pcalg."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import FormatError, GraphError, OptionError
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark, refuse_bow, refuse_open

__all__ = ["from_causallearn", "from_pcalg_amat", "to_causallearn", "to_pcalg_amat"]

_CAUSAL_LEARN = {Mark.TAIL: -1, Mark.ARROW: 1, Mark.CIRCLE: 2}
_BOTH = {"cause": 4, "effect": 5}
"""causal-learn's codes where --> and <-> join a pair: a tail and an arrow at the cause, two arrows at the effect."""
_PAG = {Mark.CIRCLE: 1, Mark.ARROW: 2, Mark.TAIL: 3}


def to_causallearn(graph: Graph) -> NDArray[np.int8]:
    """causal-learn's matrix: [i, j] is the mark at i of the edge to j; -1 tail, 1 arrow, 2 circle, 0 no edge.

    So i -> j is [j, i] = 1 and [i, j] = -1; where i <-> j stands beside it, [j, i] = 5 and [i, j] = 4.

    Example:
        >>> to_causallearn(Graph("x -> y")).tolist()
        [[0, -1], [1, 0]]
    """
    refuse_open(graph.open_triples, "a matrix of causal-learn")
    codes = np.array([0, *(_CAUSAL_LEARN[mark] for mark in Mark)], dtype=np.int8)
    bows = graph.bows
    matrix = np.ascontiguousarray(codes[(graph.with_edges(bows) if bows else graph).marks].T)
    for cause, effect in bows:
        i, j = graph.index(cause), graph.index(effect)
        matrix[i, j], matrix[j, i] = _BOTH["cause"], _BOTH["effect"]
    return matrix


def from_causallearn(graph: Any, nodes: Sequence[str] | None = None) -> Graph:
    """The graph of a causal-learn matrix, `GeneralGraph` or `CausalGraph`; names come with the latter two.

    Raises:
        FormatError: If an entry is none of -1, 0, 1, 2 (or 4 and 5 at the ends of x --> y beside x <-> y), or an edge
            has one end only.
    """
    graph = getattr(graph, "G", graph)
    if nodes is None and hasattr(graph, "get_node_names"):
        nodes = list(graph.get_node_names())
    matrix = np.array(getattr(graph, "graph", graph))
    bows: list[tuple[int, int]] = []
    if matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]:
        bows = [(int(i), int(j)) for i, j in np.argwhere((matrix == _BOTH["cause"]) & (_BOTH["effect"] == matrix.T))]
    for i, j in bows:
        matrix[i, j], matrix[j, i] = _CAUSAL_LEARN[Mark.TAIL], _CAUSAL_LEARN[Mark.ARROW]
    found = _from_codes(matrix.T, {code: mark for mark, code in _CAUSAL_LEARN.items()}, nodes)
    names = found.nodes
    beside = [Edge(names[i], names[j], Mark.ARROW, Mark.ARROW) for i, j in bows]
    try:
        return Graph([*found.edges, *beside], names)
    except GraphError as error:
        raise FormatError(str(error)) from None


def to_pcalg_amat(graph: Graph, kind: Literal["cpdag", "pag"] = "cpdag") -> NDArray[np.int8]:
    """pcalg's matrix.

    `cpdag`: [i, j] = 0 and [j, i] = 1 means i -> j; both 1 means i --- j. `pag`: [i, j] is the mark at j; 1 circle,
    2 arrow, 3 tail.

    Raises:
        OptionError: If `kind` is another one.
        GraphError: If a `cpdag` is asked for and the graph has circles or two-headed edges, or two edges join a pair.
    """
    refuse_bow(graph.bows, "a pcalg matrix")
    refuse_open(graph.open_triples, "a pcalg matrix")
    if kind == "cpdag":
        return np.ascontiguousarray(graph.adjacency.T)
    if kind != "pag":
        raise OptionError(f"a pcalg matrix is of kind 'cpdag' or 'pag', got {kind!r}")
    codes = np.array([0, *(_PAG[mark] for mark in Mark)], dtype=np.int8)
    return codes[graph.marks]


def from_pcalg_amat(
    matrix: ArrayLike, nodes: Sequence[str] | None = None, kind: Literal["cpdag", "pag"] = "cpdag"
) -> Graph:
    """The graph of a pcalg matrix; see `to_pcalg_amat`.

    Raises:
        FormatError: If an entry is no code of that kind.
        OptionError: If `kind` is another one.
    """
    values = np.asarray(matrix)
    if kind == "cpdag":
        if not np.isin(values, (0, 1)).all():
            raise FormatError("a pcalg matrix of kind 'cpdag' holds 0 and 1 only; one with 2 and 3 is of kind 'pag'")
        return Graph.from_adjacency(values, nodes, edge_direction="column->row")
    if kind != "pag":
        raise OptionError(f"a pcalg matrix is of kind 'cpdag' or 'pag', got {kind!r}")
    return _from_codes(values, {code: mark for mark, code in _PAG.items()}, nodes)


def _from_codes(matrix: NDArray[Any], marks: dict[int, Mark], nodes: Sequence[str] | None) -> Graph:
    out = np.zeros(matrix.shape, dtype=np.int8)
    for code, mark in marks.items():
        out[matrix == code] = mark
    if odd := sorted({str(v) for v in matrix[(matrix != 0) & (out == 0)].ravel()}):
        raise FormatError(f"{odd[0]} is no mark of this format; it has {', '.join(map(str, (0, *marks)))}")
    try:
        return Graph.from_marks(out, nodes)
    except ValueError as error:
        raise FormatError(str(error)) from None
