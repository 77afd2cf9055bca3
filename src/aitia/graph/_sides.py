"""Two graphs side by side, as packed rows of bits, and the bounds that an equivalence class leaves."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.errors import GraphError
from aitia.graph.graph import Graph

__all__ = ["Distance", "Words"]


Words = NDArray[np.uint64]


class Distance(NamedTuple):
    """A number of wrong pairs, and its share of all d (d - 1) ordered pairs."""

    normalized: float
    mistakes: int


class _Side:
    """One of the two graphs as bit rows of words: of a DAG that it stands for, and as it was given."""

    def __init__(self, graph: Graph, what: str) -> None:
        self.graph, self.d = graph, len(graph)
        self.parents_given = self.parents = _words(graph._parents)
        self.children_given = self.children = _words(graph._children)
        self.directed = graph.is_dag
        if self.directed:
            self.order = np.array(graph._order, dtype=np.int64)
            return
        from aitia.graph import _distances_kernel as kernel

        if not graph.is_pdag or graph._open:
            raise GraphError(f"adjustment distances compare DAGs and CPDAGs, and the {what} is neither")
        self.neighbors = _words(graph._neighbors)
        given = self.parents, self.children, self.neighbors
        self.order = np.zeros(self.d, dtype=np.int64)
        self.parents, self.children = kernel.extension(*given, self.order)
        if self.order[0] < 0:
            raise _neither(graph, what)
        if not kernel.is_closed(*given):
            raise GraphError(
                f"the {what} is no CPDAG: Meek's rules direct more of its edges; compare meek(graph) instead"
            )

    @cached_property
    def below(self) -> Words:
        """The descendants in the DAG, itself included."""
        return self._closed(self.children, 1)

    @cached_property
    def above(self) -> Words:
        """The ancestors in the DAG, itself included."""
        return self._closed(self.parents, -1)

    def _closed(self, rows: Words, direction: int) -> Words:
        from aitia.graph import _distances_kernel as kernel

        closed: Words = kernel.descendants(rows, np.ascontiguousarray(self.order[::direction]))
        return closed

    @cached_property
    def ancestors_given(self) -> Words:
        """The ancestors in the graph as it was given, itself not included."""
        return _with_diagonal(self.above if self.directed else self._closed(self.parents_given, -1), False)

    @cached_property
    def possible(self) -> Words:
        """The possible descendants, itself included."""
        return self.below if self.directed else _with_diagonal(self._reached(self.children_given | self.neighbors))

    @cached_property
    def doubtful(self) -> Words:
        """The nodes on which the effect is not identified."""
        return np.zeros_like(self.parents) if self.directed else self._reached(self.neighbors)

    def _reached(self, first: Words) -> Words:
        from aitia.graph import _distances_kernel as kernel

        out = self.children_given | self.neighbors
        reached: Words = kernel.possibly_reached(first, out, self.parents_given)
        return reached


def _neither(graph: Graph, what: str) -> GraphError:
    """The error for a PDAG that stands for no DAG."""
    from aitia.graph.equivalence import consistent_extension

    reason = ""
    try:
        consistent_extension(graph)
    except GraphError as error:
        reason = f": {error}"
    return GraphError(f"adjustment distances compare DAGs and CPDAGs, and the {what} is neither{reason}")


def _with_diagonal(rows: Words, value: bool = True) -> Words:
    """A copy in which bit i of every row i is set, or cleared."""
    rows, i = rows.copy(), np.arange(len(rows))
    bit = np.uint64(1) << (i & 63).astype(np.uint64)
    if value:
        rows[i, i >> 6] |= bit
    else:
        rows[i, i >> 6] &= ~bit
    return rows


def _words(rows: Sequence[int]) -> Words:
    """Integer bit rows as a (d, ceil(d / 64)) array of machine words."""
    width = max((len(rows) + 63) // 64, 1)
    packed = b"".join(row.to_bytes(8 * width, "little") for row in rows)
    return np.frombuffer(packed, dtype="<u8").reshape(len(rows), width).astype(np.uint64, copy=True)
