"""What paths along arrows and undirected edges forbid in a class of equivalent DAGs, compiled.

A path that was found is kept with the edge that it forbids: it holds as long as the class is the same around its nodes.
"""

import numpy as np

from aitia.compiled import njit, trailing_zeros
from aitia.stats.search._words_kernel import INNER, ONE, put

__all__ = ["LONGEST", "without_a_path"]

LONGEST = 6
"""Nodes of a path that is kept; of a longer one it is found again that it is there."""


@njit(**INNER)
def _holds_still(paths, t, since):  # type: ignore[no-untyped-def]
    """Whether the path of a step is kept, and none of its nodes has another surrounding than when it was found."""
    found = paths[t, 0]
    if found < 0:
        return False
    for k in range(2, 2 + paths[t, 1]):  # noqa: SIM110 - a generator is not compiled
        if since[paths[t, k]] > found:
            return False
    return True


@njit(**INNER)
def _found(state, x, z, given, now, path, room, seen):  # type: ignore[no-untyped-def]
    """Whether a path leads from z to x on which no neighbour of z in the set given lies; the shortest is kept.

    `room` is for two places a node, `seen` for a set.
    """
    queue, before = room[0], room[1]
    for m in range(len(seen)):
        seen[m] = state.neighbors[z, m] & given[m]
    put(seen, z)
    queue[0], at, stop = z, 0, 1
    while at < stop:
        i = queue[at]
        at += 1
        for m in range(len(seen)):
            word = (state.children[i, m] | state.neighbors[i, m]) & ~seen[m]
            seen[m] |= word
            while word:
                j = m * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                before[j] = i
                queue[stop] = j
                stop += 1
        if (seen[x >> 6] >> np.uint64(x & 63)) & ONE != 0:
            path[0], path[1] = now, 0
            while x != z and path[1] < LONGEST:
                path[2 + path[1]] = x
                path[1] += 1
                x = before[x]
            if x != z:
                path[0] = -1
            return True
    return False


@njit(**INNER)
def without_a_path(state, steps, count, least, paths, since, now):  # type: ignore[no-untyped-def]
    """The places of the steps that gain more than the least and whose edge x --> z no path forbids.

    A path leads from z to x along arrows and undirected edges, and no neighbour of z in the set given lies on it
    (Chickering's theorem 15).

    Args:
        state: The class.
        steps: Edges, each with the set given as its second, of a class that is the same around z.
        count: Their number.
        least: What they have to gain.
        paths: (steps, 2 + LONGEST) for each step when a path was found, -1 for none, its length and its nodes but z.
        since: When the class last changed around each node.
        now: The time.
    """
    places, kept = np.empty(count, np.int64), 0
    room, seen = np.empty((2, len(since)), np.int64), np.empty(state.parents.shape[1], np.uint64)
    for t in range(count):
        if steps.gain[t] <= least or _holds_still(paths, t, since):
            continue
        x, z = steps.ends[t, 0], steps.ends[t, 1]
        if not _found(state, x, z, steps.second[t], now, paths[t], room, seen):
            places[kept] = t
            kept += 1
    return places[:kept]
