"""Whether a set separates two others within an ancestral set, and by which of its nodes: asked for each set listed.

In the augmented graph of an ancestral set, nodes are adjacent when a path of colliders joins them. A walk there enters
a node by a tail (it goes on along any edge unless the node is in the set) or at an arrow (it then also turns back along
arrows, set or not: every collider of an ancestral set is open).

Few nodes are walked on whole numbers; many on rows of 64-bit words, compiled.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from aitia.graph.bits import Bits, bits, from_words, to_words
from aitia.graph.graph import Graph

__all__ = ["separating"]

MANY = 100
"""Nodes from which compiled walks are worth loading the compiler."""

Separating = Callable[[int, int], int | None]


def separating(graph: Graph, near: int, far: int) -> Separating:
    """The function that gives, of a set within an ancestral set, the part that separates `near` from `far`.

    Args:
        graph: Of --> and <-> only.
        near: Nodes from which to walk.
        far: Nodes not to be reached.

    Returns:
        A function of an ancestral set that holds `near` and `far`, and of a part of it without them. It gives what of
        this part is next to where `near` reaches, which alone separates as well; None where `far` is reached.
    """
    parents, spouses, children = graph._parents, graph._spouses, graph._children
    if len(graph) < MANY:
        return lambda within, among: _walked(parents, spouses, children, near, far, within, among)
    nodes = len(graph)
    edges = [to_words(rows) for rows in (parents, spouses, children)]
    ends = to_words([near, far], nodes)
    walk, met = _compiled(), np.empty_like(ends[:1])

    def compiled(within: int, among: int) -> int | None:
        if walk(*edges, *ends, *to_words([within, among], nodes), met[0]):
            return None
        return from_words(met)[0]

    return compiled


def _walked(parents: Bits, spouses: Bits, children: Bits, near: int, far: int, within: int, among: int) -> int | None:
    tails = arrows = 0
    by_tail, at_arrow = near, 0
    while by_tail | at_arrow:
        tails, arrows = tails | by_tail, arrows | at_arrow
        following, pointed = 0, 0
        for i in bits(by_tail & ~among | at_arrow):
            following |= parents[i]
            pointed |= spouses[i] if among >> i & 1 else spouses[i] | children[i]
        by_tail, at_arrow = following & within & ~tails, pointed & within & ~arrows
        if (by_tail | at_arrow) & far:
            return None
    return (tails | arrows) & among


@cache
def _compiled() -> Callable[..., Any]:
    from aitia.compiled import njit, trailing_zeros

    one = np.uint64(1)

    @njit(nogil=True)
    def enter(row, within, seen, stack, top, arrow):  # type: ignore[no-untyped-def]
        """Adds the new nodes of a row to `seen` and to the stack, 2 i + arrow each; returns its new top."""
        for k in range(row.shape[0]):
            new = row[k] & within[k] & ~seen[k]
            seen[k] |= new
            while new:
                stack[top] = 2 * (k * 64 + np.int64(trailing_zeros(new))) + arrow
                top += 1
                new &= new - one
        return top

    @njit(nogil=True)
    def walk(parents, spouses, children, near, far, within, among, met):  # type: ignore[no-untyped-def]
        """Whether `far` is reached; if not, `met` has what was met of `among`."""
        words = near.shape[0]
        tails, arrows = np.zeros(words, np.uint64), np.zeros(words, np.uint64)
        stack = np.empty(2 * parents.shape[0], np.int64)
        top = enter(near, within, tails, stack, 0, 0)
        while top:
            top -= 1
            i, arrow = stack[top] >> 1, stack[top] & 1
            kept = (among[i >> 6] >> np.uint64(i & 63)) & one
            if kept and not arrow:
                continue
            if (far[i >> 6] >> np.uint64(i & 63)) & one:
                return True
            top = enter(parents[i], within, tails, stack, top, 0)
            top = enter(spouses[i], within, arrows, stack, top, 1)
            if not kept:
                top = enter(children[i], within, arrows, stack, top, 1)
        for k in range(words):
            met[k] = (tails[k] | arrows[k]) & among[k]
        return False

    function: Callable[..., Any] = walk
    return function
