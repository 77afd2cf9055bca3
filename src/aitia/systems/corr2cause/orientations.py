"""Answers by brute force: every orientation of the skeleton, every path, every set. It shares no code with the others.

Two variables are joined if nothing separates them. Each of the 2^edges orientations is tried; those without a cycle
whose separations, found path by path, are exactly the independences stated are the graphs that the premise leaves. A
hypothesis is entailed if it holds in all of them. Edges are pairs of names, graphs are sets of edges.
"""

from collections.abc import Iterator
from itertools import chain, combinations, product

from aitia.graph.pair_relations import Reading
from aitia.worlds.correlation_text import Hypothesis, Premise

__all__ = ["entailed", "graphs"]

Edges = frozenset[tuple[str, str]]


def graphs(premise: Premise) -> list[Edges]:
    """Every DAG that has the independences that are stated and no other."""
    names = premise.names
    apart: dict[frozenset[str], set[frozenset[str]]] = {frozenset(pair): set() for pair in combinations(names, 2)}
    for x, y, given in premise.independent:
        apart[frozenset((x, y))].add(frozenset(given))
    joined = [pair for pair in combinations(names, 2) if not apart[frozenset(pair)]]
    found = []
    for flips in product((False, True), repeat=len(joined)):
        edges = frozenset((b, a) if flip else (a, b) for (a, b), flip in zip(joined, flips, strict=True))
        if not _cyclic(names, edges) and all(_separators(names, edges, *pair) == sets for pair, sets in apart.items()):
            found.append(edges)
    return found


def entailed(asked: Hypothesis, members: list[Edges], names: tuple[str, ...], reading: Reading = "path") -> bool:
    """Whether a hypothesis holds in every one of some graphs."""
    return all(_holds(asked, edges, names, reading) for edges in members)


def _cyclic(names: tuple[str, ...], edges: Edges) -> bool:
    left = set(names)
    while left:
        sinks = {a for a in left if not any((a, b) in edges for b in left)}
        if not sinks:
            return True
        left -= sinks
    return False


def _separators(names: tuple[str, ...], edges: Edges, x: str, y: str) -> set[frozenset[str]]:
    """Every set that blocks each path between two variables."""
    others = [name for name in names if name not in (x, y)]
    sets = chain.from_iterable(combinations(others, size) for size in range(len(others) + 1))
    paths = list(_paths(names, edges, (x,), y))
    return {frozenset(given) for given in sets if not any(_open(path, edges, set(given)) for path in paths)}


def _paths(names: tuple[str, ...], edges: Edges, so_far: tuple[str, ...], y: str) -> Iterator[tuple[str, ...]]:
    for name in names:
        if name not in so_far and ((so_far[-1], name) in edges or (name, so_far[-1]) in edges):
            if name == y:
                yield (*so_far, y)
            else:
                yield from _paths(names, edges, (*so_far, name), y)


def _open(path: tuple[str, ...], edges: Edges, given: set[str]) -> bool:
    for before, node, after in zip(path, path[1:], path[2:], strict=False):
        collides = (before, node) in edges and (after, node) in edges
        if collides and not given & {node, *_below(node, edges)}:
            return False
        if not collides and node in given:
            return False
    return True


def _below(node: str, edges: Edges) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        new = {b for a, b in edges if a == waiting[-1]} - found
        waiting.pop()
        found |= new
        waiting += new
    return found


def _holds(asked: Hypothesis, edges: Edges, names: tuple[str, ...], reading: Reading) -> bool:
    x, y = asked.x, asked.y
    if asked.kind == "parent":
        return (x, y) in edges
    if asked.kind == "ancestor":
        return any(len(way) > 2 for way in _ways(edges, (x,), y))
    if asked.kind == "collider":
        edges = frozenset((b, a) for a, b in edges)
    return any(_common(c, x, y, edges, reading) for c in names if c not in (x, y))


def _common(c: str, x: str, y: str, edges: Edges, reading: Reading) -> bool:
    if reading == "parent":
        return {(c, x), (c, y)} <= edges
    to_x, to_y = list(_ways(edges, (c,), x)), list(_ways(edges, (c,), y))
    if reading == "ancestor":
        return bool(to_x and to_y)
    return any(not set(one[1:]) & set(other[1:]) for one in to_x for other in to_y)


def _ways(edges: Edges, so_far: tuple[str, ...], y: str) -> Iterator[tuple[str, ...]]:
    """Every directed path to y."""
    if so_far[-1] == y:
        yield so_far
        return
    for a, b in edges:
        if a == so_far[-1]:
            yield from _ways(edges, (*so_far, b), y)
