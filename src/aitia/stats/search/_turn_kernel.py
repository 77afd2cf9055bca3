"""What the turn of one edge changes in a class of equivalent DAGs, compiled: only that, however large the graph is.

A member is made anew where nodes hang together with the edge by undirected edges; elsewhere the member that is kept
serves. What every member has follows from there along the arrows: of a node it hangs on its parents alone (Chickering's
edge labelling), so that a change ends where it changes nothing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.compiled import njit, trailing_zeros
from aitia.graph._pdag_kernel import extend_within
from aitia.stats.search._words_kernel import (
    INNER,
    ONE,
    Words,
    assign,
    drop,
    equal,
    holds,
    members,
    put,
)

__all__ = ["Change", "alike", "no_change", "settled", "turned", "undo"]


class Change(NamedTuple):
    """A class beside the one that it comes from: a member, the parents in all members, the nodes where they differ."""

    member: Words
    parents: Words
    touched: NDArray[np.bool_]
    places: NDArray[np.int64]
    size: NDArray[np.int64]


@njit(**INNER)
def no_change(state):  # type: ignore[no-untyped-def]
    """The class itself."""
    nodes = len(state.member)
    return Change(
        state.member.copy(),
        state.parents.copy(),
        np.zeros(nodes, np.bool_),
        np.empty(nodes, np.int64),
        np.zeros(1, np.int64),
    )


@njit(**INNER)
def _touch(change, i):  # type: ignore[no-untyped-def]
    if not change.touched[i]:
        change.touched[i] = True
        change.places[change.size[0]] = i
        change.size[0] += 1


@njit(**INNER)
def _forget(change):  # type: ignore[no-untyped-def]
    for i in change.places[: change.size[0]]:
        change.touched[i] = False
    change.size[0] = 0


@njit(**INNER)
def undo(state, change):  # type: ignore[no-untyped-def]
    """Makes a change none again."""
    for i in change.places[: change.size[0]]:
        assign(change.member[i], state.member[i])
        assign(change.parents[i], state.parents[i])
    _forget(change)


@njit(**INNER)
def alike(change, other):  # type: ignore[no-untyped-def]
    """Whether two changes lead to one class."""
    for by in (change, other):
        for i in by.places[: by.size[0]]:
            if not equal(change.parents[i], other.parents[i]):
                return False
    return True


@njit(**INNER)
def settled(state, change, other, dirty):  # type: ignore[no-untyped-def]
    """Makes the class that of a change, marks the nodes around which it is another, and lets `other`, none, follow."""
    for i in change.places[: change.size[0]]:
        for k in range(change.parents.shape[1]):
            word = change.parents[i, k] ^ state.parents[i, k]
            while word:
                x = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                state.children[x, i >> 6] ^= ONE << np.uint64(i & 63)
                dirty[x] = dirty[i] = True
        for rows, new in ((state.member, change.member), (state.parents, change.parents)):
            assign(rows[i], new[i])
        assign(other.member[i], change.member[i])
        assign(other.parents[i], change.parents[i])
    _forget(change)
    for i in range(len(dirty)):
        if dirty[i]:
            for k in range(state.parents.shape[1]):
                state.neighbors[i, k] = state.adjacent[i, k] & ~(state.parents[i, k] | state.children[i, k])


@njit(**INNER)
def _descends(children, start, goal):  # type: ignore[no-untyped-def]
    """Whether arrows lead from one node to another by way of a third."""
    seen = children[start].copy()
    drop(seen, goal)
    stack = np.empty(len(children), np.int64)
    top = members(seen, stack)
    while top:
        top -= 1
        row = children[stack[top]]
        if holds(row, goal):
            return True
        for k in range(len(row)):
            word = row[k] & ~seen[k]
            seen[k] |= word
            while word:
                stack[top] = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                top += 1
    return False


@njit(**INNER)
def _together(neighbors, u, v):  # type: ignore[no-untyped-def]
    """What hangs together with u or v by undirected edges."""
    found = np.zeros(neighbors.shape[1], np.uint64)
    put(found, u)
    put(found, v)
    stack = np.empty(len(neighbors), np.int64)
    stack[0], stack[1], top = u, v, 2
    while top:
        top -= 1
        row = neighbors[stack[top]]
        for k in range(len(row)):
            word = row[k] & ~found[k]
            found[k] |= word
            while word:
                stack[top] = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                top += 1
    return found


@njit(**INNER)
def _orient(i, j, parents, children, neighbors):  # type: ignore[no-untyped-def]
    """Turns i --- j into i --> j."""
    drop(neighbors[i], j)
    drop(neighbors[j], i)
    put(children[i], j)
    put(parents[j], i)


@njit(**INNER)
def _closes(member, u, v):  # type: ignore[no-untyped-def]
    """Whether u --> v closes a cycle in a member: v is above u."""
    seen = member[u].copy()
    stack = np.empty(len(member), np.int64)
    top = members(seen, stack)
    while top and not holds(seen, v):
        top -= 1
        row = member[stack[top]]
        for k in range(len(row)):
            word = row[k] & ~seen[k]
            seen[k] |= word
            while word:
                stack[top] = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                top += 1
    return holds(seen, v)


@njit(**INNER)
def _compelled(y, member, parents, row):  # type: ignore[no-untyped-def]
    """Fills `row` with the parents of y in every member: those of its last parent, or all that it has in this one."""
    words = len(row)
    assign(row, member[y])
    for k in range(words):
        word = member[y, k]
        while word:
            x = k * 64 + np.int64(trailing_zeros(word))
            word &= word - ONE
            last, free = True, True  # whether the others are parents of x, and no parent that x must have is not of y
            for m in range(words):
                more = member[y, m] & ~member[x, m]
                if m == x >> 6:
                    more &= ~(ONE << np.uint64(x & 63))
                last = last and more == 0
                free = free and parents[x, m] & ~member[y, m] == 0
            if last:
                if free:
                    assign(row, parents[x])
                return


@njit(**INNER)
def _enqueue(row, queue, head, size, waits):  # type: ignore[no-untyped-def]
    """Puts what is in the set, and not there yet, at the end of a ring; returns how many wait."""
    for k in range(len(row)):
        word = row[k]
        while word:
            j = k * 64 + np.int64(trailing_zeros(word))
            word &= word - ONE
            if not waits[j]:
                waits[j] = True
                queue[(head + size) % len(queue)] = j
                size += 1
    return size


@njit(**INNER)
def _spread(state, change):  # type: ignore[no-untyped-def]
    """Makes the parents in all members those that follow from the member, from where that is another on."""
    nodes, words = change.member.shape
    queue, waits = np.empty(nodes, np.int64), np.zeros(nodes, np.bool_)
    row, below = np.empty(words, np.uint64), np.empty(words, np.uint64)
    head = size = 0
    for i in change.places[: change.size[0]]:
        for k in range(words):  # its children look at its parents
            below[k] = state.adjacent[i, k] & ~change.member[i, k]
        put(below, i)
        size = _enqueue(below, queue, head, size, waits)
    while size:
        y = queue[head]
        head, size = (head + 1) % nodes, size - 1
        waits[y] = False
        _compelled(y, change.member, change.parents, row)
        if equal(row, change.parents[y]):
            continue
        assign(change.parents[y], row)
        _touch(change, y)
        for k in range(words):
            below[k] = state.adjacent[y, k] & ~change.member[y, k]
        size = _enqueue(below, queue, head, size, waits)


@njit(**INNER)
def turned(state, u, v, of_v, of_u, room, change):  # type: ignore[no-untyped-def]
    """Makes no change that of a turn; False where no member has these parents, or of a cycle: it is to be undone."""
    if _descends(state.children, v, u):
        return False
    inside = _together(state.neighbors, u, v)
    places, near = np.empty(len(state.member), np.int64), np.empty(len(state.member), np.int64)
    count = members(inside, places)
    parents, children, neighbors = room[0], room[1], room[2]
    for i in places[:count]:
        assign(parents[i], state.parents[i])
        assign(children[i], state.children[i])
        assign(neighbors[i], state.neighbors[i])
    for node, chosen, other in ((v, of_v, u), (u, of_u, v)):
        for i in near[: members(neighbors[node], near)]:
            if holds(chosen, i):
                _orient(i, node, parents, children, neighbors)
            elif i != other:
                _orient(node, i, parents, children, neighbors)
    if holds(neighbors[v], u):
        _orient(v, u, parents, children, neighbors)
    if not extend_within(inside, parents, children, neighbors, state.adjacent):
        return False
    drop(parents[u], v)
    put(parents[v], u)
    for i in places[:count]:
        if not equal(parents[i], state.member[i]):
            assign(change.member[i], parents[i])
            _touch(change, i)
    if _closes(change.member, u, v):
        return False
    _spread(state, change)
    return True
