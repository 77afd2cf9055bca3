"""Grow-shrink trees, and the moves of a variable in an order: the inner loops of searches over orders.

The tree of y answers, for any set of variables that come before y, which of them grow-shrink selection takes as its
parents. A node is a set that growing has reached; its branches are the variables that raise the score, the best first;
the first branch that comes before y is taken, and where none does, shrinking takes away what lowers the score. Scores
are computed once for each node, however many orders pass through it.

While variables move, each holds the node where its walk ended (`Stand`). Another variable v that comes before it, or
no longer does, changes that walk only where v was passed over for not coming before, or was taken; all other walks are
left alone, so that trying every place of v costs a walk for each of the few variables that v matters to.

Source:
    Andrews, Ramsey, Sanchez-Romero, Camchong and Kummerfeld, Fast scalable and accurate discovery of DAGs using the
    best order score search and grow-shrink trees, NeurIPS 2023.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.stats.search._score_kernel import ScoreData, fewer_lines, grow, local

__all__ = ["Trees", "along", "climb"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST = 1e-6
"""Nats by which a score must rise to count as higher: above rounding, far below what data can tell."""


class Stand(NamedTuple):
    """Where the walk of each variable ended, with what comes before it in an order.

    Args:
        node: (p,), the node.
        taken: (p, p), [w, v] True where the walk of w took v.
        passed: (p, p), [w, v] True where it passed a branch of v over, since v does not come before w.
    """

    node: NDArray[np.int64]
    taken: NDArray[np.bool_]
    passed: NDArray[np.bool_]


NODE = np.dtype(
    [("grown", "f8"), ("shrunk", "f8"), ("start", "i8"), ("branches", "i4"), ("up", "i4"), ("added", "i4")], align=True
)
"""A node: the score of its set, NaN for a root that was never visited; that after shrinking, NaN where nobody has
asked; where its branches begin, -1 where they are not known, and how many there are; the node before, -1 for a root;
and the variable that was added to come here."""
BRANCH = np.dtype([("score", "f8"), ("variable", "i4"), ("child", "i4")], align=True)
"""A branch: the score of the set with its variable; its node, -1 where nobody went there."""


class Trees(NamedTuple):
    """The trees of all variables; node y is the root of the tree of y.

    Args:
        nodes: (nodes,) of `NODE`.
        twigs: (branches,) of `BRANCH`.
        used: (2,), how many nodes and branches there are.
        allowed: (p, p), [z, y] True where z may be a parent of y.
        required: (p, p), [z, y] True where it is one.
        limit: Most parents.
    """

    nodes: NDArray[np.void]
    twigs: NDArray[np.void]
    used: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    required: NDArray[np.bool_]
    limit: int


def path(trees: Trees, y: int, node: int, parents: Ints) -> int:
    """Writes the set of a node into `parents` and returns its size; what is required stands first."""
    size = 0
    for z in range(len(parents)):
        if trees.required[z, y]:
            parents[size] = z
            size += 1
    while trees.nodes[node]["up"] >= 0:
        parents[size] = trees.nodes[node]["added"]
        size += 1
        node = trees.nodes[node]["up"]
    return size


def expand(data: ScoreData, trees: Trees, y: int, node: int) -> bool:
    """Finds the branches of a node; False where there is no room for them."""
    p = trees.allowed.shape[0]
    if trees.used[1] + p > len(trees.twigs):
        return False
    here, twigs = trees.nodes[node], trees.twigs
    parents = np.empty(p, np.int64)
    size = path(trees, y, node, parents)
    wanted = np.zeros(p, np.bool_)
    out = np.empty(p)
    if np.isnan(here["grown"]):
        here["grown"] = local(data, y, parents, size, wanted[:0], out[:0])
    here["start"], here["branches"] = trees.used[1], 0
    if size >= trees.limit:
        return True
    for z in range(p):
        wanted[z] = trees.allowed[z, y]
    for e in range(size):
        wanted[parents[e]] = False
    least = here["grown"] + LEAST
    grow(data, y, parents, size, wanted, out, least)
    for z in range(p):
        if not wanted[z] or out[z] <= least:
            continue
        place = trees.used[1]
        while place > here["start"] and twigs[place - 1]["score"] < out[z]:  # the best first, equals as they come
            twigs[place]["variable"], twigs[place]["score"] = twigs[place - 1]["variable"], twigs[place - 1]["score"]
            place -= 1
        twigs[place]["variable"], twigs[place]["score"] = z, out[z]
        twigs[trees.used[1]]["child"] = -1
        trees.used[1] += 1
        here["branches"] += 1
    return True


def shrink(data: ScoreData, trees: Trees, y: int, node: int, parents: Ints) -> tuple[int, float]:
    """The parents that shrinking leaves of a node's set, written into `parents`: their number, and the score."""
    p = trees.allowed.shape[0]
    size = path(trees, y, node, parents)
    fixed = 0
    for z in range(p):
        if trees.required[z, y]:
            fixed += 1
    best = trees.nodes[node]["grown"]
    if size == fixed:
        return size, best
    lines, left = fewer_lines(data, y, parents, size, fixed, best, LEAST)
    if lines >= 0:
        return lines, left
    wanted, out = np.zeros(0, np.bool_), np.zeros(0)
    fewer = np.empty(p, np.int64)
    while True:
        worst = -1
        for e in range(fixed, size):
            k = 0
            for other in range(size):
                if other != e:
                    fewer[k] = parents[other]
                    k += 1
            score = local(data, y, fewer, size - 1, wanted, out)
            if score > best + LEAST:
                best, worst = score, e
        if worst < 0:
            return size, best
        for e in range(worst, size - 1):
            parents[e] = parents[e + 1]
        size -= 1


def walk(data: ScoreData, trees: Trees, y: int, before: Flags, taken: Flags, passed: Flags) -> int:
    """The node of y's tree at which growing ends, where `before` holds what comes before y; -1 where room ran out.

    Writes into `taken` and `passed` (p,) what the walk took and what it passed over.
    """
    node = follow(trees.nodes, trees.twigs, y, before, taken, passed)
    if node < 0:
        node = explore(data, trees, y, before)
        if node >= 0:
            node = follow(trees.nodes, trees.twigs, y, before, taken, passed)
    return node


def follow(nodes: NDArray[np.void], twigs: NDArray[np.void], y: int, before: Flags, taken: Flags, passed: Flags) -> int:
    """`walk` where others went before; -1 where nobody did."""
    for z in range(len(before)):
        taken[z] = passed[z] = False
    node: Any = np.int64(y)
    while True:
        begin, found = nodes[node]["start"], -1
        if begin < 0:
            return -1
        for branch in range(begin, begin + nodes[node]["branches"]):
            variable = twigs[branch]["variable"]
            if before[variable]:
                taken[variable] = True
                found = branch
                break
            passed[variable] = True
        if found < 0:
            return -1 if np.isnan(nodes[node]["shrunk"]) else node
        node = np.int64(twigs[found]["child"])
        if node < 0:
            return -1


def explore(data: ScoreData, trees: Trees, y: int, before: Flags) -> int:
    """Makes the nodes and branches of a walk; the node at its end, -1 where room ran out."""
    nodes, twigs = trees.nodes, trees.twigs
    node: Any = np.int64(y)
    while True:
        if nodes[node]["start"] < 0 and not expand(data, trees, y, node):
            return -1
        begin, found = nodes[node]["start"], -1
        for branch in range(begin, begin + nodes[node]["branches"]):
            if before[twigs[branch]["variable"]]:
                found = branch
                break
        if found < 0:
            break
        if twigs[found]["child"] < 0:
            new = trees.used[0]
            if new >= len(nodes):
                return -1
            nodes[new]["up"], nodes[new]["added"] = node, twigs[found]["variable"]
            nodes[new]["grown"], nodes[new]["shrunk"] = twigs[found]["score"], np.nan
            nodes[new]["start"], nodes[new]["branches"] = -1, 0
            twigs[found]["child"] = new
            trees.used[0] += 1
        node = np.int64(twigs[found]["child"])
    if np.isnan(nodes[node]["shrunk"]):
        parents = np.empty(trees.allowed.shape[0], np.int64)
        _, nodes[node]["shrunk"] = shrink(data, trees, y, node, parents)
    end: int = node
    return end


def settle(data: ScoreData, trees: Trees, order: Ints, stand: Stand) -> bool:
    """Walks for every variable of an order; False where room ran out."""
    before = np.zeros(len(order), np.bool_)
    for w in order:
        stand.node[w] = walk(data, trees, w, before, stand.taken[w], stand.passed[w])
        if stand.node[w] < 0:
            return False
        before[w] = True
    return True


def places(
    data: ScoreData, trees: Trees, order: Ints, stand: Stand, place: int, first: int, last: int, scores: Floats
) -> bool:
    """Puts into scores[k] what an order scores between `first` and `last` with the variable at `place` moved to k.

    False where room ran out.
    """
    p, v = len(order), order[place]
    before, taken, passed = np.zeros(p, np.bool_), np.empty(p, np.bool_), np.empty(p, np.bool_)
    own_taken, own_passed, behind = np.empty(p, np.bool_), np.empty(p, np.bool_), np.empty(p)
    for k in range(first):
        before[order[k]] = True
    node = walk(data, trees, v, before, own_taken, own_passed)
    if node < 0:
        return False
    # v between the others k - 1 and k: first what v itself and the others before it have
    ahead = 0.0
    for k in range(first, last + 1):
        scores[k] = ahead + trees.nodes[node]["shrunk"]
        if k == last:
            break
        w = order[k] if k < place else order[k + 1]
        without = with_it = stand.node[w]
        if k < place and stand.passed[w, v]:
            before[v] = True
            with_it = walk(data, trees, w, before, taken, passed)
            before[v] = False
        elif k >= place and stand.taken[w, v]:
            without = walk(data, trees, w, before, taken, passed)
        if with_it < 0 or without < 0:
            return False
        ahead += trees.nodes[without]["shrunk"]
        behind[k] = trees.nodes[with_it]["shrunk"]
        before[w] = True
        if own_passed[w]:
            node = walk(data, trees, v, before, own_taken, own_passed)
            if node < 0:
                return False
    after = 0.0
    for k in range(last - 1, first - 1, -1):
        after += behind[k]
        scores[k] += after
    return True


def move(data: ScoreData, trees: Trees, order: Ints, stand: Stand, place: int, best: int) -> bool:
    """Moves the variable at `place` to `best` and walks anew where that matters; False where room ran out."""
    v, step = order[place], 1 if best > place else -1
    low, high = min(place, best), max(place, best)
    while place != best:
        order[place] = order[place + step]
        place += step
    order[best] = v
    before = np.zeros(len(order), np.bool_)
    for k in range(high + 1):
        w = order[k]
        if k >= low and (w == v or (stand.taken[w, v] if step > 0 else stand.passed[w, v])):
            stand.node[w] = walk(data, trees, w, before, stand.taken[w], stand.passed[w])
            if stand.node[w] < 0:
                return False
        before[w] = True
    return True


def climb(data: ScoreData, trees: Trees, orders: Ints, turns: Ints, must: Flags, at: Ints, values: Floats) -> bool:
    """Moves one variable of an order after another to its best place, until none moves; so with every order.

    Args:
        orders: (orders, p), changed in place.
        turns: (orders, p), the variables in the order in which they move, round after round.
        must: (p, p), [a, b] True where a comes before b whatever the score.
        at: (3,), how many orders are done, how many turns of the next, and how many of the last of these moved nothing.
        values: (orders,), for the score of each order at its end.

    Returns:
        False where room ran out; `at` says where to go on.
    """
    p = orders.shape[1]
    stand = Stand(np.empty(p, np.int64), np.empty((p, p), np.bool_), np.empty((p, p), np.bool_))
    scores = np.empty(p)
    for start in range(at[0], len(orders)):
        order = orders[start]
        if not settle(data, trees, order, stand):
            return False
        while at[2] < p:
            v = turns[start, at[1] % p]
            place: Any = np.int64(0)  # of one type from the start, so that what it is given to is compiled once
            while order[place] != v:
                place += 1
            first: Any = np.int64(0)
            last: Any = np.int64(p - 1)
            for k in range(p):
                if k < place and must[order[k], v]:
                    first = k + 1
                if k > place and must[v, order[k]] and last == p - 1:
                    last = k - 1
            if not places(data, trees, order, stand, place, first, last, scores):
                return False
            best = nearest(scores, place, first, last)
            at[1] += 1
            at[2] = at[2] + 1 if best == place else 0
            if best != place and not move(data, trees, order, stand, place, best):
                return False
        values[start] = 0.0
        for w in order:
            values[start] += trees.nodes[stand.node[w]]["shrunk"]
        at[0], at[1], at[2] = start + 1, 0, 0
    return True


def nearest(scores: Floats, place: int, first: int, last: int) -> int:
    """The best place; of places that score the same but for rounding the nearest, the earlier of two."""
    value = scores[place]
    for k in range(first, last + 1):
        value = max(value, scores[k])
    best = place
    if value > scores[place] + LEAST:
        for k in range(first, last + 1):
            if scores[k] >= value - LEAST and (best == place or abs(k - place) < abs(best - place)):
                best = k
    return best


def along(data: ScoreData, trees: Trees, order: Ints, found: Flags) -> float:
    """The score of an order: of the best graph along it that grow-shrink finds; NaN where room ran out.

    Writes into found[z, y] whether z is a parent of y in that graph.
    """
    p = len(order)
    before, taken, passed = np.zeros(p, np.bool_), np.empty(p, np.bool_), np.empty(p, np.bool_)
    parents = np.empty(p, np.int64)
    score = 0.0
    for y in order:
        node = walk(data, trees, y, before, taken, passed)
        if node < 0:
            return np.nan
        size, value = shrink(data, trees, y, node, parents)
        score += value
        for e in range(size):
            found[parents[e], y] = True
        before[y] = True
    return score
