"""Classes that a score likes equally well: when there may be several, and what all of them agree on.

Where the columns of a table mirror each other, every class has an image that scores exactly alike; in a small table of
labels counts agree by chance. Nothing in the table says which class it is, and a search that takes one of them hangs on
the order of the columns. The image of a variable scores with the images of all others as it does with them.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from math import log
from operator import and_

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.graph._pdag import Pdag
from aitia.graph.graph import Graph
from aitia.graph.knowledge import Knowledge
from aitia.stats.search._score_kernel import TINY
from aitia.stats.search.classes import ALIKE
from aitia.stats.search.evidence import unshielded
from aitia.stats.search.greedy import member
from aitia.stats.search.scores import LocalScore
from aitia.stats.search.telling import listed

__all__ = ["agreed", "all_that_tie", "alone", "best_alike", "distinct", "in_words", "may_tie"]

ORDERS, FEW_ORDERS = 30, 3
"""Orders of the columns in which a table is searched where classes may tie, half as many again for each class over two;
of more than `SOME_NODES` columns fewer, down to the second."""
SOME_NODES = 60
MOST_ALIKE = 32
"""Classes that tie for which there are more orders."""


def may_tie(score: LocalScore) -> bool:
    """Whether two pairs gain alike by an edge, or two variables score alike with the others one at a time.

    The images of a pair in a mirror gain alike; where variables that change places gain by no edge, the second holds.
    """
    gains = alone(score)
    some = gains > ALIKE
    each = np.sort(gains[some])[::2]  # every pair is there twice
    if (each[1:] - each[:-1] <= ALIKE).any():
        return True
    idle = np.flatnonzero(some.sum(axis=1) <= 1)  # but by one with each other
    profiles = np.sort(gains[idle], axis=1)
    return any((np.abs(profiles[:k] - profiles[k]) <= ALIKE).all(axis=1).any() for k in range(1, len(idle)))


def alone(score: LocalScore) -> NDArray[np.float64]:
    """(p, p), [y, z] what z as its only parent adds to the score of the y-th variable; nothing on the diagonal."""
    p, data = len(score.names), score.data
    if len(data.correlation) == p:  # a column each
        share = np.minimum(data.correlation**2, 1 - TINY)
        gains: NDArray[np.float64] = -0.5 * data.rows * np.log1p(-share) - 0.5 * data.penalty * log(data.rows)
        gains.flat[:: p + 1] = 0.0
        return gains
    for y in range(p):
        score.grown(y, 0)
    return np.array([[score(y, 1 << z) - score(y, 0) if z != y else 0.0 for z in range(p)] for y in range(p)])


def best_alike(found: Sequence[Graph], score: LocalScore, knowledge: Knowledge | None) -> Sequence[Graph]:
    """The classes whose score is the highest but for rounding."""
    values = [score.graph(member(graph, knowledge)) for graph in found]
    return [graph for graph, value in zip(found, values, strict=True) if value >= max(values) - ALIKE]


def all_that_tie(
    found: Sequence[Graph],
    score: LocalScore,
    knowledge: Knowledge | None,
    search: Callable[[Sequence[str]], Sequence[Graph]],
    seed: int,
    progress: Progress | None = None,
) -> Sequence[Graph]:
    """The best classes that searches with the columns in other orders end at.

    In random orders the image of a class in a mirror is found as often as the class.

    Args:
        found: Where a search ended.
        score: Of the table.
        knowledge: What a member of a class has to obey.
        search: Where it ends with the columns in an order.
        seed: Of the orders.
        progress: Told how many orders are done.
    """
    names, rng = score.names, np.random.default_rng(seed)
    orders = max(FEW_ORDERS, ORDERS * SOME_NODES // max(SOME_NODES, len(names)))
    done, best = 0, best_alike(found, score, knowledge)
    while done < max(orders, orders * min(len(best), MOST_ALIKE) // 2):
        if progress is not None:
            progress("orders of the columns", done, orders)
        ends = search([names[k] for k in rng.permutation(len(names))])
        if new := [end.reorder(names) for end in ends if end not in best]:
            best = best_alike([*best, *new], score, knowledge)
        done += 1
    return best


def distinct(graphs: Sequence[Graph]) -> Sequence[Graph]:
    """Each graph once."""
    return graphs if len(graphs) == 1 else list(dict.fromkeys(graphs))


def agreed(classes: Sequence[Graph]) -> Graph:
    """What classes that fit a table equally well agree on; the class itself where there is one.

    Edges that one of them lacks stay out, arrows are those of all, and a triple stays open that is a collider in some
    and not in others, or that an edge shields in some.
    """
    if len(classes) == 1:
        return classes[0]
    every = [Pdag(graph) for graph in classes]
    adjacent = [reduce(and_, of) for of in zip(*(rows.adjacent for rows in every), strict=True)]
    shared = Pdag.of([reduce(and_, of) for of in zip(*(rows.parents for rows in every), strict=True)], adjacent)
    drawn = shared.graph(classes[0].nodes)
    places = [
        (x, y, z)
        for x, y, z in unshielded(adjacent)
        if drawn._is_open(x, y, z)
        and any(rows.adjacent[x] >> z & 1 or rows.parents[y] >> x & rows.parents[y] >> z & 1 for rows in every)
    ]
    places.sort(key=lambda place: (place[1], *place))
    return Graph.from_bits(drawn.nodes, *drawn._ends, open_triples=places)


def in_words(classes: Sequence[Graph], graph: Graph) -> str:
    """What tied, and what the graph that they agree on leaves out and open."""
    shared = _pairs(graph)
    out = [f"{a} - {b}" for a, b in sorted(set().union(*map(_pairs, classes)) - shared)]
    told = (
        f"{len(classes)} classes of graphs have the same score, as where columns mirror each other or counts of few "
        "rows agree: the graph holds what all of them share."
    )
    if out:
        told += " " + listed("Edges that only some of them have are left out", out)
    if graph.open_triples:
        triples = [" - ".join(triple) for triple in graph.open_triples]
        told += " " + listed("It is left open whether the middle of a triple is a collider", triples)
    return told


def _pairs(graph: Graph) -> set[tuple[str, str]]:
    return {(min(e.left, e.right), max(e.left, e.right)) for e in graph.edges}
