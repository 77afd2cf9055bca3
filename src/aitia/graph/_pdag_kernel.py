"""Consistent extensions and compelled edges of many nodes, on rows of 64-bit words, compiled; see `_pdag`."""

import numpy as np

from aitia.compiled import njit, trailing_zeros

__all__ = ["compelled", "extend", "extend_within"]

ONE = np.uint64(1)


@njit(nogil=True)
def _sink(i, left, children, neighbors, adjacent):  # type: ignore[no-untyped-def]
    """Whether no arrow leaves node i among those left, and each of its neighbours is adjacent to all around it."""
    words = left.shape[0]
    for k in range(words):
        if children[i, k] & left[k]:
            return False
    for k in range(words):
        beside = neighbors[i, k] & left[k]
        while beside:
            j = k * 64 + np.int64(trailing_zeros(beside))
            beside &= beside - ONE
            for m in range(words):
                far = adjacent[i, m] & left[m] & ~adjacent[j, m]
                if m == j >> 6:
                    far &= ~(ONE << np.uint64(j & 63))
                if far:
                    return False
    return True


@njit(nogil=True)
def extend_within(left, parents, children, neighbors, adjacent):  # type: ignore[no-untyped-def]
    """Makes `parents` those of a DAG among the nodes `left`; False where there is none. The first sink goes."""
    words = left.shape[0]
    waiting = left.copy()
    while np.any(left):
        sink = np.int64(-1)
        for k in range(words):
            word = waiting[k]
            while word and sink < 0:
                low = np.int64(trailing_zeros(word))
                word &= word - ONE
                if _sink(k * 64 + low, left, children, neighbors, adjacent):
                    sink = k * 64 + low
                else:
                    waiting[k] &= ~(ONE << np.uint64(low))
            if sink >= 0:
                break
        if sink < 0:
            return False
        left[sink >> 6] &= ~(ONE << np.uint64(sink & 63))
        for k in range(words):
            parents[sink, k] |= neighbors[sink, k] & left[k]
            waiting[k] = (waiting[k] | adjacent[sink, k]) & left[k]
    return True


@njit(nogil=True)
def extend(parents, children, neighbors, adjacent):  # type: ignore[no-untyped-def]
    """The same among all nodes, as in the plain loop."""
    nodes, words = parents.shape
    left = np.zeros(words, np.uint64)
    for i in range(nodes):
        left[i >> 6] |= ONE << np.uint64(i & 63)
    return extend_within(left, parents, children, neighbors, adjacent)


@njit(nogil=True)
def compelled(parents, adjacent, shared):  # type: ignore[no-untyped-def]
    """Fills `shared` with the parents in every equivalent DAG; False where there is a cycle."""
    nodes, words = parents.shape
    waits, order, rank = np.zeros(nodes, np.int64), np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    stop = 0
    for i in range(nodes):
        for k in range(words):
            word = parents[i, k]
            while word:
                waits[i] += 1
                word &= word - ONE
        if not waits[i]:
            order[stop] = i
            stop += 1
    at = 0
    while at < stop:
        i = order[at]
        rank[i] = at
        at += 1
        for k in range(words):
            word = adjacent[i, k] & ~parents[i, k]
            while word:
                j = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                waits[j] -= 1
                if not waits[j]:
                    order[stop] = j
                    stop += 1
    if stop < nodes:
        return False
    for y in order:
        x = np.int64(-1)
        for k in range(words):
            word = parents[y, k]
            while word:
                above = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                if x < 0 or rank[above] > rank[x]:
                    x = above
        if x < 0:
            continue
        all_ = False
        for k in range(words):
            more = parents[y, k] & ~parents[x, k]
            if k == x >> 6:
                more &= ~(ONE << np.uint64(x & 63))
            all_ = all_ or shared[x, k] & ~parents[y, k] != 0 or more != 0
        for k in range(words):
            shared[y, k] = parents[y, k] if all_ else shared[x, k]
    return True
