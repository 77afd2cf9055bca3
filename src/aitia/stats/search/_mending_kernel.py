"""Edges that come back and go again, with the likelihood of Gaussian rows, compiled; see `mending`."""

from math import inf

import numpy as np

from aitia.compiled import njit
from aitia.stats.search._class_kernel import ALIKE, best_turn, renew_turns, score_of
from aitia.stats.search._gains_kernel import factorised, may_reach, share
from aitia.stats.search._paths_kernel import LONGEST, without_a_path
from aitia.stats.search._turn_kernel import alike, deleted, inserted, no_change, settled, toggle, undo
from aitia.stats.search._words_kernel import (
    INNER,
    append,
    cliques,
    drop,
    equal,
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
    words, asked = state.parents.shape[1], waiting[z]
    if equal(asked, np.zeros(words, np.uint64)):
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
            if not may[x] or not holds(asked, x):
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
def _same(ends, others):  # type: ignore[no-untyped-def]
    """Whether two edges join the same two nodes."""
    return (ends[0] == others[0] and ends[1] == others[1]) or (ends[0] == others[1] and ends[1] == others[0])


@njit(**INNER)
def _best(state, steps, places, within, kept, tried):  # type: ignore[no-untyped-def]
    """Makes `kept` the change of the edge at these places that gains most; of those that tie apart, none.

    Returns its place, -1 for none, when `kept` is no change. `tried` is none before and after.
    """
    order, start = ranked(steps.gain[places], len(places)), 0
    while start < len(places):
        stop, reached, first = start, 0, -1
        while stop < len(places) and steps.gain[places[order[start]]] - steps.gain[places[order[stop]]] <= ALIKE:
            t = places[order[stop]]
            stop += 1
            if reached > 1:
                continue
            change = tried if reached else kept
            if inserted(state, steps.ends[t, 0], steps.ends[t, 1], steps.second[t], within, change):
                if not reached:
                    first, reached = t, 1
                    continue
                if not (_same(steps.ends[t], steps.ends[first]) and alike(kept, tried)):
                    reached = 2
            undo(state, change)
        if reached == 1:
            return first
        undo(state, kept)
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
def _renewed(state, score, mended, mended_count, doubt, steps, count, dirty):  # type: ignore[no-untyped-def]
    """Makes the steps anew of the edges that came back with a dirty end."""
    all_, count = count, 0
    for t in range(all_):
        if not (dirty[steps.ends[t, 0]] or dirty[steps.ends[t, 1]]):
            if t > count:
                move(steps, t, count)
            count += 1
    for e in range(mended_count):
        a, b = mended.ends[e, 0], mended.ends[e, 1]
        if dirty[a] or dirty[b]:
            steps, count = _needless(state, score, a, b, doubt, steps, count)
    return steps, count


@njit(**INNER)
def _gone(state, steps, count, within, kept, tried):  # type: ignore[no-untyped-def]
    """Makes `kept` the change of the edge that goes, the one that costs most; of those that tie apart, none.

    Returns its place, -1 for none, when `kept` is no change. `tried` is none before and after.
    """
    order, start = ranked(steps.gain, count), 0
    while start < count:
        stop, first, apart = start, -1, False
        while stop < count and steps.gain[order[start]] - steps.gain[order[stop]] <= ALIKE:
            t = order[stop]
            stop += 1
            if apart:
                continue
            change = kept if first < 0 else tried
            if deleted(state, steps.ends[t, 0], steps.ends[t, 1], steps.first[t], within, change):
                if first < 0:
                    first = t
                    continue
                apart = not (_same(steps.ends[t], steps.ends[first]) and alike(kept, tried))
            undo(state, change)
        if first >= 0 and not apart:
            return first
        undo(state, kept)
        start = stop
    return -1


@njit(**INNER)
def _kept(steps, count, paths, dirty):  # type: ignore[no-untyped-def]
    """Makes steps into dirty nodes gain nothing; once they are half of all, leaves them out. Returns how many stay."""
    gone = 0
    for t in range(count):
        if dirty[steps.ends[t, 1]]:
            steps.gain[t] = -inf
        gone += steps.gain[t] == -inf
    if 2 * gone <= count:
        return count
    kept = 0
    for t in range(count):
        if steps.gain[t] > -inf:
            if t > kept:
                move(steps, t, kept)
                paths[kept] = paths[t]
            kept += 1
    return kept


@njit(**INNER)
def _without(mended, count, ends):  # type: ignore[no-untyped-def]
    """Leaves out the edge that joins these two nodes; returns how many stay."""
    kept = 0
    for e in range(count):
        if not _same(mended.ends[e], ends):
            if e > kept:
                move(mended, e, kept)
            kept += 1
    return kept


@njit(**INNER)
def _with_room(paths, count, room):  # type: ignore[no-untyped-def]
    """The first so many of the paths, and room for so many; none is kept of the others."""
    if room > len(paths):
        more = np.empty((room, paths.shape[1]), np.int32)
        more[:count] = paths[:count]
        paths = more
    paths[count:, 0] = -1
    return paths


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
    turns, edges, needless = no_steps(words), no_steps(words), no_steps(words)
    paths = np.empty((0, 2 + LONGEST), np.int32)
    dirty, since, near = np.ones(nodes, np.bool_), np.zeros(nodes, np.int64), np.empty(nodes, np.int64)
    within, rows = np.empty((3, nodes, words), np.uint64), np.empty((4, words), np.uint64)
    room, may, own = np.empty((6, nodes + 2)), np.empty(nodes, np.bool_), np.empty(nodes)
    turn_by, edge_by, tried = no_change(state), no_change(state), no_change(state)
    turn_count = edge_count = needless_count = now = 0
    while True:
        now += 1
        for i in range(nodes):
            if dirty[i]:
                since[i] = now
        needless, needless_count = _renewed(state, score, mended, mended_count, doubt, needless, needless_count, dirty)
        t = _gone(state, needless, needless_count, within, edge_by, tried)
        if t >= 0:
            x, z = needless.ends[t, 0], needless.ends[t, 1]
            mended_count = _without(mended, mended_count, needless.ends[t])
        else:
            turns, turn_count = renew_turns(state, score, own, turns, turn_count, dirty, near, rows)
            all_ = edge_count = _kept(edges, edge_count, paths, dirty)
            for i in range(nodes):
                if dirty[i]:
                    edges, edge_count = _missing(state, score, waiting, i, doubt, edges, edge_count, room, may)
                dirty[i] = False
            paths = _with_room(paths, all_, len(edges.gain))
            turn = best_turn(state, turns, turn_count, within, turn_by, tried)
            least = turns.gain[turn] if turn >= 0 else doubt
            places = without_a_path(state, edges, edge_count, least, paths, since, now)
            t = _best(state, edges, places, within, edge_by, tried)
            if t < 0 and turn < 0:
                return mended, mended_count
            if t < 0:
                settled(state, turn_by, (edge_by, tried), dirty)
                continue
            undo(state, turn_by)
            x, z = edges.ends[t, 0], edges.ends[t, 1]
            drop(waiting[x], z)
            drop(waiting[z], x)
            mended = append(mended, mended_count, edges.gain[t], x, z, edges.first[t], edges.second[t])
            mended_count += 1
        toggle(state.adjacent, x, z)
        dirty[x] = dirty[z] = True
        settled(state, edge_by, (turn_by, tried), dirty)
        for i in (x, z):
            for j in near[: members(state.neighbors[i], near)]:
                dirty[j] = True
