"""The one graph type: named nodes, and a tail, arrow or circle at each end of an edge.

DAG, CPDAG, ADMG, MAG, PAG and lagged graphs are all this type; what a graph is follows from its marks. A pair of nodes
has one edge, or x --> y beside x <-> y: a cause and a hidden common cause at once, as in every graph of an instrument.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import GraphError, join_names
from aitia.graph._marked import MarkedEdges
from aitia.graph._matrices import adjacency_marks, rows_of_marks
from aitia.graph.bits import Bits, bits, closure
from aitia.graph.marks import Edge, Mark, refuse_bow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Graph"]


class Graph(MarkedEdges):
    """An immutable graph with marked edge ends.

    Args:
        edges: Text such as `"x -> y <- z; z <-> w"`, or edges, each as text, an `Edge`, or a pair (cause, effect).
        nodes: All names in the order wanted; absent means in order of appearance.
        open_triples: Every (a, b, c), a and c not adjacent, of which it is open whether b is a collider, as text has
            `a ? b ? c`. The graph then stands for all DAGs of its skeleton with its arrows and its other unshielded
            colliders, and at an open triple either.

    Raises:
        GraphError: If a pair of nodes has two edges that are not x --> y beside x <-> y (a bow, in a graph of --> and
            <-> only), a node is adjacent to itself, a name is repeated or missing in `nodes`, or a
            triple is not open.

    Example:
        >>> graph = Graph("x -> y <- z; z <-> w")
        >>> graph.parents("y")
        ('x', 'z')
        >>> print(graph)
        x --> y; z --> y; z <-> w
        >>> Graph("a --- b --- c; a ? b ? c").open_triples
        (('a', 'b', 'c'),)
        >>> print(Graph("z -> x -> y; x <-> y"))
        z --> x; x --> y; x <-> y
    """

    __slots__ = ()

    # -- matrices -------------------------------------------------------------------------------------------------

    @classmethod
    def from_marks(cls, marks: ArrayLike, nodes: Iterable[str] | None = None) -> Self:
        """The graph of a (d, d) matrix whose entry [i, j] is the `Mark` at j of the edge i *-* j, 0 for no edge.

        Raises:
            GraphError: If the matrix is not square, an entry is no mark, or an edge has a mark at one end only.
        """
        names, rows = rows_of_marks(marks, nodes)
        return cls.from_bits(names, *rows)

    @classmethod
    def from_adjacency(
        cls, adjacency: ArrayLike, nodes: Iterable[str] | None = None, *, edge_direction: str = "row->column"
    ) -> Self:
        """The graph of a (d, d) 0/1 matrix; with `"row->column"`, entry [i, j] = 1 means i -> j.

        Both [i, j] and [j, i] set means an undirected edge. Weights other than 0 count as 1.

        Raises:
            GraphError: If the matrix is not square, holds NaN, or has a non-zero diagonal.
            OptionError: If `edge_direction` is neither `"row->column"` nor `"column->row"`.
        """
        matrix = np.asarray(adjacency)
        if matrix.dtype.kind == "f" and np.isnan(matrix).any():
            raise GraphError("the adjacency matrix holds NaN: write 0 for no edge")
        return cls.from_marks(adjacency_marks(matrix != 0, edge_direction), nodes)

    @cached_property
    def marks(self) -> NDArray[np.int8]:
        """The (d, d) matrix whose entry [i, j] is the mark at j of the edge i *-* j, 0 for no edge.

        Raises:
            GraphError: If two edges join a pair: the matrix has one mark an end.
        """
        refuse_bow(self.bows, "a matrix of marks")
        matrix = np.zeros((len(self), len(self)), dtype=np.int8)
        for mark, rows in zip((1, 2, 3), self._ends, strict=True):
            for i, row in enumerate(rows):
                for j in bits(row):
                    matrix[i, j] = mark
        matrix.flags.writeable = False
        return matrix

    @property
    def adjacency(self) -> NDArray[np.int8]:
        """The (d, d) 0/1 matrix with [i, j] = 1 for i -> j; an undirected edge is set both ways.

        Raises:
            GraphError: If an edge has a circle or two arrows: such a graph is more than a 0/1 matrix; use `marks`.
        """
        if not self.is_pdag:
            raise GraphError(
                "a 0/1 adjacency holds directed and undirected edges only; this graph has others: use `marks`"
            )
        into = self.marks
        points: NDArray[np.bool_] = (into == Mark.ARROW) | ((into == Mark.TAIL) & (into.T == Mark.TAIL))
        return points.astype(np.int8)

    # -- kind -----------------------------------------------------------------------------------------------------

    @property
    def is_directed(self) -> bool:
        """Whether every edge is x --> y."""
        return not any(self._ends[2]) and not any(self._spouses) and not any(self._neighbors)

    @property
    def is_pdag(self) -> bool:
        """Whether every edge is x --> y or x --- y."""
        return not any(self._ends[2]) and not any(self._spouses)

    @property
    def is_undirected(self) -> bool:
        """Whether every edge is x --- y."""
        return not any(self._ends[1]) and not any(self._ends[2])

    @cached_property
    def is_acyclic(self) -> bool:
        """Whether the directed edges form no cycle."""
        return self._order is not None

    @property
    def is_dag(self) -> bool:
        """Whether every edge is directed and there is no directed cycle."""
        return self.is_directed and self.is_acyclic

    @property
    def is_admg(self) -> bool:
        """Whether every edge is x --> y or x <-> y (bows among them) and there is no directed cycle."""
        return not any(self._ends[2]) and not any(self._neighbors) and self.is_acyclic

    # -- ancestry -------------------------------------------------------------------------------------------------

    @cached_property
    def _order(self) -> tuple[int, ...] | None:
        """Kahn's order with the lowest position first, or None where there is a directed cycle. O(d + edges)."""
        import heapq

        waiting = [row.bit_count() for row in self._parents]
        ready = [i for i, count in enumerate(waiting) if count == 0]
        order = []
        while ready:
            i = heapq.heappop(ready)
            order.append(i)
            for j in bits(self._children[i]):
                waiting[j] -= 1
                if waiting[j] == 0:
                    heapq.heappush(ready, j)
        return tuple(order) if len(order) == len(self) else None

    def topological_order(self) -> tuple[str, ...]:
        """Causes before effects; ties in node order.

        Raises:
            GraphError: If the directed edges form a cycle; the message shows one.
        """
        if self._order is None:
            raise GraphError(f"the graph has a directed cycle: {' -> '.join(self.find_cycle())}")
        return tuple(self._names[i] for i in self._order)

    def find_cycle(self) -> tuple[str, ...]:
        """One directed cycle, its first node repeated at the end; empty where there is none."""
        left = (1 << len(self)) - 1
        while left:  # peel sources and sinks until only nodes on or between cycles remain
            core = sum(1 << i for i in bits(left) if self._parents[i] & left and self._children[i] & left)
            if core == left:
                break
            left = core
        if not left:
            return ()
        path, i = [], next(bits(left))
        while i not in path:
            path.append(i)
            i = next(bits(self._children[i] & left))
        return tuple(self._names[k] for k in [*path[path.index(i) :], i])

    def ancestors(self, nodes: str | Iterable[str]) -> tuple[str, ...]:
        """The nodes and everything with a directed path into them."""
        return self.names(closure(self._parents, self.mask(nodes)))

    def descendants(self, nodes: str | Iterable[str]) -> tuple[str, ...]:
        """The nodes and everything that they have a directed path to."""
        return self.names(closure(self._children, self.mask(nodes)))

    def districts(self) -> tuple[tuple[str, ...], ...]:
        """The components of the bidirected part (c-components), in order of their first node."""
        return self._components(self._spouses)

    def chain_components(self) -> tuple[tuple[str, ...], ...]:
        """The components of the undirected part, in order of their first node."""
        return self._components(self._neighbors)

    def _components(self, rows: Bits) -> tuple[tuple[str, ...], ...]:
        found, left = [], (1 << len(self)) - 1
        while left:
            component = closure(rows, left & -left)
            found.append(self.names(component))
            left &= ~component
        return tuple(found)

    # -- new graphs from this one ---------------------------------------------------------------------------------

    def subgraph(self, nodes: Iterable[str]) -> "Graph":
        """The graph induced on these nodes, in this graph's order."""
        keep = self.mask(nodes)
        inside = [e for e in self.edges if keep >> self._index[e.left] & keep >> self._index[e.right] & 1]
        return self._left_open(Graph(inside, self.names(keep)))

    def rename(self, names: Mapping[str, str]) -> "Graph":
        """The graph with some nodes renamed; positions stay."""
        for node in names:
            self.index(node)
        return Graph.from_bits([names.get(node, node) for node in self._names], *self._ends, open_triples=self._open)

    def reorder(self, nodes: Sequence[str]) -> "Graph":
        """The same graph with its nodes in another order.

        Raises:
            GraphError: If `nodes` is not a permutation of the nodes.
        """
        if sorted(nodes) != sorted(self._names):
            raise GraphError(f"an order must list each of {join_names(self._names)} once, got {join_names(nodes)}")
        return Graph(self.edges, nodes, open_triples=self.open_triples)

    def with_edges(self, edges: str | Iterable[str | Edge | tuple[str, str]]) -> "Graph":
        """The graph with these edges added, each replacing what joins its pair; new names are appended.

        So `with_edges("x <-> y")` takes the place of x --> y, and `with_edges("x -> y; x <-> y")` makes a bow.
        """
        added = Graph(edges)
        kept = [e for e in self.edges if not (e.left in added and e.right in added and added.has_edge(e.left, e.right))]
        return self._left_open(Graph([*kept, *added.edges], dict.fromkeys((*self._names, *added.nodes))))

    def without_edges(self, pairs: Iterable[tuple[str, str]]) -> "Graph":
        """The graph without what joins each pair, whichever way it points; a pair without an edge changes nothing."""
        gone = {frozenset((self._names[self.index(a)], self._names[self.index(b)])) for a, b in pairs}
        return self._left_open(Graph([e for e in self.edges if frozenset((e.left, e.right)) not in gone], self._names))

    def skeleton(self) -> "Graph":
        """The same adjacencies, every edge undirected."""
        empty = (0,) * len(self)
        return Graph.from_bits(self._names, self._adjacent, empty, empty)

    def do(self, targets: str | Iterable[str]) -> "Graph":
        """The mutilated graph: every edge with an arrow into a target is removed (Pearl, Causality, section 1.3)."""
        cut = self.mask(targets)
        kept = []
        for edge in self.edges:
            left, right = cut >> self._index[edge.left] & 1, cut >> self._index[edge.right] & 1
            if not ((left and edge.left_mark == Mark.ARROW) or (right and edge.right_mark == Mark.ARROW)):
                kept.append(edge)
        return self._left_open(Graph(kept, self._names))

    def _left_open(self, changed: "Graph") -> "Graph":
        """The changed graph with those open triples that its edges still leave open."""
        if not self._open:
            return changed
        triples = [t for t in self.open_triples if all(name in changed for name in t)]
        kept = [t for t in triples if changed._is_open(*(changed.index(name) for name in t))]
        return Graph(changed.edges, changed.nodes, open_triples=kept)

    # -- pictures -------------------------------------------------------------------------------------------------

    def plot(self, ax: Any = None, **options: Any) -> "Figure":
        """The graph as a matplotlib figure; see `aitia.graph.drawing.plot`."""
        from aitia.graph.drawing import plot

        return plot(self, ax, **options)

    def to_svg(self, **options: Any) -> str:
        """The graph as an SVG picture; see `aitia.graph.drawing.to_svg`."""
        from aitia.graph.drawing import to_svg

        return to_svg(self, **options)

    def to_text(self) -> str:
        """The graph for a terminal; see `aitia.graph.drawing.to_text`."""
        from aitia.graph.drawing import to_text

        return to_text(self)

    def _repr_html_(self) -> str:
        return self.to_svg()
