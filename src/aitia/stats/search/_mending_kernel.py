"""Edges that come back and go again, with the likelihood of Gaussian rows, compiled; see `mending`."""

from math import inf

import numpy as np

from aitia.compiled import njit
from aitia.graph._pdag_kernel import compelled, extend
from aitia.stats.search._class_kernel import ALIKE, best_turn, renew_turns, score_of, settle
from aitia.stats.search._gains_kernel import factorised, may_reach, share
from aitia.stats.search._paths_kernel import without_a_path
from aitia.stats.search._turn_kernel import no_change, settled, undo
from aitia.stats.search._words_kernel import (
    INNER,
    ONE,
    append,
    assign_all,
    clear,
    cliques,
    drop,
    equal,
    equal_all,
    holds,
    members,
    move,
    no_steps,
    put,
    ranked,
)

__all__ = ["mend"]


@njit(**INNER)
def _missing(state, score, waiting, z, doubt, steps, count, room, may):  # type: ignore[no-untyped-def]
    """Appends the edges into z that are beyond doubt given its parents and some of its neighbours."""
    words = state.parents.shape[1]
    if equal(waiting[z], np.zeros(words, np.uint64)):
        return steps, count
    given, turned = np.empty(words, np.uint64), np.empty(words, np.uint64)
    enough = 1 - np.exp(-2 * (doubt + score.price) / score.n) * (1 + 1e-9)
    beside = state.neighbors[z]
    for into in cliques(beside, state.adjacent):
        for m in range(words):
            given[m] = into[m] | state.parents[z, m]
        held, left = factorised(score, z, given, room[4])
        may_reach(score, z, held, left, room[4], enough, room, may)
        for x in range(len(may)):
            if not may[x] or not holds(waiting[z], x):
                continue
            found = share(score, z, x, held, left, room[4], room[5])
            if found < enough:
                continue
            gain = -score.n / 2 * np.log1p(-found) - score.price
            shielded = True
            for m in range(words):
                shielded = shielded and state.adjacent[x, m] & beside[m] & ~into[m] == 0
            if gain > doubt and shielded:
                for m in range(words):
                    turned[m] = into[m] & ~state.adjacent[x, m]
                steps = append(steps, count, gain, x, z, turned, given)
                count += 1
    return steps, count


@njit(**INNER)
def _changed(state, x, z, adjacent, above, member, after):  # type: ignore[no-untyped-def]
    """Fills a member with the compelled parents `above` on these adjacencies, and its class; False where none is.

    Without the change of x --> z it must be a member of the class as it stands.
    """
    nodes = len(above)
    below, places = np.zeros_like(above), np.empty(nodes, np.int64)
    for j in range(nodes):
        for i in places[: members(above[j], places)]:
            put(below[i], j)
    beside = np.empty_like(above)
    for i in range(nodes):
        for k in range(above.shape[1]):
            beside[i, k] = adjacent[i, k] & ~(above[i, k] | below[i, k])
    assign_all(member, above)
    if not extend(member, below, beside, adjacent):
        return False
    before = member.copy()
    if holds(adjacent[x], z):
        drop(before[z], x)
    else:
        put(before[z], x)
    clear(after)
    if not compelled(before, state.adjacent, after) or not equal_all(after, state.parents):
        return False
    clear(after)
    return compelled(member, adjacent, after)


@njit(**INNER)
def _toggled(adjacent, x, z):  # type: ignore[no-untyped-def]
    rows = adjacent.copy()
    rows[x, z >> 6] ^= ONE << np.uint64(z & 63)
    rows[z, x >> 6] ^= ONE << np.uint64(x & 63)
    return rows


@njit(**INNER)
def _inserted(state, x, z, given, member, after):  # type: ignore[no-untyped-def]
    """Fills a member and the class with an edge that no path forbids; False where no member takes it."""
    above = state.parents.copy()
    for m in range(len(given)):
        above[z, m] |= given[m]
    put(above[z], x)
    return _changed(state, x, z, _toggled(state.adjacent, x, z), above, member, after)


@njit(**INNER)
def _same(x, z, ends):  # type: ignore[no-untyped-def]
    """Whether x and z are these two."""
    return (x == ends[0] and z == ends[1]) or (x == ends[1] and z == ends[0])


@njit(**INNER)
def _best(state, steps, count, least, kept, tried):  # type: ignore[no-untyped-def]
    """The edge that gains most of those that can come back, `kept` its member and class; of those that tie apart, none.

    Returns its place, -1 where none gains more than the least.
    """
    places = without_a_path(state, steps, count, least)
    gain = steps.gain[places]
    order, start = ranked(gain, len(places)), 0
    while start < len(places):
        stop, reached, first = start, 0, -1
        while stop < len(places) and gain[order[start]] - gain[order[stop]] <= ALIKE:
            t = places[order[stop]]
            stop += 1
            if reached > 1:
                continue
            x, z = steps.ends[t, 0], steps.ends[t, 1]
            if _inserted(state, x, z, steps.second[t], tried[0], tried[1]):
                if not reached:
                    assign_all(kept[0], tried[0])
                    assign_all(kept[1], tried[1])
                    first, reached = t, 1
                elif not (_same(x, z, steps.ends[first]) and equal_all(kept[1], tried[1])):
                    reached = 2
        if reached == 1:
            return first
        start = stop
    return -1


@njit(**INNER)
def _needless(state, score, a, b, doubt, steps, count):  # type: ignore[no-untyped-def]
    """Appends the edge of a pair, for each set given which it is no longer beyond doubt; it gains what it costs."""
    for x, z in ((a, b), (b, a)):
        if not (holds(state.parents[z], x) or holds(state.neighbors[z], x)):
            continue
        near = state.neighbors[z].copy()
        for m in range(len(near)):
            near[m] &= state.adjacent[x, m]
        given, out = near.copy(), near.copy()
        for stay in cliques(near, state.adjacent):
            for m in range(len(near)):
                given[m], out[m] = stay[m] | state.parents[z, m], near[m] & ~stay[m]
            drop(given, x)
            without = score_of(score, z, given)
            put(given, x)
            gain = score_of(score, z, given) - without
            drop(given, x)
            if gain < doubt:
                steps = append(steps, count, -gain, x, z, out, given)
                count += 1
    return steps, count


@njit(**INNER)
def _deleted(state, x, z, out, member, after):  # type: ignore[no-untyped-def]
    """Fills a member and the class without the edge; False where no member lets it go."""
    above = state.parents.copy()
    drop(above[z], x)
    places = np.empty(len(above), np.int64)
    for h in places[: members(out, places)]:
        put(above[h], z)
        if holds(state.neighbors[x], h):
            put(above[h], x)
    return _changed(state, x, z, _toggled(state.adjacent, x, z), above, member, after)


@njit(**INNER)
def _gone(state, score, mended, mended_count, doubt, kept, tried):  # type: ignore[no-untyped-def]
    """The place among the edges that came back of one that goes, `kept` its member and class; -1 where none does.

    Of those that tie and lead apart, none.
    """
    steps, count = no_steps(state.parents.shape[1]), 0
    for e in range(mended_count):
        steps, count = _needless(state, score, mended.ends[e, 0], mended.ends[e, 1], doubt, steps, count)
    order, start = ranked(steps.gain, count), 0
    while start < count:
        stop, first, apart = start, -1, False
        while stop < count and steps.gain[order[start]] - steps.gain[order[stop]] <= ALIKE:
            t = order[stop]
            stop += 1
            x, z = steps.ends[t, 0], steps.ends[t, 1]
            if apart or not _deleted(state, x, z, steps.first[t], tried[0], tried[1]):
                continue
            if first < 0:
                assign_all(kept[0], tried[0])
                assign_all(kept[1], tried[1])
                first = t
            else:
                apart = not (_same(x, z, steps.ends[first]) and equal_all(kept[1], tried[1]))
        if first >= 0 and not apart:
            for e in range(mended_count):
                if _same(steps.ends[first, 0], steps.ends[first, 1], mended.ends[e]):
                    return e
        start = stop
    return -1


@njit(**INNER)
def _moved(state, seen, moved):  # type: ignore[no-untyped-def]
    """Marks the nodes around which the class is not what was `seen`."""
    nodes = len(moved)
    places, toggled = np.empty(nodes, np.int64), np.empty(nodes, np.bool_)
    for i in range(nodes):
        toggled[i] = not equal(seen[2, i], state.adjacent[i])
        if toggled[i] or not equal(seen[0, i], state.parents[i]) or not equal(seen[1, i], state.neighbors[i]):
            moved[i] = True
    for i in range(nodes):
        if toggled[i]:
            for j in places[: members(state.neighbors[i], places)]:
                moved[j] = True


@njit(**INNER)
def _kept(steps, count, stale):  # type: ignore[no-untyped-def]
    """Makes steps into stale nodes gain nothing; once they are half of all, leaves them out. Returns how many stay."""
    gone = 0
    for t in range(count):
        if stale[steps.ends[t, 1]]:
            steps.gain[t] = -inf
        gone += steps.gain[t] == -inf
    if 2 * gone <= count:
        return count
    kept = 0
    for t in range(count):
        if steps.gain[t] > -inf:
            if t > kept:
                move(steps, t, kept)
            kept += 1
    return kept


@njit(nogil=True)
def mend(state, score, waiting, doubt, mended, mended_count):  # type: ignore[no-untyped-def]
    """Turns edges and puts back what the table asks for, what gains most first, until neither gains anything.

    Args:
        state: The class; it is changed.
        score: Of the rows.
        waiting: The pairs that may come back; it is changed.
        doubt: Logarithm of the Bayes factor from which a table refutes an independence.
        mended: The edges that came back before, as returned, and
        mended_count: their number.

    Returns:
        The edges that came back, each with the set given which it did as its second, and their number.
    """
    nodes, words = state.parents.shape
    turns, edges = no_steps(words), no_steps(words)
    dirty, stale = np.ones(nodes, np.bool_), np.ones(nodes, np.bool_)
    seen, within = np.empty((3, nodes, words), np.uint64), np.empty((3, nodes, words), np.uint64)
    kept, tried = np.empty((2, nodes, words), np.uint64), np.empty((2, nodes, words), np.uint64)
    near, rows = np.empty(nodes, np.int64), np.empty((4, words), np.uint64)
    room, may, own = np.empty((6, nodes + 2)), np.empty(nodes, np.bool_), np.empty(nodes)
    change, other = no_change(state), no_change(state)
    turn_count = edge_count = 0
    while True:
        e = _gone(state, score, mended, mended_count, doubt, kept, tried)
        if e >= 0:
            x, z = mended.ends[e, 0], mended.ends[e, 1]
            mended_count -= 1
            for t in range(e, mended_count):
                move(mended, t + 1, t)
        else:
            turns, turn_count = renew_turns(state, score, own, turns, turn_count, dirty, near, rows)
            edge_count = _kept(edges, edge_count, stale)
            for i in range(nodes):
                if stale[i]:
                    edges, edge_count = _missing(state, score, waiting, i, doubt, edges, edge_count, room, may)
                dirty[i] = stale[i] = False
            turn = best_turn(state, turns, turn_count, within, change, other)
            e = _best(state, edges, edge_count, turns.gain[turn] if turn >= 0 else doubt, kept, tried)
            if e < 0 and turn < 0:
                return mended, mended_count
            if e < 0:
                settled(state, change, other, dirty)
                for i in range(nodes):
                    stale[i] = dirty[i]
                continue
            undo(state, change)
            x, z = edges.ends[e, 0], edges.ends[e, 1]
            drop(waiting[x], z)
            drop(waiting[z], x)
            mended = append(mended, mended_count, edges.gain[e], x, z, edges.first[e], edges.second[e])
            mended_count += 1
        assign_all(seen[0], state.parents)
        assign_all(seen[1], state.neighbors)
        assign_all(seen[2], state.adjacent)
        assign_all(state.adjacent, _toggled(state.adjacent, x, z))
        settle(state, kept[1])
        assign_all(state.member, kept[0])
        for by in (change, other):
            assign_all(by.parents, state.parents)
            assign_all(by.member, state.member)
        _moved(state, seen, dirty)
        for i in range(nodes):
            stale[i] = stale[i] or dirty[i]
