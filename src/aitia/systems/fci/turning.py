"""Sets of verdicts in the order of what it costs to pass them over."""

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from itertools import islice

from aitia.stats.search.assembly import Triple

__all__ = ["weakest_first"]


ALIKE = 1e-9
"""Sums that differ by less are the same."""


def weakest_first(weights: Mapping[Triple, float], most: int) -> Iterator[list[tuple[Triple, ...]]]:
    """Sets of triples, the ones with the least sum of weights first; each once, and those of one sum together.

    Args:
        weights: What it costs to pass a verdict over, 0 or more.
        most: So many sets, and those with the sum of the last.

    Example:
        >>> a, b = (0, 1, 2), (1, 2, 3)
        >>> list(weakest_first({a: 1.0, b: 3.0}, 9))
        [[((0, 1, 2),)], [((1, 2, 3),)], [((0, 1, 2), (1, 2, 3))]]
    """
    group: list[tuple[Triple, ...]] = []
    least, count = 0.0, 0
    for cost, chosen in islice(_sets(weights), 10 * most):
        if group and cost - least > ALIKE:
            yield group
            count += len(group)
            group = []
            if count >= most:
                return
        least = cost if not group else least
        group.append(chosen)
    if group:
        yield group


def _sets(weights: Mapping[Triple, float]) -> Iterator[tuple[float, tuple[Triple, ...]]]:
    order = sorted(weights, key=lambda triple: weights[triple])
    costs = [weights[triple] for triple in order]
    waiting: list[tuple[float, tuple[int, ...]]] = [(costs[0], (0,))] if order else []
    while waiting:
        cost, chosen = heappop(waiting)
        yield cost, tuple(order[k] for k in chosen)
        last = chosen[-1]
        if last + 1 < len(order):  # the last one moves on, or another joins it: every set is reached in one way
            heappush(waiting, (cost + costs[last + 1], (*chosen, last + 1)))
            heappush(waiting, (cost - costs[last] + costs[last + 1], (*chosen[:-1], last + 1)))
