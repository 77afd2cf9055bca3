"""Matrices of marks and of 0 and 1, as graphs are given and handed on."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import GraphError, OptionError
from aitia.graph.bits import pack
from aitia.graph.marks import Mark

__all__ = ["adjacency_marks", "rows_of_marks"]


def rows_of_marks(marks: ArrayLike, nodes: Iterable[str] | None) -> tuple[tuple[str, ...], list[list[int]]]:
    """Names, and the bit rows of each mark, of a (d, d) matrix whose entry [i, j] is the mark at j of i *-* j.

    Raises:
        GraphError: If the matrix is not square, an entry is no mark, or an edge has a mark at one end only.
    """
    matrix = np.asarray(marks)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise GraphError(f"a matrix of marks is square, got shape {matrix.shape}")
    names = tuple(nodes) if nodes is not None else tuple(f"x{i}" for i in range(len(matrix)))
    if len(names) != len(matrix):
        raise GraphError(f"{len(names)} names for a matrix of {len(matrix)} nodes")
    if np.any(np.diagonal(matrix)):
        raise GraphError(f"{names[int(np.flatnonzero(np.diagonal(matrix))[0])]!r} is adjacent to itself")
    if not np.isin(matrix, (0, 1, 2, 3)).all():
        raise GraphError("marks are 0 (no edge), 1 (tail), 2 (arrow) or 3 (circle)")
    if (half := np.argwhere((matrix != 0) != (matrix.T != 0))).size:
        i, j = half[0]
        raise GraphError(f"the edge between {names[i]!r} and {names[j]!r} has a mark at one end only")
    return names, [[pack(row == mark) for row in matrix] for mark in (1, 2, 3)]


def adjacency_marks(edge: NDArray[np.bool_], edge_direction: str) -> NDArray[np.int8]:
    """The marks of a 0/1 matrix of edges; with `row->column`, [i, j] set means i -> j."""
    if edge_direction not in ("row->column", "column->row"):
        raise OptionError(f"edge_direction is 'row->column' or 'column->row', got {edge_direction!r}")
    if edge.ndim != 2 or edge.shape[0] != edge.shape[1]:
        raise GraphError(f"an adjacency matrix is square, got shape {edge.shape}")
    edge = edge if edge_direction == "row->column" else edge.T
    marks = np.where(edge & ~edge.T, Mark.ARROW, 0)
    return np.where(edge & edge.T | edge.T & ~edge, Mark.TAIL, marks).astype(np.int8)
