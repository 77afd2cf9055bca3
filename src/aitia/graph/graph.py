"""The one graph type: named nodes, and a tail, arrow or circle at each end of an edge.

DAG, CPDAG, ADMG, MAG, PAG and lagged graphs are all this type; what a graph is follows from its marks. Inside, a graph
is three tuples of integers used as bit rows: bit j of `_ends[mark - 1][i]` is set when the edge i *-* j bears `mark` at
j. Set algebra on neighbourhoods is then one machine operation per 64 nodes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import GraphError, join_names, unknown_variable
from aitia.graph.marks import Edge, Mark, parse_edges, quote

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Graph", "bits"]

Bits = tuple[int, ...]


def bits(mask: int) -> Iterator[int]:
    """The positions of the set bits, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Graph:
    """An immutable graph with marked edge ends.

    Args:
        edges: Text such as `"x -> y <- z; z <-> w"`, or edges, each as text, an `Edge`, or a pair (cause, effect).
        nodes: All names in the order wanted; absent means in order of appearance.

    Raises:
        GraphError: If a pair of nodes has two edges, a node is adjacent to itself, or a name is repeated or missing in
            `nodes`.

    Example:
        >>> graph = Graph("x -> y <- z; z <-> w")
        >>> graph.parents("y")
        ('x', 'z')
        >>> print(graph)
        x --> y; z --> y; z <-> w
    """

    __slots__ = ("__dict__", "_ends", "_index", "_names")
    _names: tuple[str, ...]
    _index: Mapping[str, int]
    _ends: tuple[Bits, Bits, Bits]

    def __init__(
        self, edges: str | Iterable[str | Edge | tuple[str, str]] = (), nodes: Iterable[str] | None = None
    ) -> None:
        parsed: list[Edge] = []
        seen: dict[str, None] = {}
        for item in [edges] if isinstance(edges, str) else edges:
            if isinstance(item, str):
                more, names = parse_edges(item)
                seen.update(dict.fromkeys(names))
            else:
                more = [item if isinstance(item, Edge) else Edge(*item)]
                seen.update(dict.fromkeys((more[0].left, more[0].right)))
            parsed += more
        self._set_names(tuple(seen) if nodes is None else tuple(nodes))
        if missing := [name for name in seen if name not in self._index]:
            raise GraphError(f"edges use {join_names(missing)}, which `nodes` does not list")
        rows = [[0] * len(self._names) for _ in range(3)]
        for edge in parsed:
            i, j = self._index[edge.left], self._index[edge.right]
            if any(row[i] >> j & 1 for row in rows):
                raise GraphError(f"two edges between {edge.left!r} and {edge.right!r}: a pair of nodes has at most one")
            rows[edge.right_mark - 1][i] |= 1 << j
            rows[edge.left_mark - 1][j] |= 1 << i
        self._ends = (tuple(rows[0]), tuple(rows[1]), tuple(rows[2]))

    def _set_names(self, names: tuple[str, ...]) -> None:
        for name in names:
            if not isinstance(name, str):
                raise GraphError(f"node names are text, got {name!r} of type {type(name).__name__}")
        self._names = names
        self._index = {name: i for i, name in enumerate(names)}
        if len(self._index) < len(names):
            repeated = sorted({name for name in names if names.count(name) > 1})
            raise GraphError(f"node names are repeated: {join_names(repeated)}")

    # -- other ways in and out ------------------------------------------------------------------------------------

    @classmethod
    def from_bits(cls, names: Sequence[str], tail: Sequence[int], arrow: Sequence[int], circle: Sequence[int]) -> Self:
        """The graph whose edge i *-* j bears a mark at j where bit j of that mark's row i is set.

        Trusted: for algorithms that keep the rows consistent themselves.
        """
        graph = cls.__new__(cls)
        graph._set_names(tuple(names))
        graph._ends = (tuple(tail), tuple(arrow), tuple(circle))
        return graph

    @classmethod
    def from_marks(cls, marks: ArrayLike, nodes: Iterable[str] | None = None) -> Self:
        """The graph of a (d, d) matrix whose entry [i, j] is the `Mark` at j of the edge i *-* j, 0 for no edge.

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
        rows = [[_pack(row == mark) for row in matrix] for mark in (1, 2, 3)]
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
        return cls.from_marks(_adjacency_marks(matrix != 0, edge_direction), nodes)

    @cached_property
    def marks(self) -> NDArray[np.int8]:
        """The (d, d) matrix whose entry [i, j] is the mark at j of the edge i *-* j, 0 for no edge."""
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

    # -- nodes and edges ------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names, in order."""
        return self._names

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, node: object) -> bool:
        return node in self._index

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge once, each read so that an arrow points right where only one end bears it."""
        found = []
        for i, row in enumerate(self._adjacent):
            for j in bits(row >> (i + 1) << (i + 1)):
                edge = Edge(self._names[i], self._names[j], self._mark(j, i), self._mark(i, j))
                turn = edge.left_mark == Mark.ARROW and edge.right_mark != Mark.ARROW
                turn |= edge.left_mark == Mark.TAIL and edge.right_mark == Mark.CIRCLE
                found.append(edge.reversed() if turn else edge)
        return tuple(found)

    def index(self, node: str) -> int:
        """The position of a node.

        Raises:
            UnknownVariableError: If there is no such node; names the nearest.
        """
        try:
            return self._index[node]
        except (KeyError, TypeError):
            raise unknown_variable(node, self._names) from None

    def mask(self, nodes: str | Iterable[str]) -> int:
        """The bit row of one name or of several."""
        mask = 0
        for node in [nodes] if isinstance(nodes, str) else nodes:
            mask |= 1 << self.index(node)
        return mask

    def names(self, mask: int) -> tuple[str, ...]:
        """The names of the set bits, in node order."""
        return tuple(self._names[i] for i in bits(mask))

    def mark(self, node: str, at: str) -> Mark | None:
        """The mark at `at` on the edge between `node` and `at`; None where they are not adjacent."""
        return self._mark(self.index(node), self.index(at))

    def _mark(self, i: int, j: int) -> Mark:
        for mark in Mark:
            if self._ends[mark - 1][i] >> j & 1:
                return mark
        return None  # type: ignore[return-value]  # not adjacent: public callers see None, the others ask of edges

    def adjacent(self, node: str) -> tuple[str, ...]:
        """Every node that shares an edge with this one."""
        return self.names(self._adjacent[self.index(node)])

    def has_edge(self, a: str, b: str) -> bool:
        """Whether some edge joins the two."""
        return bool(self._adjacent[self.index(a)] >> self.index(b) & 1)

    def parents(self, node: str) -> tuple[str, ...]:
        """Every p with p --> node."""
        return self.names(self._parents[self.index(node)])

    def children(self, node: str) -> tuple[str, ...]:
        """Every c with node --> c."""
        return self.names(self._children[self.index(node)])

    def spouses(self, node: str) -> tuple[str, ...]:
        """Every s with s <-> node."""
        return self.names(self._spouses[self.index(node)])

    def neighbors(self, node: str) -> tuple[str, ...]:
        """Every u with u --- node."""
        return self.names(self._neighbors[self.index(node)])

    # -- bit rows, one integer a node -----------------------------------------------------------------------------

    @cached_property
    def _adjacent(self) -> Bits:
        return tuple(t | a | c for t, a, c in zip(*self._ends, strict=True))

    @cached_property
    def _into(self) -> Bits:
        """Row i: every j with an arrow at i on the edge j *-> i."""
        return _transpose(self._ends[1])

    @cached_property
    def _parents(self) -> Bits:
        return tuple(tail & into for tail, into in zip(self._ends[0], self._into, strict=True))

    @cached_property
    def _children(self) -> Bits:
        out = _transpose(self._ends[0])
        return tuple(arrow & tail for arrow, tail in zip(self._ends[1], out, strict=True))

    @cached_property
    def _spouses(self) -> Bits:
        return tuple(arrow & into for arrow, into in zip(self._ends[1], self._into, strict=True))

    @cached_property
    def _neighbors(self) -> Bits:
        return tuple(tail & back for tail, back in zip(self._ends[0], _transpose(self._ends[0]), strict=True))

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
        """Whether every edge is x --> y or x <-> y and there is no directed cycle."""
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
        return self.names(_closure(self._parents, self.mask(nodes)))

    def descendants(self, nodes: str | Iterable[str]) -> tuple[str, ...]:
        """The nodes and everything that they have a directed path to."""
        return self.names(_closure(self._children, self.mask(nodes)))

    def districts(self) -> tuple[tuple[str, ...], ...]:
        """The components of the bidirected part (c-components), in order of their first node."""
        return self._components(self._spouses)

    def chain_components(self) -> tuple[tuple[str, ...], ...]:
        """The components of the undirected part, in order of their first node."""
        return self._components(self._neighbors)

    def _components(self, rows: Bits) -> tuple[tuple[str, ...], ...]:
        found, left = [], (1 << len(self)) - 1
        while left:
            component = _closure(rows, left & -left)
            found.append(self.names(component))
            left &= ~component
        return tuple(found)

    # -- new graphs from this one ---------------------------------------------------------------------------------

    def subgraph(self, nodes: Iterable[str]) -> "Graph":
        """The graph induced on these nodes, in this graph's order."""
        keep = self.mask(nodes)
        inside = [e for e in self.edges if keep >> self._index[e.left] & keep >> self._index[e.right] & 1]
        return Graph(inside, self.names(keep))

    def rename(self, names: Mapping[str, str]) -> "Graph":
        """The graph with some nodes renamed; positions stay."""
        for node in names:
            self.index(node)
        return Graph.from_bits([names.get(node, node) for node in self._names], *self._ends)

    def reorder(self, nodes: Sequence[str]) -> "Graph":
        """The same graph with its nodes in another order.

        Raises:
            GraphError: If `nodes` is not a permutation of the nodes.
        """
        if sorted(nodes) != sorted(self._names):
            raise GraphError(f"an order must list each of {join_names(self._names)} once, got {join_names(nodes)}")
        return Graph(self.edges, nodes)

    def with_edges(self, edges: str | Iterable[str | Edge | tuple[str, str]]) -> "Graph":
        """The graph with these edges added, each replacing the edge of its pair; new names are appended."""
        added = Graph(edges)
        kept = [e for e in self.edges if not (e.left in added and e.right in added and added.has_edge(e.left, e.right))]
        return Graph([*kept, *added.edges], dict.fromkeys((*self._names, *added.nodes)))

    def without_edges(self, pairs: Iterable[tuple[str, str]]) -> "Graph":
        """The graph without the edge of each pair, whichever way it points; a pair without an edge changes nothing."""
        gone = {frozenset((self._names[self.index(a)], self._names[self.index(b)])) for a, b in pairs}
        return Graph([e for e in self.edges if frozenset((e.left, e.right)) not in gone], self._names)

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
        return Graph(kept, self._names)

    # -- pictures -------------------------------------------------------------------------------------------------

    def plot(self, ax: Any = None) -> "Figure":
        """The graph as a matplotlib figure; see `aitia.graph.drawing.plot`."""
        from aitia.graph.drawing import plot

        return plot(self, ax)

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

    # -- identity -------------------------------------------------------------------------------------------------

    @cached_property
    def _identity(self) -> tuple[frozenset[str], frozenset[tuple[str, str, int]]]:
        ends = {(e.left, e.right, int(e.right_mark)) for e in self.edges}
        ends |= {(e.right, e.left, int(e.left_mark)) for e in self.edges}
        return frozenset(self._names), frozenset(ends)

    def __eq__(self, other: object) -> bool:
        """Same names and same marked edges; the order of nodes does not count."""
        return self._identity == other._identity if isinstance(other, Graph) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity)

    def __str__(self) -> str:
        alone = [quote(name) for name, row in zip(self._names, self._adjacent, strict=True) if not row]
        return "; ".join([*map(str, self.edges), *alone])

    def __repr__(self) -> str:
        return f"Graph({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Graph.from_bits, (self._names, *self._ends)


def _pack(row: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little")


@overload
def _transpose(rows: Bits) -> Bits: ...
@overload
def _transpose(rows: list[int]) -> Bits: ...
def _transpose(rows: Bits | list[int]) -> Bits:
    turned = [0] * len(rows)
    for i, row in enumerate(rows):
        for j in bits(row):
            turned[j] |= 1 << i
    return tuple(turned)


def _closure(rows: Bits, start: int) -> int:
    """Everything reachable from `start` along the rows, `start` included."""
    reached = frontier = start
    while frontier:
        step = 0
        for i in bits(frontier):
            step |= rows[i]
        frontier = step & ~reached
        reached |= frontier
    return reached


def _adjacency_marks(edge: NDArray[np.bool_], edge_direction: str) -> NDArray[np.int8]:
    from aitia.errors import OptionError

    if edge_direction not in ("row->column", "column->row"):
        raise OptionError(f"edge_direction is 'row->column' or 'column->row', got {edge_direction!r}")
    if edge.ndim != 2 or edge.shape[0] != edge.shape[1]:
        raise GraphError(f"an adjacency matrix is square, got shape {edge.shape}")
    edge = edge if edge_direction == "row->column" else edge.T
    marks = np.where(edge & ~edge.T, Mark.ARROW, 0)
    return np.where(edge & edge.T | edge.T & ~edge, Mark.TAIL, marks).astype(np.int8)
