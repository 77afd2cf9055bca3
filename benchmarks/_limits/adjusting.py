"""Listing of adjustment sets beside three compiled walks over the graph for each set."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from _limits.base import Row, in_turn
from aitia.compiled import njit, trailing_zeros
from aitia.graph import Graph, adjustment_sets

__all__ = ["rows"]

NODES, SETS = 500, 100
HELD_TO = 80e-6
"""Seconds a set."""


@njit(nogil=True)
def _reached(rows, start):  # type: ignore[no-untyped-def]
    """How many nodes a walk from one node reaches."""
    seen, stack = np.zeros(rows.shape[1], np.uint64), np.empty(rows.shape[0] + 1, np.int64)
    stack[0], top, count = start, 1, 0
    seen[start >> 6] |= np.uint64(1) << np.uint64(start & 63)
    while top:
        top -= 1
        i = stack[top]
        count += 1
        for k in range(rows.shape[1]):
            new = rows[i, k] & ~seen[k]
            seen[k] |= new
            while new:
                stack[top] = k * 64 + np.int64(trailing_zeros(new))
                top += 1
                new &= new - np.uint64(1)
    return count


def rows(full: bool) -> Iterator[Row]:
    """The first sets of all, of a graph of degree 4."""
    del full
    adjacency = np.triu(np.random.default_rng(5).random((NODES, NODES)) < 4 / (NODES - 1), 1)
    graph = Graph.from_adjacency(adjacency)
    last = graph.nodes[-1]
    first = next(n for n in reversed(graph.nodes[:400]) if last in graph.descendants(n) and graph.parents(n))
    packed = np.zeros((NODES, (NODES + 63) // 64 * 8), np.uint8)
    packed[:, : (NODES + 7) // 8] = np.packbits(adjacency | adjacency.T, axis=1, bitorder="little")
    words = packed.view(np.uint64)

    def walks() -> Any:
        return [_reached(words, k) for k in range(SETS) for _ in range(3)]

    def listed() -> Any:
        return list(islice(adjustment_sets(graph, first, last, minimal=False), SETS))

    limit, ours = in_turn(5, walks, listed)
    yield Row(f"the first {SETS} adjustment sets, {NODES} nodes", limit, ours, SETS * HELD_TO / limit)
