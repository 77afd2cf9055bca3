"""What a further parent of a node would explain, with the likelihood of Gaussian rows, compiled; see `likelihood`."""

from math import sqrt

from aitia.compiled import njit
from aitia.stats.search._class_kernel import TINY
from aitia.stats.search._words_kernel import INNER, members

__all__ = ["factorised", "may_reach", "share"]

SINGULAR = 1e6
"""Trace of an inverse from which rounding may hide what is worked out from it."""


@njit(**INNER)
def factorised(score, node, row, half):  # type: ignore[no-untyped-def]
    """Fills the Cholesky factor of the correlations of the parents, and `half`: its inverse times those with the node.

    Returns how many parents there are, and the share of the variance that they leave.
    """
    correlation, places, factor = score.correlation, score.places, score.factor
    count, left = members(row, places), 1.0
    for a in range(count):
        spread, half[a] = 1.0, correlation[places[a], node]
        for k in range(a):
            done = 0.0
            for m in range(k):
                done += factor[a, m] * factor[k, m]
            value = (correlation[places[a], places[k]] - done) / factor[k, k]
            factor[a, k] = value
            spread -= value * value
            half[a] -= value * half[k]
        factor[a, a] = sqrt(max(spread, TINY))
        half[a] /= factor[a, a]
        left -= half[a] * half[a]
    return count, left


@njit(**INNER)
def share(score, node, x, count, left, half, of_x):  # type: ignore[no-untyped-def]
    """The squared partial correlation of x and a node given the parents that are factorised."""
    correlation, places, factor = score.correlation, score.places, score.factor
    cross, rest = correlation[node, x], 1.0
    for a in range(count):
        of_x[a] = correlation[places[a], x]
        for k in range(a):
            of_x[a] -= factor[a, k] * of_x[k]
        of_x[a] /= factor[a, a]
        rest -= of_x[a] * of_x[a]
        cross -= half[a] * of_x[a]
    return min(cross**2 / max(left * rest, TINY), 1 - TINY)


@njit(**INNER)
def may_reach(score, node, count, left, half, enough, room, may):  # type: ignore[no-untyped-def]
    """Marks the x whose squared partial correlation with a node can be `enough`, in a few operations for each.

    The numerator is worked out; what the parents explain of x is at most the trace of the inverse of their
    correlations times the sum of the squares of those with x.
    """
    correlation, places, factor = score.correlation, score.places, score.factor
    trace = 0.0
    for a in range(count):  # the inverse of the factor, its column a at a time
        room[0, a] = 1 / factor[a, a]
        trace += room[0, a] ** 2
        for k in range(a + 1, count):
            done = 0.0
            for m in range(a, k):
                done += factor[k, m] * room[0, m]
            room[0, k] = -done / factor[k, k]
            trace += room[0, k] ** 2
    nodes = len(may)
    if trace > SINGULAR:
        may[:] = True
        return
    cross, reach = room[1], room[2]
    for x in range(nodes):
        cross[x], reach[x] = correlation[node, x], 0.0
    for a in range(count - 1, -1, -1):
        weight = half[a]
        for k in range(a + 1, count):
            weight -= factor[k, a] * room[3, k]
        weight /= factor[a, a]
        room[3, a] = weight
        row = correlation[places[a]]
        for x in range(nodes):
            cross[x] -= weight * row[x]
            reach[x] += row[x] * row[x]
    least = enough * left * (1 - 1e-6)
    for x in range(nodes):
        may[x] = cross[x] * cross[x] + least * trace * reach[x] >= least - TINY
