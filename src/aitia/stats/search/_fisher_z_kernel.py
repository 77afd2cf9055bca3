"""One level of the skeleton search with partial correlations: by arrays for a few tests, compiled for many.

For a variable x with neighbours N the subsets S of N are walked as a tree. A branch eliminates one more variable from
the covariance of {x} + N (a Schur complement, d^2 operations); its last variable is eliminated for the row of x alone,
so that one test costs a few operations however large S is. With thresholds on r^2 no logarithm is taken in the loop.

To load the compiler takes half a second: it is loaded for what a small table, and a hundred halves of its rows, never
ask. The arithmetic is the same, and with it every bit of the answer.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from math import comb, sqrt
from types import FunctionType
from typing import Any

import numpy as np

__all__ = ["by_arrays", "level", "level_of"]

TINY = 1e-10
TIE = 1e-9
"""Partial correlations that differ by less are alike: what is between them may be rounding."""
SLACK = 1e-12
"""More than rounding in a variance."""
A_BRANCH = 4e-5
"""Seconds that one branch of the tree takes by arrays."""
LOADING = 0.4
"""Seconds of a process that pass by arrays before the compiler is loaded."""
_spent = 0.0


def level_of(degrees: Sequence[int], size: int) -> Callable[..., Any]:
    """The function `level` for sets of this size of nodes with these many neighbours, which answers the same anyhow."""
    global _spent
    if _spent <= LOADING:
        _spent += A_BRANCH * sum(2 * comb(d, size - 1) for d in degrees if d > size)
    return by_arrays if _spent <= LOADING else _compiled()


@cache
def _compiled() -> Callable[..., Any]:
    from aitia.compiled import njit

    names: dict[str, Any] = {**globals(), "_as_good": njit(nogil=True)(_as_good)}
    compiled: Callable[..., Any] = njit(nogil=True)(FunctionType(level.__code__, names, "level"))
    return compiled


def _as_good(square: float, threshold: float) -> float:
    """The largest r^2 that is alike to this one, or up to which it counts."""
    return max((sqrt(square) + TIE) ** 2, threshold)


def level(  # type: ignore[no-untyped-def]
    nodes,
    correlation,
    start,
    neighbors,
    size,
    threshold,
    later,
    locked,
    apart,
    least,
    least_set,
    tied,
    rows,
):
    """Tests every pair (x, y) of adjacent variables given every subset of `size` neighbours of x.

    Args:
        nodes: (m,) the x to work on.
        correlation: (p, p).
        start: (p + 1,) where the neighbours of each variable begin in `neighbors`; a place there is a slot (x, y).
        neighbors: Ascending within a variable.
        size: Of the subsets, at least 1.
        threshold: r^2 up to which a pair counts as separated.
        later: Work on the slots with y > x, else on those with y < x, passing over the sets that y's side has had.
        locked: (slots,) pairs that stay adjacent whatever a test says.
        apart: (slots,) set where a separating set was found.
        least: (slots,) least r^2 of all tests, and
        least_set: (slots, size) its set.
        tied: (slots,) set where other sets may do as well.
        rows: (p, words) adjacency bit rows.

    Returns:
        The number of tests, and the x at which a set was collinear or -1; that set is then in `least_set[start[x]]`.
    """
    count = 0
    widest = 0
    for x in nodes:
        widest = max(widest, start[x + 1] - start[x])
    stack = np.empty((size, widest + 1, widest + 1))
    chosen = np.empty(size, np.int64)
    wanted = np.empty(widest, np.bool_)
    bound = np.empty(widest)  # r^2 from which a test of the pair changes nothing
    for x in nodes:
        first = start[x]
        d = start[x + 1] - first
        if d <= size:
            continue
        left = 0
        for k in range(d):
            y = neighbors[first + k]
            wanted[k] = (y > x) == later
            left += wanted[k]
            bound[k] = _as_good(least[first + k], threshold)
        if left == 0:
            continue
        base = stack[0]
        for a in range(d + 1):
            i = x if a == d else neighbors[first + a]
            for b in range(d + 1):
                base[a, b] = correlation[i, x if b == d else neighbors[first + b]]
        depth = 0
        chosen[0] = -1
        while depth >= 0:
            chosen[depth] += 1
            s = chosen[depth]
            if s > d - (size - depth):
                depth -= 1
                continue
            c = stack[depth]
            pivot = c[s, s]
            if pivot < TINY:
                for e in range(size):
                    least_set[first, e] = neighbors[first + chosen[e]] if e <= depth else -1
                return count, x
            if depth < size - 1:
                below = stack[depth + 1]
                for a in range(d + 1):
                    factor = c[a, s] / pivot
                    for b in range(d + 1):
                        below[a, b] = c[a, b] - factor * c[s, b]
                depth += 1
                chosen[depth] = s
                continue
            factor = c[d, s] / pivot
            spread_x = c[d, d] - factor * c[d, s]
            once = 1 / pivot
            for k in range(d):
                if not wanted[k] or k == s:
                    continue
                inside = False
                for e in range(size - 1):
                    inside |= chosen[e] == k
                if inside:
                    continue
                slot = first + k
                had = not later  # whether the set lies among the neighbours of y, whose side has then tested it
                for e in range(size):
                    i = neighbors[first + chosen[e]]
                    had = had and (rows[neighbors[slot], i >> 6] >> np.uint64(i & 63)) & np.uint64(1) != 0
                if had:
                    continue
                cross = c[d, k] - factor * c[s, k]
                count += 1
                about = c[k, k] - c[k, s] * (c[k, s] * once)
                clear = about > 2 * SLACK and about * spread_x > 4 * TINY * TINY
                if clear and cross * cross > bound[k] * (about + SLACK) * spread_x:
                    continue  # no division for what changes nothing
                spread = (c[k, k] - c[k, s] * c[k, s] / pivot) * spread_x
                if spread < TINY * TINY:
                    for e in range(size):
                        least_set[first, e] = neighbors[first + chosen[e]]
                    return count, x
                square = cross * cross / spread
                if square < least[slot]:
                    tied[slot] = least[slot] <= _as_good(square, 0.0)
                    least[slot] = square
                    bound[k] = _as_good(square, threshold)
                    for e in range(size):
                        least_set[slot, e] = neighbors[first + chosen[e]]
                elif square <= _as_good(least[slot], 0.0):
                    tied[slot] = True
                if square < threshold and not locked[slot]:
                    apart[slot] = True
    return count, -1


def by_arrays(  # type: ignore[no-untyped-def]
    nodes, correlation, start, neighbors, size, threshold, later, locked, apart, least, least_set, tied, rows
):
    """The same as `level`, with the last variable of all sets of a branch eliminated at once."""
    count = 0
    bits = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little")
    for x in nodes:
        first, d = start[x], int(start[x + 1] - start[x])
        around = neighbors[first : first + d]
        wanted = (around > x) == later
        if d <= size or not wanted.any():
            continue
        places = np.append(around, x)
        whole = correlation[np.ix_(places, places)]
        near = bits[np.ix_(around, around)] == 1  # [k, s]: s is a neighbour of k
        for branch in combinations(range(d), size - 1):
            last = np.arange(branch[-1] + 1 if branch else 0, d)
            if not len(last):
                continue
            c, had, free = whole, np.full(d, not later), wanted.copy()
            for depth, s in enumerate(branch):
                if c[s, s] < TINY:
                    least_set[first] = -1
                    least_set[first, : depth + 1] = around[list(branch[: depth + 1])]
                    return count, x
                c = c - (c[:, s] / c[s, s])[:, None] * c[s]
                had &= near[:, s]
                free[s] = False
            pivot = c[last, last]
            if (bad := np.flatnonzero(pivot < TINY)).size:
                least_set[first] = around[[*branch, last[bad[0]]]]
                return count, x
            factor = c[d, last] / pivot
            cross_s = c[:d, last]
            spread = (c.diagonal()[:d, None] - cross_s * cross_s / pivot) * (c[d, d] - factor * c[d, last])
            cross = c[d, :d, None] - factor * c[last, :d].T
            asked = free[:, None] & ~(had[:, None] & near[:, last])
            asked[last, np.arange(len(last))] = False
            count += int(asked.sum())
            if (flat := (asked & (spread < TINY * TINY)).any(axis=0)).any():
                least_set[first] = around[[*branch, last[int(flat.argmax())]]]
                return count, x
            with np.errstate(divide="ignore", invalid="ignore"):
                square = np.where(asked, cross * cross / spread, np.inf)
            best = square.argmin(axis=1)
            smallest = square[np.arange(d), best]
            slots = first + np.arange(d)
            alike = (np.sqrt(smallest) + TIE) ** 2
            before = least[slots]
            lower = smallest < before
            near_before = np.isfinite(smallest) & (smallest <= (np.sqrt(before) + TIE) ** 2)
            several = (square <= alike[:, None]).sum(axis=1) > 1
            tied[slots] = np.where(lower, (before <= alike) | several, tied[slots] | near_before)
            least[slots[lower]] = smallest[lower]
            least_set[slots[lower]] = np.column_stack(
                [*(np.full(int(lower.sum()), around[s]) for s in branch), around[last[best[lower]]]]
            )
            apart[slots[(smallest < threshold) & ~locked[slots]]] = True
    return count, -1
