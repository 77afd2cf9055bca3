"""What one edge changes in a class of equivalent DAGs that turns, comes back or goes, compiled: only that.

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

__all__ = ["Change", "alike", "deleted", "inserted", "no_change", "settled", "toggle", "turned", "undo"]


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
def settled(state, change, others, dirty):  # type: ignore[no-untyped-def]
    """Makes the class that of a change, marks the nodes around which it is another, and lets others, none, follow."""
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
        for other in others:
            assign(other.member[i], change.member[i])
            assign(other.parents[i], change.parents[i])
    _forget(change)
    for i in range(len(dirty)):
        if dirty[i]:
            for k in range(state.parents.shape[1]):
                state.neighbors[i, k] = state.adjacent[i, k] & ~(state.parents[i, k] | state.children[i, k])


@njit(**INNER)
def _pushed(row, seen, stack, top):  # type: ignore[no-untyped-def]
    """Puts what is in the row, and not seen yet, on a stack of so many; returns how many there are."""
    for k in range(len(row)):
        word = row[k] & ~seen[k]
        seen[k] |= word
        while word:
            stack[top] = k * 64 + np.int64(trailing_zeros(word))
            word &= word - ONE
            top += 1
    return top


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
        top = _pushed(row, seen, stack, top)
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
        top = _pushed(neighbors[stack[top]], found, stack, top)
    return found


@njit(**INNER)
def _orient(i, j, parents, children, neighbors):  # type: ignore[no-untyped-def]
    """Turns i --- j into i --> j."""
    drop(neighbors[i], j)
    drop(neighbors[j], i)
    put(children[i], j)
    put(parents[j], i)


@njit(**INNER)
def _choose(node, chosen, other, parents, children, neighbors, near):  # type: ignore[no-untyped-def]
    """Makes the chosen of a node's neighbours its parents, and all but the other its children."""
    for i in near[: members(neighbors[node], near)]:
        if holds(chosen, i):
            _orient(i, node, parents, children, neighbors)
        elif i != other:
            _orient(node, i, parents, children, neighbors)


@njit(**INNER)
def _closes(member, u, v):  # type: ignore[no-untyped-def]
    """Whether u --> v closes a cycle in a member: v is above u."""
    seen = member[u].copy()
    stack = np.empty(len(member), np.int64)
    top = members(seen, stack)
    while top and not holds(seen, v):
        top -= 1
        top = _pushed(member[stack[top]], seen, stack, top)
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
def _partly(state, u, v, room):  # type: ignore[no-untyped-def]
    """What hangs together with u or v by undirected edges, as a set and as places, its rows copied to the room."""
    inside = _together(state.neighbors, u, v)
    places = np.empty(len(state.member), np.int64)
    places = places[: members(inside, places)]
    for i in places:
        assign(room[0, i], state.parents[i])
        assign(room[1, i], state.children[i])
        assign(room[2, i], state.neighbors[i])
    return inside, places


@njit(**INNER)
def _taken_on(state, places, parents, change):  # type: ignore[no-untyped-def]
    """Makes these parents at these places those of the member of a change."""
    for i in places:
        if not equal(parents[i], state.member[i]):
            assign(change.member[i], parents[i])
            _touch(change, i)


@njit(**INNER)
def turned(state, u, v, of_v, of_u, room, change):  # type: ignore[no-untyped-def]
    """Makes no change that of a turn; False where no member has these parents, or of a cycle: it is to be undone."""
    if _descends(state.children, v, u):
        return False
    inside, places = _partly(state, u, v, room)
    parents, children, neighbors, near = room[0], room[1], room[2], np.empty(len(state.member), np.int64)
    _choose(v, of_v, u, parents, children, neighbors, near)
    _choose(u, of_u, v, parents, children, neighbors, near)
    if holds(neighbors[v], u):
        _orient(v, u, parents, children, neighbors)
    if not extend_within(inside, parents, children, neighbors, state.adjacent):
        return False
    drop(parents[u], v)
    put(parents[v], u)
    _taken_on(state, places, parents, change)
    if _closes(change.member, u, v):
        return False
    _spread(state, change)
    return True


@njit(**INNER)
def toggle(adjacent, x, z):  # type: ignore[no-untyped-def]
    """Makes two nodes adjacent, or apart where they are."""
    adjacent[x, z >> 6] ^= ONE << np.uint64(z & 63)
    adjacent[z, x >> 6] ^= ONE << np.uint64(x & 63)


@njit(**INNER)
def _with_toggled(state, x, z, inside, places, room, change):  # type: ignore[no-untyped-def]
    """Makes no change that to the class of what the room holds, where x and z are adjacent or apart unlike now."""
    toggle(state.adjacent, x, z)
    possible = extend_within(inside, room[0], room[1], room[2], state.adjacent)
    if possible:
        _taken_on(state, places, room[0], change)
        _spread(state, change)
    toggle(state.adjacent, x, z)
    return possible


@njit(**INNER)
def inserted(state, x, z, given, room, change):  # type: ignore[no-untyped-def]
    """Makes no change that of an edge x --> z which no path forbids; False where no member takes it.

    In such a member all of the set given are parents of z; what else is beside z follows it, or x would collide.
    """
    inside, places = _partly(state, x, z, room)
    parents, children, neighbors, near = room[0], room[1], room[2], np.empty(len(state.member), np.int64)
    _choose(z, given, z, parents, children, neighbors, near)
    put(children[x], z)
    put(parents[z], x)
    return _with_toggled(state, x, z, inside, places, room, change)


@njit(**INNER)
def deleted(state, x, z, out, room, change):  # type: ignore[no-untyped-def]
    """Makes no change that of no edge x --> z, both causes of what is `out`; False where no member lets it go."""
    inside, places = _partly(state, x, z, room)
    parents, children, neighbors, near = room[0], room[1], room[2], np.empty(len(state.member), np.int64)
    drop(parents[z], x)
    drop(children[x], z)
    drop(neighbors[z], x)
    drop(neighbors[x], z)
    for h in near[: members(out, near)]:
        _orient(z, h, parents, children, neighbors)
        if holds(neighbors[x], h):
            _orient(x, h, parents, children, neighbors)
    return _with_toggled(state, x, z, inside, places, room, change)
