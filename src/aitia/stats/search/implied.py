"""Independences that a graph states and the table refutes.

A pair is taken apart by one set. Where the graph that results says that the two are independent without any set, and
they are far from it, the graph lacks an edge or has an arrow that is wrong.
"""

from collections.abc import Callable, Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

from aitia.graph._pdag import MANY, Pdag, extend
from aitia.graph.bits import bits, to_words

__all__ = ["OVERWHELMING", "refuted"]

OVERWHELMING = 1e-6
"""p-value below which two are dependent whatever the number of tests."""


def refuted(
    rows: Pdag, pairs: NDArray[np.int64], log_p: Callable[[Sequence[tuple[int, int]]], Sequence[float]]
) -> list[tuple[int, int]]:
    """The pairs, taken apart given some set, that the graph calls independent given nothing, and the table does not.

    Args:
        rows: The graph; it has a consistent extension.
        pairs: (m, 2) those that were taken apart given a set.
        log_p: Of pairs of nodes the logarithms of the p-values of their independence given nothing.
    """
    parents = extend(rows)
    assert parents is not None
    if len(parents) >= MANY:
        from aitia.stats.search import _arrows_kernel

        above = _arrows_kernel.above(to_words(parents))
    else:
        above = to_words(ancestors(parents))
    i, j = pairs.T
    apart = ~(above[i] & above[j]).any(axis=1)
    apart &= (to_words(rows.adjacent)[i, j >> 6] >> (j & 63).astype(np.uint64) & np.uint64(1)) == 0
    stated = list(zip(i[apart].tolist(), j[apart].tolist(), strict=True))
    return [pair for pair, value in zip(stated, log_p(stated), strict=True) if value < log(OVERWHELMING)]


def ancestors(parents: Sequence[int]) -> list[int]:
    """Of each node of a DAG itself and all above it, from the bit rows of the parents."""
    found = [0] * len(parents)
    for start in range(len(parents)):
        waiting = [start]
        while waiting:
            i = waiting[-1]
            if not found[i] and (unknown := [j for j in bits(parents[i]) if not found[j]]):
                waiting += unknown
                continue
            waiting.pop()
            if not found[i]:
                found[i] = 1 << i
                for j in bits(parents[i]):
                    found[i] |= found[j]
    return found
