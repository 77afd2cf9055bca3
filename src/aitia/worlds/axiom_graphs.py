"""Graphs of given shapes as edges in the order of telling, and a question about one, drawn by its answer."""

import numpy as np

from aitia.graph.bits import closure
from aitia.worlds.axiom_items import Axiom, Edge, Item

__all__ = ["SHAPES", "drawn_edges", "drawn_question", "numbers"]

SHAPES = ("forward", "reversed", "shuffled", "flips", "branching", "dense")
EDGES_A_NODE = {"branching": 1.4, "dense": 2.0}
TRIES = 64
"""Draws of a pair and of what is held, at most, until d-separation has the wanted answer."""
HELD = 3
"""Names that are held at most."""


def numbers(seed: float) -> np.random.Generator:
    """Random numbers that a number decides."""
    return np.random.default_rng(int(np.float64(seed).view(np.uint64)))


def drawn_edges(shape: str, nodes: int, rng: np.random.Generator) -> tuple[Edge, ...]:
    """A DAG over the names 0, 1, ..., every one of which is on an edge.

    Args:
        shape: One of `SHAPES`.
        nodes: 2 or more.
        rng: Of coins, orders and pairs.
    """
    if shape in EDGES_A_NODE:
        return _branching(nodes, EDGES_A_NODE[shape], rng)
    chain = [(k, k + 1) for k in range(nodes - 1)]
    turned, order = rng.random(nodes - 1) < 0.5, rng.permutation(nodes - 1)
    if shape == "flips":
        chain = [(b, a) if turn else (a, b) for (a, b), turn in zip(chain, turned, strict=True)]
    elif shape == "reversed":
        chain.reverse()
    elif shape == "shuffled":
        chain = [chain[k] for k in order]
    return tuple((str(a), str(b)) for a, b in chain)


def _branching(nodes: int, each: float, rng: np.random.Generator) -> tuple[Edge, ...]:
    """A tree from the first node on, then random pairs; told cause by cause, the causes in random order."""
    found = [(int(rng.integers(k)), k) for k in range(1, nodes)]
    others = [(a, b) for b in range(nodes) for a in range(b) if (a, b) not in found]
    wanted = min(round(each * nodes) - len(found), len(others))
    found += [others[k] for k in rng.permutation(len(others))[: max(wanted, 0)]]
    place = rng.permutation(nodes)
    return tuple((str(a), str(b)) for a, b in sorted(found, key=lambda edge: (place[edge[0]], place[edge[1]])))


def drawn_question(axiom: Axiom, edges: tuple[Edge, ...], rng: np.random.Generator) -> Item:
    """A question about a graph: yes or no by a coin, then any pair with that answer, each as likely as the next.

    Of d-separation up to 3 names are held, as many as a draw says; where no draw has the wanted answer it is the other.
    """
    wanted = bool(rng.random() < 0.5)
    names = tuple(dict.fromkeys(name for edge in edges for name in edge))
    if axiom == "transitivity":
        pairs = _pairs(edges, names, wanted)
        x, y = pairs[int(rng.integers(len(pairs)))]
        return Item(edges, x, y)
    for _ in range(TRIES):
        order = [names[k] for k in rng.permutation(len(names))]
        item = Item(edges, order[0], order[1], tuple(sorted(order[2 : 2 + int(rng.integers(HELD + 1))])))
        if item.true == wanted:
            break
    return item


def _pairs(edges: tuple[Edge, ...], names: tuple[str, ...], wanted: bool) -> list[Edge]:
    """Every ordered pair of which the first reaches the second, or of which it does not."""
    place = {name: k for k, name in enumerate(names)}
    children = [0] * len(names)
    for a, b in edges:
        children[place[a]] |= 1 << place[b]
    reached = [closure(tuple(children), 1 << k) for k in range(len(names))]
    return [
        (x, y)
        for i, x in enumerate(names)
        for j, y in enumerate(names)
        if i != j and bool(reached[i] >> j & 1) is wanted
    ]
