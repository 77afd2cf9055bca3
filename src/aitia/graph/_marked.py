"""Nodes, and edges with a mark at each end: what a graph is made of, before anything is read from it.

Inside are three tuples of integers used as bit rows: bit j of `_ends[mark - 1][i]` is set when an edge i *-* j bears
`mark` at j. A pair has one edge, or i --> j beside i <-> j (a bow): then i bears a tail and an arrow, j an arrow, which
no other edges do. `_open` holds the open triples (i, middle, k), i < k; the most graphs have none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Self

from aitia.errors import GraphError, join_names, unknown_variable
from aitia.graph.bits import Bits, bits, transpose
from aitia.graph.marks import Edge, Mark, Triple, parse_graph, quote, triple_text

__all__ = ["MarkedEdges"]


class MarkedEdges:
    """Named nodes and marked edges, immutable; `Graph` says what they are given as."""

    __slots__ = ("__dict__", "_ends", "_index", "_names")
    _names: tuple[str, ...]
    _index: Mapping[str, int]
    _ends: tuple[Bits, Bits, Bits]
    _open: tuple[tuple[int, int, int], ...] = ()

    def __init__(
        self,
        edges: str | Iterable[str | Edge | tuple[str, str]] = (),
        nodes: Iterable[str] | None = None,
        *,
        open_triples: Iterable[Triple] = (),
    ) -> None:
        parsed: list[Edge] = []
        triples = list(open_triples)
        seen: dict[str, None] = {}
        for item in [edges] if isinstance(edges, str) else edges:
            if isinstance(item, str):
                more, names, asked = parse_graph(item)
                triples += asked
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
            if (rows[0][i] | rows[1][i] | rows[2][i]) >> j & 1:
                _check_second(edge, [row[i] >> j & 1 for row in rows], [row[j] >> i & 1 for row in rows])
            rows[edge.right_mark - 1][i] |= 1 << j
            rows[edge.left_mark - 1][j] |= 1 << i
        self._ends = (tuple(rows[0]), tuple(rows[1]), tuple(rows[2]))
        if any(self._bows):
            self._check_bows()
        if triples:
            self._open = tuple(
                sorted(dict.fromkeys(self._checked(*triple) for triple in triples), key=lambda t: (t[1], *t))
            )

    def _checked(self, a: str, b: str, c: str) -> tuple[int, int, int]:
        """The positions of an open triple."""
        i, j, k = self.index(a), self.index(b), self.index(c)
        told = f"{triple_text((a, b, c))} leaves open whether {b} is a collider between {a} and {c}"
        if any(self._ends[2]) or any(self._spouses):
            raise GraphError(f"{told}, which is said in a graph of --> and --- only (a PDAG)")
        if not self._is_open(i, j, k):
            raise GraphError(
                f"{told}, and the edges say it: {a} and {c} are adjacent to {b} and not to each other in an open "
                f"triple, and no arrow leads from {b} to them, nor from both to it"
            )
        return min(i, k), j, max(i, k)

    def _is_open(self, i: int, j: int, k: int) -> bool:
        """Whether i and k are apart, and their edges with j leave open whether it is a collider."""
        pair = 1 << i | 1 << k
        if i == k or self._adjacent[i] >> k & 1 or pair & ~self._adjacent[j] or pair & self._children[j]:
            return False
        return bool(pair & self._neighbors[j])

    def _set_names(self, names: tuple[str, ...]) -> None:
        for name in names:
            if not isinstance(name, str):
                raise GraphError(f"node names are text, got {name!r} of type {type(name).__name__}")
        self._names = names
        self._index = {name: i for i, name in enumerate(names)}
        if len(self._index) < len(names):
            repeated = sorted({name for name in names if names.count(name) > 1})
            raise GraphError(f"node names are repeated: {join_names(repeated)}")

    def _check_bows(self) -> None:
        """Refuses edges beside which a bow means nothing."""
        if odd := next((edge for edge in self.edges if edge.symbol not in ("-->", "<->")), None):
            cause, effect = map(quote, self.bows[0])
            raise GraphError(
                f"{cause} --> {effect} beside {cause} <-> {effect} has a meaning among edges --> and <-> only (an "
                f"ADMG), and this graph has {odd}"
            )

    @classmethod
    def from_bits(
        cls,
        names: Sequence[str],
        tail: Sequence[int],
        arrow: Sequence[int],
        circle: Sequence[int],
        *,
        open_triples: Sequence[tuple[int, int, int]] = (),
    ) -> Self:
        """The graph whose edge i *-* j bears a mark at j where bit j of that mark's row i is set.

        Open triples (i, middle, k) have i < k, and come in the order of their middles.

        Trusted: for algorithms that keep the rows consistent themselves.
        """
        graph = cls.__new__(cls)
        graph._set_names(tuple(names))
        graph._ends = (tuple(tail), tuple(arrow), tuple(circle))
        if open_triples:
            graph._open = tuple(open_triples)
        return graph

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
        """Every edge once, each read so that an arrow points right where only one end bears it; of a bow --> first."""
        found = []
        bows = self._bows if any(self._bows) else ()
        for i, row in enumerate(self._adjacent):
            for j in bits(row >> (i + 1) << (i + 1)):
                if bows and (bows[i] >> j | bows[j] >> i) & 1:
                    a, b = self._names[i], self._names[j]
                    found.append(Edge(b, a) if bows[i] >> j & 1 else Edge(a, b))
                    found.append(Edge(a, b, Mark.ARROW, Mark.ARROW))
                    continue
                edge = Edge(self._names[i], self._names[j], self._mark(j, i), self._mark(i, j))
                turn = edge.left_mark == Mark.ARROW and edge.right_mark != Mark.ARROW
                turn |= edge.left_mark == Mark.TAIL and edge.right_mark == Mark.CIRCLE
                found.append(edge.reversed() if turn else edge)
        return tuple(found)

    @property
    def bows(self) -> tuple[tuple[str, str], ...]:
        """Every (cause, effect) with cause --> effect and cause <-> effect, by the effect in node order."""
        if not any(self._bows):
            return ()
        names = self._names
        return tuple((names[j], name) for name, row in zip(names, self._bows, strict=True) for j in bits(row))

    @property
    def open_triples(self) -> tuple[Triple, ...]:
        """Every (a, b, c), a and c apart, of which it is open whether b is a collider: members may differ there."""
        return tuple((self._names[i], self._names[j], self._names[k]) for i, j, k in self._open)

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
        """The mark at `at` on the edge between `node` and `at`; None where they are not adjacent.

        Raises:
            GraphError: If two edges join them (a bow): ask `parents` and `spouses`.
        """
        i, j = self.index(node), self.index(at)
        if self._bows[i] >> j & 1 or self._bows[j] >> i & 1:
            raise GraphError(f"two edges join {node!r} and {at!r}, --> and <->: ask parents and spouses")
        return self._mark(i, j)

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
    def _bows(self) -> Bits:
        """Row i: every j with j --> i and j <-> i, which alone bears two marks at one end."""
        return tuple(tail & arrow for tail, arrow in zip(self._ends[0], self._ends[1], strict=True))

    @cached_property
    def _into(self) -> Bits:
        """Row i: every j with an arrow at i on an edge j *-> i."""
        return transpose(self._ends[1])

    @cached_property
    def _parents(self) -> Bits:
        return tuple(tail & into for tail, into in zip(self._ends[0], self._into, strict=True))

    @cached_property
    def _children(self) -> Bits:
        out = transpose(self._ends[0])
        return tuple(arrow & tail for arrow, tail in zip(self._ends[1], out, strict=True))

    @cached_property
    def _possible_children(self) -> Bits:
        """Row i: every j that i may cause by an edge: i --> j, or one without an arrow at i."""
        if any(self._bows):
            return self._children
        return tuple(adjacent & ~into for adjacent, into in zip(self._adjacent, self._into, strict=True))

    @cached_property
    def _spouses(self) -> Bits:
        return tuple(arrow & into for arrow, into in zip(self._ends[1], self._into, strict=True))

    @cached_property
    def _neighbors(self) -> Bits:
        return tuple(tail & back for tail, back in zip(self._ends[0], transpose(self._ends[0]), strict=True))

    # -- identity -------------------------------------------------------------------------------------------------

    @cached_property
    def _identity(self) -> tuple[frozenset[Any], ...]:
        ends = {(e.left, e.right, int(e.right_mark)) for e in self.edges}
        ends |= {(e.right, e.left, int(e.left_mark)) for e in self.edges}
        asked = frozenset((b, frozenset((a, c))) for a, b, c in self.open_triples)
        return (frozenset(self._names), frozenset(ends), *([asked] if asked else []))

    def __eq__(self, other: object) -> bool:
        """Same names, marked edges and open triples; the order of nodes does not count."""
        return self._identity == other._identity if isinstance(other, MarkedEdges) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity)

    def __str__(self) -> str:
        alone = [quote(name) for name, row in zip(self._names, self._adjacent, strict=True) if not row]
        return "; ".join([*map(str, self.edges), *alone, *map(triple_text, self.open_triples)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        made = type(self).from_bits
        return (partial(made, open_triples=self._open) if self._open else made), (self._names, *self._ends)


def _check_second(edge: Edge, right: list[int], left: list[int]) -> None:
    """Refuses a second edge of a pair unless the two are a bow; given are the marks there, tail, arrow and circle."""
    there = sorted((right, left))
    both, directed = [[0, 1, 0], [0, 1, 0]], [[0, 1, 0], [1, 0, 0]]
    symbols = {"-->": both, "<--": both, "<->": directed}
    if symbols.get(edge.symbol) != there:
        raise GraphError(
            f"two edges between {edge.left!r} and {edge.right!r}: a pair of nodes has at most one, or --> beside <->"
        )
