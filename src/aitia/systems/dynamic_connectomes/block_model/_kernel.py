"""Compiled search of a partition of short description; imported when one is asked for. Terms as in `description`.

`kind` is 0 for the plain graph, 1 for the one with degrees, 2 for a graph of blocks one level up, which has no weights.
A block is there while it has a node. Moving a node changes two rows of the sums, so its change of the description
length takes O(blocks), and no sum over the graph is ever taken again.
"""

import numpy as np

from aitia.compiled import njit

__all__ = ["descend", "node_change"]

LN2 = np.log(2.0)
TINY = 1e-9
"""Nats; less is rounding."""


@njit(nogil=True, inline="always")
def _choices(fact, n, k):  # type: ignore[no-untyped-def]
    return fact[n + k - 1] - fact[k] - fact[n - 1]


@njit(nogil=True)
def _pair(kind, beta, fact, m, x, n_r, n_s, same):  # type: ignore[no-untyped-def]
    """What a pair of blocks adds: (1) to (3), or (6)."""
    if n_r == 0 or n_s == 0:
        return 0.0
    if kind == 2:
        return _choices(fact, n_r * (n_r + 1) // 2 if same else n_r * n_s, m)
    if m == 0:
        return 0.0
    told = fact[m] + np.log(beta) - (m + 1) * np.log(beta + x)
    return -fact[m] - (m * LN2 if same else 0.0) - told


@njit(nogil=True)
def _block(kind, fact, n, ends):  # type: ignore[no-untyped-def]
    """What a block adds by itself: (1) or (2), and its part of (4)."""
    if n == 0:
        return 0.0
    told = -fact[n]
    if kind == 0:
        told += ends * np.log(n)
    elif kind == 1:
        told += fact[ends] + _choices(fact, n, ends)
    return told


@njit(nogil=True)
def _number(fact, nodes, edges, blocks):  # type: ignore[no-untyped-def]
    """What the number of blocks adds: (4) and (5)."""
    apart = fact[nodes - 1] - fact[blocks - 1] - fact[nodes - blocks]
    return apart + _choices(fact, blocks * (blocks + 1) // 2, edges)


@njit(nogil=True)
def node_change(kind, beta, fact, edges, m, x, n, ends, to_m, to_x, loop, r, s, blocks):  # type: ignore[no-untyped-def]
    """Change of the description length when a node goes from block r to block s.

    Args:
        m, x: Edges and weights between blocks, (places, places), inside a block once.
        n, ends: Nodes and ends of edges of each block.
        to_m, to_x: Edges and weights from the node to the other nodes of each block.
        loop: Edges from the node to itself.
        blocks: How many have a node.
    """
    change = 0.0
    n_r, n_s = n[r], n[s]
    for t in range(len(n)):
        if t in (r, s) or n[t] == 0 or (kind != 2 and to_m[t] == 0):
            continue
        change -= _pair(kind, beta, fact, m[r, t], x[r, t], n_r, n[t], False)
        change -= _pair(kind, beta, fact, m[s, t], x[s, t], n_s, n[t], False)
        change += _pair(kind, beta, fact, m[r, t] - to_m[t], x[r, t] - to_x[t], n_r - 1, n[t], False)
        change += _pair(kind, beta, fact, m[s, t] + to_m[t], x[s, t] + to_x[t], n_s + 1, n[t], False)
    change -= _pair(kind, beta, fact, m[r, r], x[r, r], n_r, n_r, True)
    change -= _pair(kind, beta, fact, m[s, s], x[s, s], n_s, n_s, True)
    change -= _pair(kind, beta, fact, m[r, s], x[r, s], n_r, n_s, False)
    change += _pair(kind, beta, fact, m[r, r] - to_m[r] - loop, x[r, r] - to_x[r], n_r - 1, n_r - 1, True)
    change += _pair(kind, beta, fact, m[s, s] + to_m[s] + loop, x[s, s] + to_x[s], n_s + 1, n_s + 1, True)
    between = m[r, s] + to_m[r] - to_m[s]
    change += _pair(kind, beta, fact, between, x[r, s] + to_x[r] - to_x[s], n_r - 1, n_s + 1, False)
    degree = 2 * loop
    for t in range(len(n)):
        degree += to_m[t]
    change -= _block(kind, fact, n_r, ends[r]) + _block(kind, fact, n_s, ends[s])
    change += _block(kind, fact, n_r - 1, ends[r] - degree) + _block(kind, fact, n_s + 1, ends[s] + degree)
    after = blocks + (1 if n_s == 0 else 0) - (1 if n_r == 1 else 0)
    if after != blocks:
        nodes = n.sum()
        change += _number(fact, nodes, edges, after) - _number(fact, nodes, edges, blocks)
    return change


@njit(nogil=True)
def _merge_change(kind, beta, fact, edges, m, x, n, ends, r, s, blocks):  # type: ignore[no-untyped-def]
    """The same when all nodes of block r go to block s."""
    change = 0.0
    both = n[r] + n[s]
    for t in range(len(n)):
        if t in (r, s) or n[t] == 0:
            continue
        change -= _pair(kind, beta, fact, m[r, t], x[r, t], n[r], n[t], False)
        change -= _pair(kind, beta, fact, m[s, t], x[s, t], n[s], n[t], False)
        change += _pair(kind, beta, fact, m[r, t] + m[s, t], x[r, t] + x[s, t], both, n[t], False)
    change -= _pair(kind, beta, fact, m[r, r], x[r, r], n[r], n[r], True)
    change -= _pair(kind, beta, fact, m[s, s], x[s, s], n[s], n[s], True)
    change -= _pair(kind, beta, fact, m[r, s], x[r, s], n[r], n[s], False)
    inside_m, inside_x = m[r, r] + m[s, s] + m[r, s], x[r, r] + x[s, s] + x[r, s]
    change += _pair(kind, beta, fact, inside_m, inside_x, both, both, True)
    change -= _block(kind, fact, n[r], ends[r]) + _block(kind, fact, n[s], ends[s])
    change += _block(kind, fact, both, ends[r] + ends[s])
    nodes = n.sum()
    return change + _number(fact, nodes, edges, blocks - 1) - _number(fact, nodes, edges, blocks)


@njit(nogil=True)
def _to_blocks(counts, weights, labels, i, to_m, to_x):  # type: ignore[no-untyped-def]
    to_m[:] = 0
    to_x[:] = 0.0
    for j in range(len(labels)):
        if j != i and counts[i, j] > 0:
            to_m[labels[j]] += counts[i, j]
            to_x[labels[j]] += weights[i, j]


@njit(nogil=True)
def _move(m, x, n, ends, to_m, to_x, loop, labels, i, s):  # type: ignore[no-untyped-def]
    r = labels[i]
    degree = 2 * loop
    for t in range(len(n)):
        degree += to_m[t]
        if t != r and t != s and to_m[t] > 0:
            m[r, t] -= to_m[t]
            x[r, t] = x[t, r] = x[r, t] - to_x[t] if m[r, t] > 0 else 0.0
            m[t, r] = m[r, t]
            m[s, t] += to_m[t]
            m[t, s] = m[s, t]
            x[s, t] += to_x[t]
            x[t, s] = x[s, t]
    m[r, r] -= to_m[r] + loop
    x[r, r] = x[r, r] - to_x[r] if m[r, r] > 0 else 0.0
    m[s, s] += to_m[s] + loop
    x[s, s] += to_x[s]
    m[r, s] += to_m[r] - to_m[s]
    x[r, s] = x[r, s] + to_x[r] - to_x[s] if m[r, s] > 0 else 0.0
    m[s, r], x[s, r] = m[r, s], x[r, s]
    n[r] -= 1
    n[s] += 1
    ends[r] -= degree
    ends[s] += degree
    labels[i] = s


@njit(nogil=True)
def _sweeps(kind, beta, fact, edges, counts, weights, labels, m, x, n, ends, order, most):  # type: ignore[no-untyped-def]
    """Moves each node to the block where the description is shortest, a new one among them, until none moves."""
    places = len(n)
    to_m, to_x = np.zeros(places, np.int64), np.zeros(places)
    gained = 0.0
    for _ in range(most):
        moved = False
        for i in order:
            _to_blocks(counts, weights, labels, i, to_m, to_x)
            r, blocks, tried_new = labels[i], np.sum(n > 0), False
            best, where = -TINY, -1
            for s in range(places):
                if s == r:
                    continue
                if n[s] == 0:
                    if tried_new or n[r] == 1:
                        continue
                    tried_new = True
                change = node_change(kind, beta, fact, edges, m, x, n, ends, to_m, to_x, counts[i, i], r, s, blocks)
                if change < best:
                    best, where = change, s
            if where >= 0:
                _move(m, x, n, ends, to_m, to_x, counts[i, i], labels, i, where)
                gained += best
                moved = True
        if not moved:
            break
    return gained


@njit(nogil=True)
def _merge(counts, weights, labels, m, x, n, ends, r, s):  # type: ignore[no-untyped-def]
    to_m, to_x = np.zeros(len(n), np.int64), np.zeros(len(n))
    for i in range(len(labels)):
        if labels[i] == r:
            _to_blocks(counts, weights, labels, i, to_m, to_x)
            _move(m, x, n, ends, to_m, to_x, counts[i, i], labels, i, s)


@njit(nogil=True)
def descend(kind, beta, fact, counts, weights, order, share, most):  # type: ignore[no-untyped-def]
    """From single nodes to one block: merges of a share of the blocks, and sweeps of nodes after each.

    Args:
        kind: 0, 1 or 2.
        beta: Mean weight.
        fact: ln k! for k = 0, 1, ...
        counts, weights: (nodes, nodes), symmetric; the diagonal of counts holds edges of a node to itself.
        order: In which nodes are taken.
        share: Of the blocks merged at a time.
        most: Sweeps after each.

    Returns:
        The labels after each merge and its sweeps, (merges, nodes), and how much shorter each description is than that
        of single nodes, (merges,).
    """
    nodes = len(order)
    labels = np.arange(nodes)
    m, x, n = counts.copy(), weights.copy(), np.ones(nodes, np.int64)
    ends = np.zeros(nodes, np.int64)
    edges = 0
    for i in range(nodes):
        x[i, i] = 0.0
        for j in range(nodes):
            ends[i] += counts[i, j] * (2 if i == j else 1)
    edges = ends.sum() // 2
    change, best = 0.0, 0.0
    blocks, stage = nodes, 0
    path, changes = np.zeros((2 * nodes, nodes), np.int64), np.zeros(2 * nodes)
    while blocks > 1 and stage < len(path):
        gains, partner = np.full(nodes, np.inf), np.full(nodes, -1)
        for r in range(nodes):
            for s in range(nodes):
                if r != s and n[r] > 0 and n[s] > 0:
                    told = _merge_change(kind, beta, fact, edges, m, x, n, ends, r, s, blocks)
                    if told < gains[r]:
                        gains[r], partner[r] = told, s
        wanted = max(1, int(share * blocks))
        touched = np.zeros(nodes, np.bool_)
        for r in np.argsort(gains):
            s = partner[r]
            if wanted == 0 or s < 0:
                break
            if touched[r] or touched[s]:
                continue
            change += _merge_change(kind, beta, fact, edges, m, x, n, ends, r, s, blocks)
            _merge(counts, weights, labels, m, x, n, ends, r, s)
            touched[r] = touched[s] = True
            blocks -= 1
            wanted -= 1
        before = labels.copy()
        moved = _sweeps(kind, beta, fact, edges, counts, weights, labels, m, x, n, ends, order, most)
        after = int(np.sum(n > 0))
        if after > blocks and change + moved > best - TINY:
            # Nodes that leave again to blocks of their own would undo every merge: go on without them.
            for i in range(nodes):
                if labels[i] != before[i]:
                    to_m, to_x = np.zeros(nodes, np.int64), np.zeros(nodes)
                    _to_blocks(counts, weights, labels, i, to_m, to_x)
                    _move(m, x, n, ends, to_m, to_x, counts[i, i], labels, i, before[i])
            moved = 0.0
        else:
            blocks = after
        change += moved
        best = min(best, change)
        path[stage], changes[stage] = labels, change
        stage += 1
    return path[:stage], changes[:stage]
