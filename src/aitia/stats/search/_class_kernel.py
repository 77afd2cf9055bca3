"""Turns in classes of equivalent DAGs by the likelihood of Gaussian rows, on rows of 64-bit words, compiled.

What `classes` does with any score, with the arithmetic of `likelihood`. Of the members of a class only the parts that
hang together with the turned edge by undirected edges are made anew for a step; elsewhere a member that is kept serves.
"""

from math import inf, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.compiled import njit, trailing_zeros
from aitia.graph._pdag_kernel import compelled, extend_within
from aitia.stats.search._words_kernel import (
    INNER,
    ONE,
    Words,
    append,
    assign,
    assign_all,
    clear,
    cliques,
    drop,
    equal,
    equal_all,
    holds,
    members,
    move,
    put,
    ranked,
)

__all__ = ["ALIKE", "TINY", "Score", "State", "best_turn", "renew_turns", "score_of", "settle"]

ALIKE = 1e-6
TINY = 1e-12


class State(NamedTuple):
    """A class: compelled parents and children, undirected neighbours, adjacencies, the parents in some member."""

    parents: Words
    children: Words
    neighbors: Words
    adjacent: Words
    member: Words


class Score(NamedTuple):
    """The correlations, the rows behind them, the price of a parent; room for places and for a Cholesky factor."""

    correlation: NDArray[np.float64]
    n: float
    price: float
    places: NDArray[np.int64]
    factor: NDArray[np.float64]


@njit(**INNER)
def score_of(score, node, row):  # type: ignore[no-untyped-def]
    """The score of a node with these parents."""
    count = members(row, score.places)
    score.places[count] = node
    factor, left = score.factor, 1.0
    for a in range(count + 1):
        left = 1.0
        for k in range(a):
            done = 0.0
            for m in range(k):
                done += factor[a, m] * factor[k, m]
            value = (score.correlation[score.places[a], score.places[k]] - done) / factor[k, k]
            factor[a, k] = value
            left -= value * value
        if left <= TINY:
            return inf
        factor[a, a] = sqrt(left)
    return -score.n / 2 * log(left) - score.price * count


@njit(**INNER)
def _added(score, node, row, more):  # type: ignore[no-untyped-def]
    """What a further parent adds to the score of a node with these parents."""
    without = score_of(score, node, row)
    put(row, more)
    with_ = score_of(score, node, row)
    drop(row, more)
    return with_ - without


@njit(**INNER)
def _turns(state, score, u, v, steps, count):  # type: ignore[no-untyped-def]
    """Appends what u --> v in place of v --> u would gain, for each choice of parents among the neighbours."""
    undirected = holds(state.neighbors[u], v)
    if not undirected and not holds(state.parents[u], v):
        return steps, count
    beside_u, beside_v = state.neighbors[u].copy(), state.neighbors[v].copy()
    drop(beside_u, v)
    drop(beside_v, u)
    if undirected:
        for m in range(len(beside_u)):
            beside_u[m] &= state.adjacent[v, m]  # another parent of u would make a collider with v
    of_u, of_v = cliques(beside_u, state.adjacent), cliques(beside_v, state.adjacent)
    second, firsts, won = beside_u.copy(), of_v.copy(), np.empty(len(of_v))
    for b in range(len(of_v)):
        for m in range(len(beside_v)):
            firsts[b, m] = of_v[b, m] | state.parents[v, m]
        won[b] = _added(score, v, firsts[b], u)
    for a in range(len(of_u)):
        for m in range(len(beside_u)):
            second[m] = of_u[a, m] | state.parents[u, m]
        drop(second, v)
        lost = _added(score, u, second, v)
        for b in range(len(of_v)):
            gain = won[b] - lost
            if gain > ALIKE and not equal(firsts[b], second):  # equal: a covered edge, the class stays
                steps = append(steps, count, gain, u, v, of_v[b], of_u[a])
                count += 1
    return steps, count


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
def _turned(state, u, v, of_v, of_u, room, member, after):  # type: ignore[no-untyped-def]
    """Fills a member and the compelled parents after a turn; False where no member has these parents, or of a cycle."""
    if _descends(state.children, v, u):
        return False
    inside = _together(state.neighbors, u, v)
    places = np.empty(len(member), np.int64)
    count = members(inside, places)
    parents, children, neighbors = room[0], room[1], room[2]
    for i in places[:count]:
        assign(parents[i], state.parents[i])
        assign(children[i], state.children[i])
        assign(neighbors[i], state.neighbors[i])
    near = np.empty(len(member), np.int64)
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
    assign_all(member, state.member)
    for i in places[:count]:
        assign(member[i], parents[i])
    drop(member[u], v)
    put(member[v], u)
    clear(after)
    return compelled(member, state.adjacent, after)


@njit(**INNER)
def settle(state, parents):  # type: ignore[no-untyped-def]
    """Makes a state one with these compelled parents."""
    assign_all(state.parents, parents)
    clear(state.children)
    places = np.empty(len(parents), np.int64)
    for j in range(len(parents)):
        for i in places[: members(parents[j], places)]:
            put(state.children[i], j)
    for i in range(len(parents)):
        for k in range(parents.shape[1]):
            state.neighbors[i, k] = state.adjacent[i, k] & ~(state.parents[i, k] | state.children[i, k])


@njit(**INNER)
def best_turn(state, steps, count, room, kept, tried):  # type: ignore[no-untyped-def]
    """The turn that gains most of those that can be taken, `kept` its member and class; of those that tie apart, none.

    Returns its place, -1 for none.
    """
    order = ranked(steps.gain, count)
    start = 0
    while start < count:
        stop, reached, first = start, 0, -1
        while stop < count and steps.gain[order[start]] - steps.gain[order[stop]] <= ALIKE:
            t = order[stop]
            stop += 1
            if reached > 1:
                continue
            u, v = steps.ends[t, 0], steps.ends[t, 1]
            if _turned(state, u, v, steps.first[t], steps.second[t], room, tried[0], tried[1]):
                if not reached:
                    assign_all(kept[0], tried[0])
                    assign_all(kept[1], tried[1])
                    first, reached = t, 1
                elif not equal_all(kept[1], tried[1]):
                    reached = 2
        if reached == 1:
            return first
        start = stop
    return -1


@njit(**INNER)
def renew_turns(state, score, steps, count, dirty):  # type: ignore[no-untyped-def]
    """Makes the turns at dirty nodes anew, after which none is; `steps` holds those of the others."""
    near = np.empty(len(dirty), np.int64)
    all_, count = count, 0
    for t in range(all_):
        if not (dirty[steps.ends[t, 0]] or dirty[steps.ends[t, 1]]):
            move(steps, t, count)
            count += 1
    for u in range(len(dirty)):
        for v in near[: members(state.adjacent[u], near)]:
            if dirty[u] or dirty[v]:
                steps, count = _turns(state, score, u, v, steps, count)
    for i in range(len(dirty)):
        dirty[i] = False
    return steps, count
