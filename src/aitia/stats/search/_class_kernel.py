"""Turns in classes of equivalent DAGs by the likelihood of Gaussian rows, on rows of 64-bit words, compiled.

What `classes` does with any score, with the arithmetic of `likelihood`. Of the members of a class only the parts that
hang together with the turned edge by undirected edges are made anew for a step; elsewhere a member that is kept serves.
"""

from math import inf, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.compiled import njit
from aitia.stats.search._turn_kernel import alike, turned, undo
from aitia.stats.search._words_kernel import (
    INNER,
    Words,
    append,
    assign,
    cliques,
    drop,
    equal,
    holds,
    members,
    move,
    put,
    ranked,
)

__all__ = ["ALIKE", "TINY", "Score", "State", "best_turn", "renew_turns", "score_of"]

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
def _cyclic(state, u, v, of_u, of_v):  # type: ignore[no-untyped-def]
    """Whether something that is beside both u and v is to be above one alone: an arrow between them closes a cycle."""
    found = False
    for m in range(len(of_u)):
        found = found or (of_u[m] ^ of_v[m]) & state.neighbors[u, m] & state.neighbors[v, m] != 0
    return found


@njit(**INNER)
def _turns(state, score, own, u, v, steps, count, rows):  # type: ignore[no-untyped-def]
    """Appends what u --> v in place of v --> u would gain, for each choice of parents among the neighbours.

    `own` are the scores of the nodes with their compelled parents alone; `rows` is room for four sets.
    """
    undirected = holds(state.neighbors[u], v)
    if not undirected and not holds(state.parents[u], v):
        return steps, count
    beside_u, beside_v, first, second = rows[0], rows[1], rows[2], rows[3]
    assign(beside_u, state.neighbors[u])
    assign(beside_v, state.neighbors[v])
    drop(beside_u, v)
    drop(beside_v, u)
    if undirected:
        for m in range(len(beside_u)):
            beside_u[m] &= state.adjacent[v, m]  # another parent of u would make a collider with v
        if equal(beside_u, beside_v) and equal(state.parents[u], state.parents[v]):
            return steps, count  # what is beside both is above both or neither: a covered edge, the class stays
    of_u, of_v = cliques(beside_u, state.adjacent), cliques(beside_v, state.adjacent)
    lost = np.empty(len(of_u))
    for a in range(len(of_u)):
        for m in range(len(second)):
            second[m] = of_u[a, m] | state.parents[u, m]
        drop(second, v)
        without = own[u] if undirected and a == 0 else score_of(score, u, second)
        put(second, v)
        lost[a] = (own[u] if not undirected and a == 0 else score_of(score, u, second)) - without
    for b in range(len(of_v)):
        for m in range(len(first)):
            first[m] = of_v[b, m] | state.parents[v, m]
        without = own[v] if b == 0 else score_of(score, v, first)
        put(first, u)
        won = score_of(score, v, first) - without
        drop(first, u)
        for a in range(len(of_u)):
            gain = won - lost[a]
            if gain <= ALIKE or _cyclic(state, u, v, of_u[a], of_v[b]):
                continue
            for m in range(len(second)):
                second[m] = of_u[a, m] | state.parents[u, m]
            drop(second, v)
            if not equal(first, second):  # equal: a covered edge, the class stays
                steps = append(steps, count, gain, u, v, of_v[b], of_u[a])
                count += 1
    return steps, count


@njit(**INNER)
def best_turn(state, steps, count, room, kept, tried):  # type: ignore[no-untyped-def]
    """Makes `kept` the change of the turn that gains most of those that can be taken; of those that tie apart, none.

    Returns its place, -1 for none, when `kept` is no change. `tried` is none before and after.
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
            change = tried if reached else kept
            if turned(state, steps.ends[t, 0], steps.ends[t, 1], steps.first[t], steps.second[t], room, change):
                if not reached:
                    first, reached = t, 1
                    continue
                if not alike(kept, tried):
                    reached = 2
            undo(state, change)
        if reached == 1:
            return first
        undo(state, kept)
        start = stop
    return -1


@njit(**INNER)
def renew_turns(state, score, own, steps, count, dirty, near, rows):  # type: ignore[no-untyped-def]
    """Makes the turns at dirty nodes anew, and their scores with their compelled parents alone.

    `steps` holds the turns of the others; `near` is room for places, `rows` for four sets.
    """
    for i in range(len(dirty)):
        if dirty[i]:
            own[i] = score_of(score, i, state.parents[i])
    all_, count = count, 0
    for t in range(all_):
        if not (dirty[steps.ends[t, 0]] or dirty[steps.ends[t, 1]]):
            if t > count:
                move(steps, t, count)
            count += 1
    for u in range(len(dirty)):
        if dirty[u]:
            for v in near[: members(state.adjacent[u], near)]:
                steps, count = _turns(state, score, own, u, v, steps, count, rows)
                if not dirty[v]:
                    steps, count = _turns(state, score, own, v, u, steps, count, rows)
    return steps, count
