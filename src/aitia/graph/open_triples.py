"""A graph with open triples: the classes that it stands for, one for each way to decide them.

A conservative search leaves open whether b is a collider in some unshielded triples a - b - c. Each way to decide them
all that some DAG extends is a class of its own, with a CPDAG (or, under background knowledge, a maximally oriented
PDAG); the classes share no member, and every member lies in one.

References:
    Ramsey, Zhang and Spirtes, Adjacency-faithfulness and conservative causal inference, UAI 2006 (e-patterns).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aitia.errors import CostError, GraphError
from aitia.graph._pdag import Pdag, extend
from aitia.graph.bits import bits
from aitia.graph.equivalence import _unshielded_colliders
from aitia.graph.graph import Graph
from aitia.graph.marks import Triple

__all__ = ["MOST_CLASSES", "decided", "each_decided", "told_apart"]

MOST_CLASSES = 256
"""Ways to decide the open triples, at most,"""
MOST_STEPS = 20_000
"""after as many steps of the search for them."""

Place = tuple[int, int, int]


def decided(graph: Graph) -> tuple[Graph, ...]:
    """The graphs that decide every open triple, closed under Meek's rules; the graph itself where it has none.

    Raises:
        GraphError: If no DAG extends any of them.
        CostError: If there are more than 256.

    Example:
        >>> print(*decided(Graph("a --- b --- c; a ? b ? c")), sep=" | ")
        a --- b; b --- c | a --> b; c --> b
    """
    if not graph._open:
        return (graph,)
    found = []
    for one in each_decided(graph):
        found.append(one)
        if len(found) > MOST_CLASSES:
            raise _too_many(graph)
    return tuple(found)


def each_decided(graph: Graph) -> Iterator[Graph]:
    """The same lazily, those with few colliders first; an error comes where the first is asked for.

    Raises:
        GraphError: If no DAG extends any of them.
        CostError: If the search for the next takes too long.
    """
    base = frozenset(_unshielded_colliders(graph))
    start = _State(_rows(graph), graph._open, base)
    waiting, steps, none = [start], 0, True
    while waiting:
        state = waiting.pop()
        steps += 1
        if steps > MOST_STEPS:
            raise _too_many(graph)
        if not state.follow():
            continue
        if state.pending:
            waiting += [state.with_collider(), state.without()]
            continue
        if extend(state.rows) is None:
            continue
        state.rows.close((1 << len(graph)) - 1)
        none = False
        yield state.rows.graph(graph.nodes)
    if none:
        raise GraphError(
            "no DAG has the skeleton, directed edges and unshielded colliders of this graph, however its open triples "
            "are decided"
        )


def told_apart(graph: Graph, one: Graph, other: Graph) -> tuple[Triple, ...]:
    """The open triples of a graph that two of the graphs that decide them decide differently."""
    there, here = (set(_unshielded_colliders(each)) for each in (one, other))
    pairs = zip(graph._open, graph.open_triples, strict=True)
    return tuple(names for place, names in pairs if (place in there) != (place in here))


@dataclass
class _State:
    """A PDAG in which some triples are still open, and the unshielded colliders that it may have beside these."""

    rows: Pdag
    pending: tuple[Place, ...]
    colliders: frozenset[Place]

    def with_collider(self) -> "_State":
        """A copy in which the first open triple is a collider."""
        (i, j, k), *rest = self.pending
        rows = self.rows.copy()
        for end in (i, k):
            if rows.neighbors[j] >> end & 1:
                rows.orient(end, j)
        return _State(rows, tuple(rest), self.colliders | {(i, j, k)})

    def without(self) -> "_State":
        """A copy in which it is none."""
        return _State(self.rows.copy(), self.pending[1:], self.colliders)

    def follow(self) -> bool:
        """Draws what follows: no collider beside those that are wanted, no cycle; False where it contradicts itself."""
        rows = self.rows
        changed = True
        while changed:
            changed = False
            for j, into in enumerate(rows.parents):
                for i in bits(into):
                    for k in bits(rows.neighbors[j] & ~rows.adjacent[i] & ~(1 << i)):
                        if _place(i, j, k) not in self.pending and rows.neighbors[j] >> k & 1:
                            rows.orient(j, k)
                            changed = True
                    for k in bits(rows.children[j] & rows.neighbors[i]):
                        rows.orient(i, k)
                        changed = True
            self._settle()
        return all(place in self.colliders for place in _colliders(rows))

    def _settle(self) -> None:
        """Takes the triples that the arrows have decided out of those that are open."""
        kept = []
        for i, j, k in self.pending:
            ends = 1 << i | 1 << k
            if not ends & ~self.rows.parents[j]:
                self.colliders |= {(i, j, k)}
            elif not self.rows.children[j] & ends:
                kept.append((i, j, k))
        self.pending = tuple(kept)


def _place(i: int, j: int, k: int) -> Place:
    return min(i, k), j, max(i, k)


def _rows(graph: Graph) -> Pdag:
    return Pdag.of(graph._parents, graph._adjacent)


def _colliders(rows: Pdag) -> Iterator[Place]:
    for j, into in enumerate(rows.parents):
        for i in bits(into):
            for k in bits(into & ~rows.adjacent[i] & (-2 << i)):
                yield i, j, k


def _too_many(graph: Graph) -> CostError:
    named: Sequence[Triple] = graph.open_triples
    a, b, c = named[0]
    return CostError(
        f"the graph leaves {len(named)} triples open ({a} - {b} - {c} is the first), which can be decided in more than "
        f"{MOST_CLASSES} ways: search with another collider rule, or say what is known (--knowledge)"
    )
