"""A DAG on a skeleton that contradicts as little evidence on its colliders as it can.

Dor and Tarsi take away sinks one at a time: a node may go last where no arrow leaves it and each two of its neighbours
are adjacent or make a collider that is there. Where the evidence contradicts itself no such node is left; then the one
goes that contradicts the least of it. What is consistent is thus kept as it is, and the result is always a DAG. Nothing
hangs on the order of the nodes but equal sums of evidence.

Source:
    Dor and Tarsi, A simple algorithm to construct a consistent extension of a partially oriented graph, 1992.
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from aitia.errors import GraphError, join_names
from aitia.graph.bits import bits

__all__ = ["Triple", "least_contradicted"]

ALIKE = 1e-11
"""Share of a sum of evidence up to which a difference may be rounding."""

Triple = tuple[int, int, int]
"""x, y, z with x < z: an unshielded triple with y in the middle."""


def least_contradicted(
    adjacent: Sequence[int], evidence: Mapping[Triple, float], forced: Sequence[int], names: Sequence[str]
) -> list[int]:
    """The parents of each node of a DAG with these adjacencies.

    Args:
        adjacent: One bit row a node.
        evidence: For unshielded triples how strongly the middle is a collider; below zero, that it is none.
        forced: Bit rows: [i] holds the j for which i --> j is known.
        names: Of the nodes, for the error.

    Raises:
        GraphError: If what is known makes a cycle.
    """
    p = len(adjacent)
    against: list[list[tuple[int, float]]] = [[] for _ in range(p)]  # what a node contradicts as the sink of `left`
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
    parents = [0] * p
    costs: dict[int, float] = {}  # of the nodes whose pairs are all as they were when it was summed
    heap: list[tuple[float, int]] = []  # of these, and of what is no more
    left = waiting = stale = (1 << p) - 1
    while left:
        for i in bits(waiting):
            if not forced[i] & left and not any(pair & left == pair for pair, _ in against[i]):
                break
            waiting ^= 1 << i  # cannot go before one of those that it watches
        else:
            i = _cheapest(left, stale, against, forced, costs, heap)
            if i < 0:
                raise GraphError(
                    f"the knowledge makes a cycle among {join_names(names[k] for k in bits(left))}: of the edges that "
                    "the data show between them each may point one way only"
                )
            stale = sum(1 << k for k in bits(stale) if forced[k] & left) if any(forced) else 0
        parents[i] = adjacent[i] & left
        left ^= 1 << i
        stale = (stale | watch[i]) & left
        for j in bits(watch[i] & left):
            costs.pop(j, None)
        waiting = (waiting | watch[i]) & left
    return parents


def _cheapest(
    left: int,
    stale: int,
    against: Sequence[Sequence[tuple[int, float]]],
    forced: Sequence[int],
    costs: dict[int, float],
    heap: list[tuple[float, int]],
) -> int:
    """The node that contradicts the least evidence as a sink of those that are left; -1 where none may be one.

    Of nodes that tie none is taken while another is alone with its cost: which of them goes is not in the evidence.
    """
    for i in bits(stale):
        if not forced[i] & left:
            costs[i] = sum(weight for pair, weight in against[i] if pair & left == pair)
            heappush(heap, (costs[i], i))
    ranked: list[tuple[float, int]] = []  # until a cost that is no other's
    while heap:
        cost, i = heappop(heap)
        if not left >> i & 1 or costs.get(i) != cost or (ranked and ranked[-1] == (cost, i)):
            continue
        ranked.append((cost, i))
        if len(ranked) > 1 and not _alike(ranked, -2) and (len(ranked) == 2 or not _alike(ranked, -3)):
            break
    for entry in ranked:
        heappush(heap, entry)
    if not ranked:
        return -1
    alone = [k for k in range(len(ranked)) if not (_alike(ranked, k) or (k and _alike(ranked, k - 1)))]
    return ranked[alone[0] if alone else 0][1]


def _alike(ranked: Sequence[tuple[float, int]], k: int) -> bool:
    """Whether a cost is that of the next but for rounding."""
    if k in (-1, len(ranked) - 1):
        return False
    return ranked[k + 1][0] - ranked[k][0] <= ALIKE * (1 + ranked[k][0])
