"""The DAGs on a skeleton that contradict as little evidence on its colliders as they can.

Dor and Tarsi take away sinks one at a time: a node may go last where no arrow leaves it and each two of its neighbours
are adjacent or make a collider that is there. Where the evidence contradicts itself no such node is left; then the one
goes that contradicts the least of it. What is consistent is thus kept as it is, and the result is always a DAG.

Nothing hangs on the order of the nodes. Of nodes that contradict the same, as those of mirrored columns do, none goes
while another is alone with its cost. Where none is, those go together that are apart from each other: whichever were
the first, the DAG is the same. Where all are adjacent to their like, each of them goes first in a DAG of its own.

Source:
    Dor and Tarsi, A simple algorithm to construct a consistent extension of a partially oriented graph, 1992.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from aitia.errors import GraphError, join_names
from aitia.graph.bits import bits

__all__ = ["Triple", "least_contradicted"]

ALIKE = 1e-6
"""Share of a sum of evidence up to which a difference says nothing: noise of a billionth of a column makes less."""

Triple = tuple[int, int, int]
"""x, y, z with x < z: an unshielded triple with y in the middle."""


Evidence = Sequence[Sequence[tuple[int, float]]]
"""Of each node the pairs with which it contradicts evidence if both are left when it goes, and how much."""


@dataclass
class _Unfinished:
    """A DAG of which some nodes are still to be placed, before those that are.

    Args:
        parents: Of the nodes that went.
        left: The others.
        waiting: Those of them that may be free to go.
        stale: Those whose cost is to be summed anew.
        costs: Of those whose pairs are all as they were when it was summed.
        heap: Of these, and of what is no more.
    """

    parents: list[int]
    left: int
    waiting: int
    stale: int
    costs: dict[int, float]
    heap: list[tuple[float, int]]

    def copy(self) -> "_Unfinished":
        """One of its own."""
        return _Unfinished(
            self.parents.copy(), self.left, self.waiting, self.stale, self.costs.copy(), self.heap.copy()
        )

    def take(self, i: int, adjacent: Sequence[int], watch: Sequence[int]) -> None:
        """Makes a node the sink of those that are left."""
        self.parents[i] = adjacent[i] & self.left
        self.left ^= 1 << i
        self.stale = (self.stale | watch[i]) & self.left
        for j in bits(watch[i] & self.left):
            self.costs.pop(j, None)
        self.waiting = (self.waiting | watch[i]) & self.left


def least_contradicted(
    adjacent: Sequence[int], evidence: Mapping[Triple, float], forced: Sequence[int], names: Sequence[str]
) -> Iterator[list[int]]:
    """The parents of each node of a DAG with these adjacencies; of several, one after another, where evidence ties.

    Args:
        adjacent: One bit row a node.
        evidence: For unshielded triples how strongly the middle is a collider; below zero, that it is none.
        forced: Bit rows: [i] holds the j for which i --> j is known.
        names: Of the nodes, for the error.

    Raises:
        GraphError: If what is known makes a cycle.
    """
    p = len(adjacent)
    against: list[list[tuple[int, float]]] = [[] for _ in range(p)]
    watch = list(adjacent)
    for (x, y, z), weight in evidence.items():
        ends = 1 << x | 1 << z
        if weight < 0:
            against[y].append((ends, -weight))
        elif weight > 0:
            against[x].append((1 << y | 1 << z, weight))
            against[z].append((1 << y | 1 << x, weight))
            watch[x] |= 1 << z
            watch[z] |= 1 << x
    everyone = (1 << p) - 1
    pending, met = [_Unfinished([0] * p, everyone, everyone, everyone, {}, [])], set()
    while pending:
        one = pending.pop()
        firsts = _finish(one, adjacent, against, watch, forced, names)
        if not firsts:
            yield one.parents
        for i in firsts:
            other = one.copy()
            other.take(i, adjacent, watch)
            at = (other.left, *other.parents)
            if at not in met:
                met.add(at)
                pending.append(other)


def _finish(
    one: _Unfinished,
    adjacent: Sequence[int],
    against: Evidence,
    watch: Sequence[int],
    forced: Sequence[int],
    names: Sequence[str],
) -> list[int]:
    """Places all that are left, or stops where one of several is to go first: returns these."""
    while one.left:
        for i in bits(one.waiting):
            if not forced[i] & one.left and not any(pair & one.left == pair for pair, _ in against[i]):
                nodes = [i]
                break
            one.waiting ^= 1 << i  # cannot go before one of those that it watches
        else:
            nodes = _cheapest(one, adjacent, against, forced)
            if not nodes:
                raise GraphError(
                    f"the knowledge makes a cycle among {join_names(names[k] for k in bits(one.left))}: of the edges "
                    "that the data show between them each may point one way only"
                )
            if any(adjacent[i] >> j & 1 for i in nodes for j in nodes):
                return nodes
            one.stale = sum(1 << k for k in bits(one.stale) if forced[k] & one.left) if any(forced) else 0
        for i in nodes:
            one.take(i, adjacent, watch)
    return []


def _cheapest(one: _Unfinished, adjacent: Sequence[int], against: Evidence, forced: Sequence[int]) -> list[int]:
    """The node that contradicts the least evidence as a sink of those that are left; none where none may be one.

    Of nodes that tie none is taken while another is alone with its cost. Where none is, the first of those that tie
    that are adjacent to none of their like are taken together; where all are, the first that tie are returned, each
    of which may go first.
    """
    for i in bits(one.stale):
        if not forced[i] & one.left:
            one.costs[i] = sum(weight for pair, weight in against[i] if pair & one.left == pair)
            heappush(one.heap, (one.costs[i], i))
    tied: list[list[tuple[float, int]]] = []  # until a cost that is no other's
    last = None
    while one.heap:
        cost, i = heappop(one.heap)
        if not one.left >> i & 1 or one.costs.get(i) != cost or last == (cost, i):
            continue
        if last is not None and cost - last[0] <= ALIKE * last[0]:
            tied[-1].append((cost, i))
        else:
            tied.append([(cost, i)])
            if len(tied) > 1 and len(tied[-2]) == 1:
                break
        last = cost, i
    for entry in [entry for group in tied for entry in group]:
        heappush(one.heap, entry)
    groups = [[i for _, i in group] for group in tied]
    alone = next((group for group in groups if len(group) == 1), None)
    if alone is not None or not groups:
        return alone or []
    for group in groups:
        nodes = sum(1 << i for i in group)
        if apart := [i for i in group if not adjacent[i] & nodes]:
            return apart
    return groups[0]
