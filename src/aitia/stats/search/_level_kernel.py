"""The tests of one level of a skeleton search as an array, compiled."""

import numpy as np

from aitia.compiled import njit

__all__ = ["sets_of"]


@njit(nogil=True)
def others(adjacent, i, j, into):  # type: ignore[no-untyped-def]
    """Writes the neighbours of i beside j, ascending; returns their number."""
    count = 0
    for k in range(adjacent.shape[0]):
        if adjacent[i, k] and k != j:
            into[count] = k
            count += 1
    return count


@njit(nogil=True)
def sets_of(adjacent, pairs, size, begin, tests):  # type: ignore[no-untyped-def]
    """Fills in for each pair the sets of so many neighbours of the first, then those of the second that are no such.

    Args:
        adjacent: (p, p)
        pairs: (m, 2)
        size: Of the sets.
        begin: (m + 1,) where the tests of each pair begin.
        tests: (all, 2 + size) the pair and the set, in lexicographic order.
    """
    around, chosen = np.empty(adjacent.shape[0], np.int64), np.empty(max(size, 1), np.int64)
    for pair in range(pairs.shape[0]):
        at = begin[pair]
        for second in range(2):
            near, far = pairs[pair, 0], pairs[pair, 1]
            count = others(adjacent, far, near, around) if second else others(adjacent, near, far, around)
            if count < size:
                continue
            for d in range(size):
                chosen[d] = d
            while True:
                fresh = not second
                for d in range(size):
                    fresh = fresh or not adjacent[near, around[chosen[d]]]
                if fresh:
                    tests[at, 0], tests[at, 1] = near, far
                    for d in range(size):
                        tests[at, 2 + d] = around[chosen[d]]
                    at += 1
                d = size - 1
                while d >= 0 and chosen[d] == count - size + d:
                    d -= 1
                if d < 0:
                    break
                chosen[d] += 1
                for e in range(d + 1, size):
                    chosen[e] = chosen[e - 1] + 1
