"""Sets of nodes as rows of 64-bit words, and lists of steps with two sets each, for compiled loops."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.compiled import njit, trailing_zeros

__all__ = [
    "INNER",
    "ONE",
    "Steps",
    "Words",
    "append",
    "assign",
    "assign_all",
    "cliques",
    "drop",
    "equal",
    "holds",
    "members",
    "move",
    "no_steps",
    "put",
    "ranked",
]

ONE = np.uint64(1)
INNER = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Of functions that only compiled code calls: they need no door of their own."""


Words = NDArray[np.uint64]


class Steps(NamedTuple):
    """Room for steps: what each gains, its two nodes, its two sets."""

    gain: NDArray[np.float64]
    ends: NDArray[np.int64]
    first: Words
    second: Words


@njit(**INNER)
def holds(row, j):  # type: ignore[no-untyped-def]
    """Whether j is in the set."""
    return (row[j >> 6] >> np.uint64(j & 63)) & ONE != 0


@njit(**INNER)
def put(row, j):  # type: ignore[no-untyped-def]
    """Puts j into the set."""
    row[j >> 6] |= ONE << np.uint64(j & 63)


@njit(**INNER)
def drop(row, j):  # type: ignore[no-untyped-def]
    """Takes j out of the set."""
    row[j >> 6] &= ~(ONE << np.uint64(j & 63))


@njit(**INNER)
def assign(row, other):  # type: ignore[no-untyped-def]
    """Makes a set the same as another."""
    for k in range(len(row)):
        row[k] = other[k]


@njit(**INNER)
def assign_all(rows, others):  # type: ignore[no-untyped-def]
    """Makes rows the same as others."""
    for i in range(len(rows)):
        assign(rows[i], others[i])


@njit(**INNER)
def equal(row, other):  # type: ignore[no-untyped-def]
    """Whether two sets are the same."""
    for k in range(len(row)):  # noqa: SIM110 - a generator is not compiled
        if row[k] != other[k]:
            return False
    return True


@njit(**INNER)
def twice(rows):  # type: ignore[no-untyped-def]
    """The same rows with room for as many more."""
    more = np.empty((2 * len(rows), rows.shape[1]), np.uint64)
    assign_all(more[: len(rows)], rows)
    return more


@njit(**INNER)
def move(steps, place, to):  # type: ignore[no-untyped-def]
    """Copies a step to another place."""
    steps.gain[to], steps.ends[to, 0], steps.ends[to, 1] = steps.gain[place], steps.ends[place, 0], steps.ends[place, 1]
    assign(steps.first[to], steps.first[place])
    assign(steps.second[to], steps.second[place])


@njit(**INNER)
def append(steps, count, gain, x, z, first, second):  # type: ignore[no-untyped-def]
    """The steps with one more after so many."""
    if count == len(steps.gain):
        gains, ends = np.empty(2 * count), np.empty((2 * count, 2), np.int64)
        for t in range(count):
            gains[t], ends[t, 0], ends[t, 1] = steps.gain[t], steps.ends[t, 0], steps.ends[t, 1]
        steps = Steps(gains, ends, twice(steps.first), twice(steps.second))
    steps.gain[count], steps.ends[count, 0], steps.ends[count, 1] = gain, x, z
    assign(steps.first[count], first)
    assign(steps.second[count], second)
    return steps


@njit(**INNER)
def no_steps(words):  # type: ignore[no-untyped-def]
    """Room for some."""
    return Steps(
        np.empty(64), np.empty((64, 2), np.int64), np.empty((64, words), np.uint64), np.empty((64, words), np.uint64)
    )


@njit(**INNER)
def ranked(gain, count):  # type: ignore[no-untyped-def]
    """The places of the first so many, the largest gain first; of equals the first."""
    return np.argsort(-gain[:count], kind="mergesort")


@njit(**INNER)
def members(row, places):  # type: ignore[no-untyped-def]
    """Writes what is in the set to `places`, ascending; returns how many."""
    count = 0
    for k in range(row.shape[0]):
        word = row[k]
        while word:
            places[count] = k * 64 + np.int64(trailing_zeros(word))
            word &= word - ONE
            count += 1
    return count


@njit(**INNER)
def cliques(nodes, adjacent):  # type: ignore[no-untyped-def]
    """Every set of these nodes that are all adjacent, the empty one first: (sets, words)."""
    words = nodes.shape[0]
    some = False
    for k in range(words):
        some = some or nodes[k] != 0
    if not some:
        return np.zeros((1, words), np.uint64)
    sets, after = np.zeros((8, words), np.uint64), np.zeros((8, words), np.uint64)
    assign(after[0], nodes)
    count, at = 1, 0
    while at < count:
        for k in range(words):
            word = after[at, k]
            while word:
                i = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                if count == len(sets):
                    sets, after = twice(sets), twice(after)
                assign(sets[count], sets[at])
                for m in range(words):
                    later = np.uint64(0) if m < k else word if m == k else after[at, m]
                    after[count, m] = later & adjacent[i, m]
                put(sets[count], i)
                count += 1
        at += 1
    return sets[:count]
