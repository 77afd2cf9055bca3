"""What paths along arrows and undirected edges lead to in a class of equivalent DAGs, compiled."""

import numpy as np

from aitia.compiled import njit
from aitia.stats.search._words_kernel import INNER, equal, holds, members, put

__all__ = ["without_a_path"]


@njit(**INNER)
def _parts(state):  # type: ignore[no-untyped-def]
    """The number of the part of each node: what hangs together by undirected edges; and what paths lead to from each.

    No such path of a class leads back by an arrow, so that the parts can be worked off from those that no arrow leaves.
    """
    nodes, words = state.neighbors.shape
    part, inside, ends = np.full(nodes, -1), np.empty(nodes, np.int64), np.zeros(nodes + 1, np.int64)
    near, count, done = np.empty(nodes, np.int64), 0, 0
    for i in range(nodes):
        if part[i] >= 0:
            continue
        part[i], inside[done] = count, i
        at, done = done, done + 1
        while at < done:
            for j in near[: members(state.neighbors[inside[at]], near)]:
                if part[j] < 0:
                    part[j], inside[done] = count, j
                    done += 1
            at += 1
        count += 1
        ends[count] = done
    reached, leaving = np.zeros((count, words), np.uint64), np.zeros(count, np.int64)
    for i in range(nodes):
        leaving[part[i]] += members(state.children[i], near)
    ready, top = np.empty(count, np.int64), 0
    for c in range(count):
        if not leaving[c]:
            ready[top] = c
            top += 1
    while top:
        top -= 1
        c = ready[top]
        for i in inside[ends[c] : ends[c + 1]]:
            put(reached[c], i)
            for j in near[: members(state.children[i], near)]:
                for m in range(words):
                    reached[c, m] |= reached[part[j], m]
            for j in near[: members(state.parents[i], near)]:
                leaving[part[j]] -= 1
                if not leaving[part[j]]:
                    ready[top] = part[j]
                    top += 1
    return part, reached


@njit(**INNER)
def _around(state, z, given, part, reached, around):  # type: ignore[no-untyped-def]
    """Fills `around` with what paths from z lead to on which no neighbour of z in the set given lies.

    None that has left the part of z by an arrow comes back to it.
    """
    nodes, words = state.neighbors.shape
    inside, stack, near = np.zeros(words, np.uint64), np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    around[:] = 0
    put(inside, z)
    stack[0], top = z, 1
    while top:
        top -= 1
        i = stack[top]
        for c in near[: members(state.children[i], near)]:
            for m in range(words):
                around[m] |= reached[part[c], m]
        for j in near[: members(state.neighbors[i], near)]:
            if not holds(inside, j) and not (holds(given, j) and holds(state.neighbors[z], j)):
                put(inside, j)
                stack[top] = j
                top += 1
    for m in range(words):
        around[m] |= inside[m]


@njit(**INNER)
def without_a_path(state, steps, count, least):  # type: ignore[no-untyped-def]
    """The places of the steps that gain more than the least and whose edge x --> z no path forbids.

    A path leads from z to x along arrows and undirected edges, and no neighbour of z in the set given lies on it
    (Chickering's theorem 15).
    """
    words = state.neighbors.shape[1]
    places, kept = np.empty(count, np.int64), 0
    for t in range(count):
        if steps.gain[t] > least:
            places[kept] = t
            kept += 1
    if not kept:
        return places[:0]
    all_, kept, last, of, beside = kept, 0, -1, -1, False
    part, reached = _parts(state)
    around, beyond, nobody = np.empty(words, np.uint64), np.empty(words, np.uint64), np.zeros(words, np.uint64)
    near = np.empty(len(state.neighbors), np.int64)
    for t in places[:all_]:
        x, z = steps.ends[t, 0], steps.ends[t, 1]
        if holds(reached[part[z]], x):
            if z != of:
                of, beside = z, not equal(state.neighbors[z], nobody)
                beyond[:] = 0
                for c in near[: members(state.children[z], near)]:
                    for m in range(words):
                        beyond[m] |= reached[part[c], m]
            if not beside or holds(beyond, x):
                continue
            if last < 0 or steps.ends[last, 1] != z or not equal(steps.second[last], steps.second[t]):
                _around(state, z, steps.second[t], part, reached, around)
                last = t
            if holds(around, x):
                continue
        places[kept] = t
        kept += 1
    return places[:kept]
