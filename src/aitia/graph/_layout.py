"""Places for the nodes of a graph: layers from causes to effects, few crossings, straight long edges.

A window of time-lagged nodes is a grid: a row for each variable, a column for each time, the oldest first.

Source:
    Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system structures, IEEE Transactions on
    Systems, Man, and Cybernetics 11 (1981).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aitia.graph.bits import bits
from aitia.graph.graph import Graph
from aitia.graph.lagged import is_window, lag_of, variable_of

__all__ = ["Layout", "layout"]

Point = tuple[float, float]

NODE_HEIGHT = 34.0
LAYER_GAP = 56.0
NODE_GAP = 30.0
DUMMY_WIDTH = 10.0
SWEEPS = 24


@dataclass(frozen=True)
class Layout:
    """Where everything stands, in points, y downwards.

    Args:
        centers: Of each node.
        widths: Of each node's box; its height is `NODE_HEIGHT`.
        routes: For each edge (in `graph.edges` order) the points that it bends at between its ends.
        width: Of the whole.
        height: Of the whole.
    """

    centers: Mapping[str, Point]
    widths: Mapping[str, float]
    routes: tuple[tuple[Point, ...], ...]
    width: float
    height: float


def text_width(text: str) -> float:
    """About how wide a label of 14 points is."""
    wide = sum(1.45 if ord(c) > 0x2E80 else 1.0 for c in text)
    return 8.2 * wide + 26


def layout(graph: Graph) -> Layout:
    """Places nodes in layers, every arrow pointing down where there is no cycle; the same graph, the same places."""
    names = graph.nodes
    if is_window(graph):
        return _window(graph)
    layers_of = _layers(graph)
    widths = {name: text_width(name) for name in names}
    # A node or a bend of a long edge: (layer, key). Bends have keys (edge number, layer).
    count = max(layers_of, default=-1) + 1
    layers: list[list[object]] = [[] for _ in range(count)]
    for i, layer in enumerate(layers_of):
        layers[layer].append(i)
    links: list[tuple[object, object]] = []
    bends: list[list[object]] = []
    for number, edge in enumerate(graph.edges):
        i, j = graph.index(edge.left), graph.index(edge.right)
        if layers_of[i] > layers_of[j]:
            i, j = j, i
        chain: list[object] = [i]
        for layer in range(layers_of[i] + 1, layers_of[j]):
            bend = (number, layer)
            layers[layer].append(bend)
            chain.append(bend)
        chain.append(j)
        bends.append(chain[1:-1] if graph.index(edge.left) == i else chain[1:-1][::-1])
        if layers_of[i] != layers_of[j]:
            links += pairwise(chain)
    _reduce_crossings(layers, links)
    size = {item: (widths[names[item]] if isinstance(item, int) else DUMMY_WIDTH) for row in layers for item in row}
    x = _coordinates(layers, links, size)
    y = {item: k * (NODE_HEIGHT + LAYER_GAP) + NODE_HEIGHT / 2 for k, row in enumerate(layers) for item in row}
    left = min((x[item] - size[item] / 2 for item in x), default=0.0)
    right = max((x[item] + size[item] / 2 for item in x), default=0.0)
    centers = {name: (x[i] - left, y[i]) for i, name in enumerate(names)}
    routes = tuple(tuple((x[b] - left, y[b]) for b in chain) for chain in bends)
    height = max(count, 1) * (NODE_HEIGHT + LAYER_GAP) - LAYER_GAP
    return Layout(centers, widths, routes, right - left, height)


def _window(graph: Graph) -> Layout:
    """Variables from top to bottom, times from left to right; long edges bend round the nodes between their ends."""
    names = graph.nodes
    widths = {name: text_width(name) for name in names}
    rows = {name: k for k, name in enumerate(dict.fromkeys(map(variable_of, names)))}
    last = max(map(lag_of, names))
    wide = max(widths.values()) + LAYER_GAP
    high = NODE_HEIGHT + NODE_GAP
    left, top = max(widths.values()) / 2, NODE_HEIGHT * 1.5
    centers = {name: (left + (last - lag_of(name)) * wide, top + rows[variable_of(name)] * high) for name in names}
    routes: list[tuple[Point, ...]] = []
    for edge in graph.edges:
        (x, y), (to_x, to_y) = centers[edge.left], centers[edge.right]
        if y == to_y and abs(to_x - x) > wide:
            routes.append((((x + to_x) / 2, y - NODE_HEIGHT),))
        elif x == to_x and abs(to_y - y) > high:
            routes.append(((x + wide / 2, (y + to_y) / 2),))
        else:
            routes.append(())
    height = top + (len(rows) - 1) * high + NODE_HEIGHT / 2
    return Layout(centers, widths, tuple(routes), last * wide + 2 * left + LAYER_GAP / 2, height)


def _layers(graph: Graph) -> list[int]:
    """The layer of each node: below all its parents; undirected and bidirected edges point on in node order."""
    n = len(graph)
    down = list(graph._children)
    order = graph._order if graph._order is not None else tuple(range(n))
    rank = {i: k for k, i in enumerate(order)}
    loose = [
        row & ~children & ~parents for row, children, parents in zip(graph._adjacent, down, graph._parents, strict=True)
    ]
    for i in range(n):
        for j in bits(loose[i]):
            if rank[i] < rank[j]:
                down[i] |= 1 << j
    level = [0] * n
    for i in order:
        for j in bits(down[i]):
            if rank[j] > rank[i]:
                level[j] = max(level[j], level[i] + 1)
    # A source moves down next to its first child, so that its edges are short.
    for i in reversed(order):
        below = [level[j] for j in bits(down[i]) if rank[j] > rank[i]]
        above = [j for j in range(n) if down[j] >> i & 1 and rank[j] < rank[i]]
        if below and not above:
            level[i] = min(below) - 1
    used = sorted(set(level))
    return [used.index(value) for value in level]


def _reduce_crossings(layers: list[list[object]], links: Sequence[tuple[object, object]]) -> None:
    """Sorts each layer by the mean place of its neighbours, downwards and upwards by turns; keeps the best order."""
    above: dict[object, list[object]] = {}
    below: dict[object, list[object]] = {}
    for a, b in links:
        below.setdefault(a, []).append(b)
        above.setdefault(b, []).append(a)
    best, best_order = _crossings(layers, below), [list(row) for row in layers]
    for sweep in range(SWEEPS):
        if best == 0:
            break
        near = above if sweep % 2 == 0 else below
        place = {item: p for row in layers for p, item in enumerate(row)}
        for row in layers if sweep % 2 == 0 else reversed(layers):
            row.sort(key=lambda item: _mean([place[o] for o in near.get(item, [])], place[item]))
            place.update({item: p for p, item in enumerate(row)})
        found = _crossings(layers, below)
        if found < best:
            best, best_order = found, [list(row) for row in layers]
    for row, kept in zip(layers, best_order, strict=True):
        row[:] = kept


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(layers: Sequence[Sequence[object]], below: Mapping[object, Sequence[object]]) -> int:
    """How many links cross: inversions among the lower ends, counted by insertion."""
    from bisect import bisect_right, insort

    total = 0
    for upper, lower in pairwise(layers):
        place = {item: p for p, item in enumerate(lower)}
        seen: list[int] = []
        for item in upper:
            ends = sorted(place[o] for o in below.get(item, []))
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _coordinates(
    layers: Sequence[Sequence[object]], links: Sequence[tuple[object, object]], size: Mapping[object, float]
) -> dict[object, float]:
    """Horizontal places: each item near the mean of its neighbours, in order and without overlap."""
    near: dict[object, list[object]] = {}
    for a, b in links:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    x: dict[object, float] = {}
    for row in layers:
        at = 0.0
        for item in row:
            x[item] = at + size[item] / 2
            at += size[item] + NODE_GAP
        for item in row:
            x[item] -= (at - NODE_GAP) / 2
    for sweep in range(40):
        for row in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_mean([x[o] for o in near.get(item, [])], x[item]) for item in row]
            x.update(zip(row, _apart(wanted, [size[item] for item in row]), strict=True))
    return x


def _apart(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """The places nearest to those wanted (least squares) that keep the order and the gaps: pooling of neighbours."""
    offsets, at = [], 0.0
    for k, width in enumerate(sizes):
        at += width / 2 if k else 0.0
        offsets.append(at)
        at += width / 2 + NODE_GAP
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, count = want - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, count = (mean * count + before * many) / (count + many), count + many
        blocks.append((mean, count))
    shifts = [mean for mean, count in blocks for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]
