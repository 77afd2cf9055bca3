"""Rows of a PDAG that may change: their closure under Meek's rules, a DAG that extends them, and the CPDAG of a DAG.

References:
    Meek, Causal inference and causal explanation with background knowledge, UAI 1995.
    Dor and Tarsi, A simple algorithm to construct a consistent extension of a partially oriented graph, 1992.
    Chickering, A transformational characterization of equivalent Bayesian network structures, UAI 1995.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aitia.errors import GraphError
from aitia.graph.bits import bits, from_words, to_words
from aitia.graph.graph import Graph

__all__ = ["Pdag", "compelled", "extend", "extend_within", "places"]

MANY = 100
"""Nodes from which rows are worth turning into words for compiled loops."""


@lru_cache(maxsize=4096)
def places(row: int) -> tuple[int, ...]:
    """The positions of the set bits, ascending; kept, as searches ask for those of few neighbours again and again."""
    return tuple(bits(row))


class Pdag:
    """The parents, children, undirected neighbours and adjacencies of each node as bit rows.

    Raises:
        GraphError: If the graph has an edge other than x --> y or x --- y, or an open triple.
    """

    __slots__ = ("adjacent", "children", "neighbors", "parents")

    def __init__(self, graph: Graph) -> None:
        if not graph.is_pdag:
            odd = next(e for e in graph.edges if e.symbol not in ("-->", "---"))
            raise GraphError(f"a PDAG has edges x --> y and x --- y only; this graph has {odd}")
        if graph._open:
            a, b, c = graph.open_triples[0]
            raise GraphError(
                f"this graph leaves open whether {b} is a collider between {a} and {c}: it stands for several classes "
                "of DAGs, which decided(graph) gives"
            )
        self.parents = list(graph._parents)
        self.children = list(graph._children)
        self.neighbors = list(graph._neighbors)
        self.adjacent = graph._adjacent

    @classmethod
    def of(cls, parents: Sequence[int], adjacent: Sequence[int]) -> "Pdag":
        """The PDAG with these parents of each node; every other edge is undirected."""
        rows = cls.__new__(cls)
        rows.parents, children = list(parents), [0] * len(parents)
        for j, row in enumerate(parents):
            for i in places(row):
                children[i] |= 1 << j
        rows.children, rows.adjacent = children, tuple(adjacent)
        around = zip(adjacent, rows.parents, children, strict=True)
        rows.neighbors = [near & ~(above | below) for near, above, below in around]
        return rows

    def copy(self) -> "Pdag":
        """Rows of its own; the adjacencies never change and are shared."""
        other = Pdag.__new__(Pdag)
        other.parents, other.children = self.parents.copy(), self.children.copy()
        other.neighbors, other.adjacent = self.neighbors.copy(), self.adjacent
        return other

    def graph(self, names: tuple[str, ...]) -> Graph:
        """These rows as a graph."""
        tails = [p | n for p, n in zip(self.parents, self.neighbors, strict=True)]
        return Graph.from_bits(names, tails, self.children, (0,) * len(names))

    def orient(self, i: int, j: int) -> int:
        """Turns i --- j into i --> j; returns the nodes at which a rule may now apply."""
        self.neighbors[i] &= ~(1 << j)
        self.neighbors[j] &= ~(1 << i)
        self.children[i] |= 1 << j
        self.parents[j] |= 1 << i
        # Rules 1-3 see the new arrow from an undirected edge at i or j; rule 4 also from one at a common neighbour.
        return 1 << i | 1 << j | self.neighbors[i] & self.adjacent[j]

    def close(self, changed: int) -> None:
        """Applies Meek's rules until none holds at the undirected edges of `changed` and of all that follows from them.

        Every orientation puts few nodes back on the list, so the whole takes O(edges x degree) row operations.
        """
        while changed:
            low = changed & -changed
            changed ^= low
            i = low.bit_length() - 1
            for j in bits(self.neighbors[i]):
                if self.compelled(i, j):
                    changed |= self.orient(i, j)
                elif self.compelled(j, i):
                    changed |= self.orient(j, i)

    def compelled(self, a: int, b: int) -> bool:
        """Whether one of the rules 1-4 of Meek (1995) makes a --- b into a --> b."""
        if self.parents[a] & ~self.adjacent[b]:  # 1: c --> a --- b
            return True
        if self.children[a] & self.parents[b]:  # 2: a --> c --> b
            return True
        into = self.parents[b] & self.adjacent[a]
        middle = into & self.neighbors[a]
        if any(middle & ~self.adjacent[c] & ~(1 << c) for c in bits(middle)):  # 3: a --- c --> b <-- d --- a
            return True
        start = self.neighbors[a] & ~self.adjacent[b] & ~(1 << b)
        return bool(start) and any(self.parents[c] & start for c in bits(into))  # 4: a --- d --> c --> b, a *-* c


@lru_cache(maxsize=2)
def _skeleton(adjacent: tuple[int, ...]) -> NDArray[np.uint64]:
    """Its words: searches ask of many graphs on one skeleton."""
    return to_words(adjacent)


def _extended(rows: Pdag) -> list[int] | None:
    from aitia.graph._pdag_kernel import extend as compiled

    above, below, beside = map(to_words, (rows.parents, rows.children, rows.neighbors))
    return from_words(above) if compiled(above, below, beside, _skeleton(tuple(rows.adjacent))) else None


def _compelled(parents: Sequence[int], adjacent: Sequence[int]) -> list[int] | None:
    from aitia.graph._pdag_kernel import compelled as compiled

    above = to_words(parents)
    shared = np.zeros_like(above)
    return from_words(shared) if compiled(above, _skeleton(tuple(adjacent)), shared) else None


def extend(rows: Pdag) -> list[int] | None:
    """The parents of each node in a consistent extension, or None: takes away sinks one at a time (Dor and Tarsi)."""
    if len(rows.parents) >= MANY:
        return _extended(rows)
    return extend_within(rows, (1 << len(rows.parents)) - 1, rows.parents)


def extend_within(rows: Pdag, left: int, member: Sequence[int]) -> list[int] | None:
    """The same among the nodes `left` only; all others have the parents that they have in a member."""
    adjacent, children, neighbors, parents = rows.adjacent, rows.children, rows.neighbors, list(member)
    for i in places(left):
        parents[i] = rows.parents[i]
    waiting = left
    while left:
        while waiting:
            low = waiting & -waiting
            i = low.bit_length() - 1
            if not children[i] & left:
                around, beside = adjacent[i] & left, neighbors[i] & left
                if not beside or _met(beside, around, adjacent):
                    break
            waiting ^= low  # cannot be a sink before one of its neighbours is gone
        else:
            return None
        parents[i] |= beside
        left ^= low
        waiting = (waiting | around) & left
    return parents


def _met(beside: int, around: int, adjacent: Sequence[int]) -> bool:
    """Whether each of some nodes is adjacent to all others around."""
    while beside:
        low = beside & -beside
        if around & ~adjacent[low.bit_length() - 1] & ~low:
            return False
        beside ^= low
    return True


def compelled(parents: Sequence[int], adjacent: Sequence[int]) -> list[int] | None:
    """The parents of each node of a DAG that are its parents in every equivalent DAG; None for a graph with a cycle.

    Chickering's edge labelling, one row operation for each parent: O(nodes + edges).
    """
    if len(parents) >= MANY:
        return _compelled(parents, adjacent)
    waits = [row.bit_count() for row in parents]
    order = [i for i, count in enumerate(waits) if not count]
    for i in order:  # grows while it is walked: a node follows the last of its parents
        for j in places(adjacent[i] & ~parents[i]):
            waits[j] -= 1
            if not waits[j]:
                order.append(j)
    if len(order) < len(parents):
        return None
    rank = [0] * len(order)
    for position, i in enumerate(order):
        rank[i] = position
    shared = [0] * len(order)
    for y in order:
        above = parents[y]
        if not above:
            continue
        x = max(places(above), key=rank.__getitem__)
        if shared[x] & ~above or above & ~parents[x] & ~(1 << x):
            shared[y] = above
        else:
            shared[y] = shared[x]
    return shared
