"""What the choice of arrows asks of large graphs, compiled: unshielded triples, their evidence, a first DAG, ancestors.

The same steps in the same order as in `evidence`, `assembly` and `implied`, on rows of 64-bit words.
"""

from math import atanh, erfc, inf, log, nan, pi, sqrt

import numpy as np

from aitia.compiled import njit
from aitia.stats.search._words_kernel import INNER, holds, members, put
from aitia.stats.search.assembly import ALIKE

__all__ = ["above", "evidence", "least_contradicted", "unshielded"]

FEW = 8
"""Variables in a set up to which the evidence is worked out here."""

SINGULAR = 1e-14
LARGE = 30.0
"""See `independence.fisher_z`."""


@njit(nogil=True)
def unshielded(adjacent):  # type: ignore[no-untyped-def]
    """(m, 3): every x, y, z with x - y - z and x, z apart, x before z; y ascending, then x, then z."""
    nodes = len(adjacent)
    near, count = np.empty(nodes, np.int64), 0
    for write in (False, True):
        found, count = np.empty((count, 3), np.int64), 0
        for y in range(nodes):
            degree = members(adjacent[y], near)
            for a in range(degree):
                for b in range(a + 1, degree):
                    if not holds(adjacent[near[a]], near[b]):
                        if write:
                            found[count, 0], found[count, 1], found[count, 2] = near[a], y, near[b]
                        count += 1
    return found


@njit(**INNER)
def _log_p_value(correlation, places, size, n, factor):  # type: ignore[no-untyped-def]
    """Of the last two places given those before them; NaN where some of them follow from the others."""
    last, value = size + 1, 0.0
    for a in range(size + 2):
        left = correlation[places[a], places[a]]
        for k in range(a):
            done = 0.0
            for m in range(k):
                done += factor[a, m] * factor[k, m]
            value = correlation[places[a], places[k]] - done
            if a == last and k == a - 1:
                break
            factor[a, k] = value / factor[k, k]
            left -= factor[a, k] ** 2
        if left < SINGULAR:
            return nan
        factor[a, a] = sqrt(left)
    value = min(abs(value / (factor[last - 1, last - 1] * factor[last, last])), 1 - 1e-16)
    statistic = sqrt(n - size - 3) * atanh(value)
    p_value = erfc(statistic / sqrt(2))
    if p_value > 0:
        return log(p_value)
    return -(statistic**2) / 2 - log(statistic * sqrt(pi / 2)) if statistic > LARGE else -inf


@njit(nogil=True)
def evidence(correlation, n, triples, given, size, without, with_):  # type: ignore[no-untyped-def]
    """Fills the logarithms of p of the ends of triples, given a set without the middle and with it.

    Args:
        correlation: (p, p).
        n: Rows behind it.
        triples: (m, 3).
        given: (m, s) of each a set, ascending.
        size: (m,) of it; below zero where nothing is asked.
        without: (m,) to be filled.
        with_: (m,) to be filled.

    Returns:
        Whether all could be told: no set is collinear or has more variables than the rows, or than `FEW`, allow.
    """
    places, factor = np.empty(FEW + 2, np.int64), np.empty((FEW + 2, FEW + 2))
    for t in range(len(triples)):
        if size[t] < 0:
            continue
        x, y, z = triples[t]
        for middle in (False, True):
            count, held = 0, not middle
            for k in range(size[t] + 1):
                if not held and (k == size[t] or given[t, k] >= y):
                    if count == FEW:
                        return False
                    places[count] = y
                    held = True
                    count += 1
                if k < size[t] and given[t, k] != y:
                    if count == FEW:
                        return False
                    places[count] = given[t, k]
                    count += 1
            if n - count - 3 <= 0:
                return False
            places[count], places[count + 1] = x, z
            value = _log_p_value(correlation, places, count, n, factor)
            if value != value:
                return False
            if middle:
                with_[t] = value
            else:
                without[t] = value
    return True


@njit(**INNER)
def _contradicted(i, start, pairs, weights, left):  # type: ignore[no-untyped-def]
    """How much evidence a node contradicts as the sink of what is left."""
    cost = 0.0
    for e in range(start[i], start[i + 1]):
        if left[pairs[e, 0]] and left[pairs[e, 1]]:
            cost += weights[e]
    return cost


@njit(**INNER)
def _free(i, start, pairs, left):  # type: ignore[no-untyped-def]
    """Whether it contradicts none."""
    for e in range(start[i], start[i + 1]):  # noqa: SIM110 - a generator is not compiled
        if left[pairs[e, 0]] and left[pairs[e, 1]]:
            return False
    return True


@njit(**INNER)
def _against(nodes, triples, strength):  # type: ignore[no-untyped-def]
    """Of each node the pairs with which it contradicts evidence if both are left when it goes, and how much."""
    start = np.zeros(nodes + 2, np.int64)
    for write in (False, True):
        if write:
            for i in range(nodes):
                start[i + 2] += start[i + 1]
            pairs, weights = np.empty((start[nodes + 1], 2), np.int64), np.empty(start[nodes + 1])
        for t in range(len(triples)):
            x, y, z = triples[t]
            for i, a, b, sign in ((y, x, z, -1.0), (x, y, z, 1.0), (z, y, x, 1.0)):
                if sign * strength[t] <= 0:
                    continue
                if write:
                    e = start[i + 1]
                    pairs[e, 0], pairs[e, 1], weights[e] = a, b, sign * strength[t]
                start[i + (1 if write else 2)] += 1
    return start, pairs, weights


@njit(**INNER)
def _cheapest(costs, left):  # type: ignore[no-untyped-def]
    """The first of the least costs of what is left that is no other's; -1 where there is none."""
    lower = -1.0
    while True:
        at, count = -1, 0
        for i in range(len(costs)):
            if left[i] and costs[i] > lower and (at < 0 or costs[i] < costs[at]):
                at = i
        if at < 0:
            return -1
        top, before = costs[at], -1.0
        while top > before:  # one that is like the next, which is like another
            before, bound, count = top, top + ALIKE * top, 0
            for i in range(len(costs)):
                if left[i] and lower < costs[i] <= bound:
                    top = max(top, costs[i])
                    count += 1
        if count == 1:
            return at
        lower = top


@njit(nogil=True)
def least_contradicted(adjacent, triples, strength):  # type: ignore[no-untyped-def]
    """The parents of each node of a DAG with these adjacencies: `assembly.least_contradicted` with nothing known.

    Args:
        adjacent: (p, words).
        triples: (m, 3) unshielded.
        strength: (m,) how strongly the middle is a collider.

    Returns:
        The parents, and whether they are those of all nodes: not where several contradict the same and none is alone.
    """
    nodes = len(adjacent)
    start, pairs, weights = _against(nodes, triples, strength)
    parents, near = np.zeros_like(adjacent), np.empty(nodes, np.int64)
    left, waiting, stale = np.ones(nodes, np.bool_), np.ones(nodes, np.bool_), np.ones(nodes, np.bool_)
    costs = np.empty(nodes)
    for _ in range(nodes):
        sink = -1
        for i in range(nodes):
            if waiting[i]:
                if _free(i, start, pairs, left):
                    sink = i
                    break
                waiting[i] = False  # cannot go before one of those that it watches
        if sink < 0:
            for i in range(nodes):
                if left[i] and stale[i]:
                    costs[i] = _contradicted(i, start, pairs, weights, left)
                    stale[i] = False
            sink = _cheapest(costs, left)
            if sink < 0:
                return parents, False
        left[sink] = waiting[sink] = False
        for i in near[: members(adjacent[sink], near)]:
            if left[i]:
                put(parents[sink], i)
                waiting[i] = stale[i] = True
        for e in range(start[sink], start[sink + 1]):
            for i in pairs[e]:
                if left[i]:
                    waiting[i] = stale[i] = True
    return parents, True


@njit(nogil=True)
def above(parents):  # type: ignore[no-untyped-def]
    """Of each node of a DAG itself and all above it."""
    nodes, words = parents.shape
    found, done = np.zeros_like(parents), np.zeros(nodes, np.bool_)
    stack, near = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    for last in range(nodes):
        top, stack[0] = 1, last
        while top:
            i = stack[top - 1]
            if done[i]:
                top -= 1
                continue
            count, ready = members(parents[i], near), True
            for j in near[:count]:
                if not done[j]:
                    stack[top], ready = j, False
                    top += 1
                    break
            if not ready:
                continue
            top -= 1
            done[i] = True
            put(found[i], i)
            for j in near[:count]:
                for k in range(words):
                    found[i, k] |= found[j, k]
    return found
