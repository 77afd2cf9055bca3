"""Compiled kernels of the adjustment distances, on bit rows of 64-bit words; imported when a distance is asked for.

A set of nodes is a row of ceil(d / 64) words; bit j of row i of a matrix relates node i to node j.
"""

import numpy as np

from aitia.compiled import bit_count, njit, trailing_zeros

__all__ = ["descendants", "extension", "identification_errors", "is_closed", "optimal_errors", "possibly_reached"]

ONE = np.uint64(1)


@njit(nogil=True, inline="always")
def _spread(row, allowed, seen, stack, top):  # type: ignore[no-untyped-def]
    """Adds the allowed nodes of a row that are new to `seen` and puts them on the stack; returns its new top."""
    for k in range(row.shape[0]):
        new = row[k] & allowed[k] & ~seen[k]
        if new:
            seen[k] |= new
            while new:
                stack[top] = k * 64 + np.int64(trailing_zeros(new))
                top += 1
                new &= new - ONE
    return top


@njit(nogil=True)
def descendants(children, order):  # type: ignore[no-untyped-def]
    """Row i: node i and all that it has a directed path to; `order` is topological."""
    reached = children.copy()
    for step in range(order.shape[0] - 1, -1, -1):
        i = order[step]
        for k in range(children.shape[1]):
            word = children[i, k]
            while word:
                j = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                for m in range(children.shape[1]):
                    reached[i, m] |= reached[j, m]
        reached[i, i >> 6] |= ONE << np.uint64(i & 63)
    return reached


@njit(nogil=True)
def extension(parents, children, neighbors, order):  # type: ignore[no-untyped-def]
    """Parents and children of a DAG that the PDAG stands for, by Dor and Tarsi: sinks are taken away one at a time.

    Fills `order` topologically; its first entry is -1 when there is no such DAG.
    """
    n, n_words = parents.shape
    parents_d, children_d = parents.copy(), children.copy()
    left, waiting = np.zeros(n_words, np.uint64), np.zeros(n_words, np.uint64)
    for node in range(n):
        left[node >> 6] |= ONE << np.uint64(node & 63)
    waiting[:] = left
    for place in range(n - 1, -1, -1):
        sink = np.int64(-1)
        for k in range(n_words):
            word = waiting[k]
            while word and sink < 0:
                i = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                if _is_sink(i, left, parents, children, neighbors):
                    sink = i
                else:  # no sink before one of its neighbours is gone
                    waiting[k] &= ~(ONE << np.uint64(i & 63))
            if sink >= 0:
                break
        if sink < 0:
            order[0] = -1
            break
        order[place] = sink
        bit = ONE << np.uint64(sink & 63)
        left[sink >> 6] &= ~bit
        for k in range(n_words):
            beside = neighbors[sink, k] & left[k]
            waiting[k] = (waiting[k] | parents[sink, k] | beside) & left[k]
            parents_d[sink, k] |= beside
            while beside:
                j = k * 64 + np.int64(trailing_zeros(beside))
                beside &= beside - ONE
                children_d[j, sink >> 6] |= bit
    return parents_d, children_d


@njit(nogil=True)
def _is_sink(i, left, parents, children, neighbors):  # type: ignore[no-untyped-def]
    """Whether node i has no child left and each undirected neighbour left is adjacent to all that i is adjacent to."""
    n_words = left.shape[0]
    for k in range(n_words):
        if children[i, k] & left[k]:
            return False
    for k in range(n_words):
        beside = neighbors[i, k] & left[k]
        while beside:
            j = k * 64 + np.int64(trailing_zeros(beside))
            beside &= beside - ONE
            for m in range(n_words):
                other = (parents[i, m] | neighbors[i, m]) & left[m]
                other &= ~(parents[j, m] | children[j, m] | neighbors[j, m])
                if m == j >> 6:
                    other &= ~(ONE << np.uint64(j & 63))
                if other:
                    return False
    return True


@njit(nogil=True)
def is_closed(parents, children, neighbors):  # type: ignore[no-untyped-def]
    """Whether none of Meek's rules 1-4 directs an undirected edge."""
    n, n_words = parents.shape
    for a in range(n):
        for k in range(n_words):
            word = neighbors[a, k]
            while word:
                b = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                for m in range(n_words):
                    near_b = parents[b, m] | children[b, m] | neighbors[b, m]
                    if parents[a, m] & ~near_b or children[a, m] & parents[b, m]:  # rules 1 and 2
                        return False
                    near_a = parents[a, m] | children[a, m] | neighbors[a, m]
                    turns = parents[b, m] & near_a
                    while turns:
                        c = m * 64 + np.int64(trailing_zeros(turns))
                        beside = neighbors[a, m] >> np.uint64(c & 63) & ONE
                        turns &= turns - ONE
                        for w in range(n_words):
                            # rule 4: d --> c --> b, d not adjacent to b
                            if neighbors[a, w] & parents[c, w] & ~(parents[b, w] | children[b, w] | neighbors[b, w]):
                                return False
                            # rule 3: c and another undirected neighbour of a point at b and are not adjacent
                            other = neighbors[a, w] & parents[b, w]
                            other &= ~(parents[c, w] | children[c, w] | neighbors[c, w])
                            if w == c >> 6:
                                other &= ~(ONE << np.uint64(c & 63))
                            if beside and other:
                                return False
    return True


@njit(nogil=True)
def possibly_reached(first, out, parents):  # type: ignore[no-untyped-def]
    """Row i: what possibly causal paths from i reach whose first step is in row i of `first`.

    These are the walks along `out` (children and undirected neighbours) that avoid i and its parents; why they suffice
    is said at `_undirected_obstacle` in adjustment.py.
    """
    reached = np.zeros_like(out)
    stack = np.empty(out.shape[0], np.int64)
    allowed = np.empty(out.shape[1], np.uint64)
    for i in range(out.shape[0]):
        for k in range(out.shape[1]):
            allowed[k] = ~parents[i, k]
        allowed[i >> 6] &= ~(ONE << np.uint64(i & 63))
        top = _spread(first[i], allowed, reached[i], stack, 0)
        while top:
            top -= 1
            top = _spread(out[stack[top]], allowed, reached[i], stack, top)
    return reached


@njit(nogil=True)
def _invalid(t, target, z, parents, children, above, below, wrong, causal, up, down, stacks, scratch):  # type: ignore[no-untyped-def]
    """Fills `wrong` with the nodes y for which z is no valid adjustment set of (t, y) in a DAG.

    Stops as soon as `target` is among them (-1: goes on to the end) and returns whether all have been found.

    Either y is reached from t through an ancestor of z on a causal path (z holds a forbidden node), or a walk that z
    leaves open and that is not causal reaches it. Such walks never come back to t; each state of a node is visited
    once: `causal` on an open causal walk, `up` after a step to a parent, `down` after a step to a child on a walk that
    is not causal. A collider passes when it is in z: walks that go down to z and come back count, and where only these
    are open, z holds a forbidden node or a path is open too.
    """
    n_words = z.shape[0]
    forbidden = False
    for k in range(n_words):
        wrong[k] = 0
        scratch[k] = 0
        forbidden |= (z[k] & below[t, k]) != 0
    if forbidden:
        for k in range(n_words):
            word = z[k] & below[t, k]
            while word:
                i = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                for m in range(n_words):
                    scratch[m] |= above[i, m]
        for k in range(n_words):
            word = scratch[k] & below[t, k]
            if k == t >> 6:
                word &= ~(ONE << np.uint64(t & 63))
            while word:
                i = k * 64 + np.int64(trailing_zeros(word))
                word &= word - ONE
                if not wrong[i >> 6] >> np.uint64(i & 63) & ONE:  # else all below it is there already
                    for m in range(n_words):
                        wrong[m] |= below[i, m]
    kt, bt = target >> 6, np.uint64(target & 63)
    if target >= 0 and wrong[kt] >> bt & ONE:
        return False
    for k in range(n_words):
        causal[k] = 0
        up[k] = 0
        down[k] = 0
        scratch[k] = ~np.uint64(0)
    scratch[t >> 6] &= ~(ONE << np.uint64(t & 63))
    top_up = _spread(parents[t], scratch, up, stacks[1], 0)
    top_down = 0
    if forbidden:  # only then can a causal walk turn round
        top = _spread(children[t], scratch, causal, stacks[0], 0)
        while top:
            top -= 1
            i = stacks[0, top]
            if z[i >> 6] >> np.uint64(i & 63) & ONE:
                top_up = _spread(parents[i], scratch, up, stacks[1], top_up)
            else:
                top = _spread(children[i], scratch, causal, stacks[0], top)
    while top_up or top_down:
        if target >= 0 and (up[kt] | down[kt]) >> bt & ONE:
            break
        if top_up:
            top_up -= 1
            i = stacks[1, top_up]
            if not z[i >> 6] >> np.uint64(i & 63) & ONE:
                top_up = _spread(parents[i], scratch, up, stacks[1], top_up)
                top_down = _spread(children[i], scratch, down, stacks[2], top_down)
        else:
            top_down -= 1
            i = stacks[2, top_down]
            if z[i >> 6] >> np.uint64(i & 63) & ONE:
                top_up = _spread(parents[i], scratch, up, stacks[1], top_up)
            else:
                top_down = _spread(children[i], scratch, down, stacks[2], top_down)
    for k in range(n_words):
        wrong[k] |= up[k] | down[k]
    return top_up == 0 and top_down == 0


@njit(nogil=True)
def identification_errors(  # type: ignore[no-untyped-def]
    treatments, parents, children, above, below, possible, doubtful, claims_none, adjusts, claims_doubt
):
    """Pairs (t, y) that a guess gets wrong when its answer for t is one adjustment set, for t in `treatments`.

    True graph: `parents` and `children` of a DAG of it, that DAG's ancestors `above` and descendants `below`; row t of
    `possible`: its possible descendants, of `doubtful`: the y whose effect is not identified. Guess, row by row of
    `treatments`: the y for which it claims no effect, the set adjusted for, the y for which it claims nothing.
    """
    n_words = parents.shape[1]
    n = parents.shape[0]
    stacks = np.empty((3, n), np.int64)
    wrong, causal, up = np.empty(n_words, np.uint64), np.empty(n_words, np.uint64), np.empty(n_words, np.uint64)
    down, scratch = np.empty(n_words, np.uint64), np.empty(n_words, np.uint64)
    count = np.int64(0)
    for row in range(treatments.shape[0]):
        t = treatments[row]
        z = adjusts[row]
        _invalid(t, -1, z, parents, children, above, below, wrong, causal, up, down, stacks, scratch)
        for k in range(n_words):
            none, doubt = claims_none[row, k], claims_doubt[row, k]
            bad = none & possible[t, k]
            bad |= doubt & ~none & ~doubtful[t, k]
            bad |= ~none & ~doubt & (wrong[k] | z[k] | doubtful[t, k])
            if k == n_words - 1 and n & 63:
                bad &= (ONE << np.uint64(n & 63)) - ONE
            if k == t >> 6:
                bad &= ~(ONE << np.uint64(t & 63))
            count += np.int64(bit_count(bad))
    return count


@njit(nogil=True)
def optimal_errors(  # type: ignore[no-untyped-def]
    first,
    last,
    parents,
    children,
    above,
    below,
    possible,
    doubtful,
    parents_g,
    above_g,
    below_g,
    possible_g,
    doubtful_g,
):
    """Pairs (t, y), first <= t < last, that a guess gets wrong when it adjusts for its optimal set of each pair.

    `parents_g`, `above_g` and `below_g` belong to a DAG of the guess: the optimal set is the same in each of them.
    """
    n_words = parents.shape[1]
    n = parents.shape[0]
    stacks = np.empty((3, n), np.int64)
    wrong, causal, up = np.empty(n_words, np.uint64), np.empty(n_words, np.uint64), np.empty(n_words, np.uint64)
    down, scratch, z = np.empty(n_words, np.uint64), np.empty(n_words, np.uint64), np.empty(n_words, np.uint64)
    before = np.empty(n_words, np.uint64)
    forbidden = np.empty(n_words, np.uint64)
    count = np.int64(0)
    for t in range(first, last):
        known = False  # whether `wrong` is complete for the set in `before`
        for y in range(n):
            if y == t:
                continue
            ky, by = y >> 6, np.uint64(y & 63)
            if not possible_g[t, ky] >> by & ONE:
                count += np.int64(possible[t, ky] >> by & ONE)
                continue
            if doubtful_g[t, ky] >> by & ONE:
                count += np.int64(~(doubtful[t, ky] >> by) & ONE)
                continue
            if doubtful[t, ky] >> by & ONE:
                count += np.int64(1)
                continue
            z[:] = 0
            forbidden[:] = 0
            for k in range(n_words):
                word = below_g[t, k] & above_g[y, k]
                if k == t >> 6:
                    word &= ~(ONE << np.uint64(t & 63))
                while word:
                    i = k * 64 + np.int64(trailing_zeros(word))
                    word &= word - ONE
                    for m in range(n_words):
                        z[m] |= parents_g[i, m]
                    if not forbidden[i >> 6] >> np.uint64(i & 63) & ONE:
                        for m in range(n_words):
                            forbidden[m] |= below_g[i, m]
            same = known
            for k in range(n_words):
                z[k] &= ~forbidden[k]
                if k == t >> 6:
                    z[k] &= ~(ONE << np.uint64(t & 63))
                same &= z[k] == before[k]
                before[k] = z[k]
            if not same:
                known = _invalid(t, y, z, parents, children, above, below, wrong, causal, up, down, stacks, scratch)
            count += np.int64(wrong[ky] >> by & ONE)
    return count
