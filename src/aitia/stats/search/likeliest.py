"""The classes that a likelihood leads to from where the evidence on colliders starts, and the edges that it asks back.

Of several starts the best end counts. Where ends are equally good and lead apart, as for tables whose columns mirror
each other, all of them are told: nothing in the table says which it is. They are then classes on one skeleton; where
ends have different edges, that is the skeleton of the tests, as edges that tie stay out.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aitia.graph.bits import bits
from aitia.stats.search.assembly import Triple
from aitia.stats.search.classes import ALIKE, ClassSearch
from aitia.stats.search.evidence import Verdict
from aitia.stats.search.likelihood import GaussianScore
from aitia.stats.search.mending import Likelihood, Mending
from aitia.stats.search.telling import passed_over

__all__ = ["FEW_NODES", "Ground", "Led", "best_of", "likeliest"]

FEW_NODES = 30
"""Up to so many variables the likelihood is led on from several starts."""

SOME_NODES = 60
"""Up to so many a search over orders may say where else to start; from there it would take longer than all tests."""

Search = TypeVar("Search", bound=ClassSearch)


@dataclass(frozen=True)
class Led:
    """Where a likelihood led.

    Args:
        search: The class, and the edges that came back.
        went: The edges that the tests had left and that went: given what, and the p-value.
    """

    search: Mending
    went: Mapping[tuple[int, int], tuple[int, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Ground:
    """What all searches stand on.

    Args:
        names: The variables.
        adjacent: The skeleton that the tests found, as bit rows.
        allowed: Bit rows: the pairs that may come back.
        banned: (p, p), [i, j] True where i cannot cause j.
        score: A likelihood.
        alpha: Level of the tests.
        max_depth: Largest set that a test conditions on.
    """

    names: Sequence[str]
    adjacent: Sequence[int]
    allowed: Sequence[int]
    banned: NDArray[np.bool_]
    score: Likelihood
    alpha: float
    max_depth: int


def likeliest(ground: Ground, found: Mapping[Triple, Verdict], starts: Sequence[list[int]]) -> list[Led]:
    """The class of the highest likelihood that is reached from these DAGs; several where they tie.

    Args:
        ground: What the search stands on.
        found: What the tests say of colliders.
        starts: DAGs on the skeleton, each as the parents of its nodes.
    """
    ends = [_led_on(ground, found, start) for start in starts]
    best = best_of([end.search for end in ends])
    if any(search.adjacent != best[0].adjacent for search in best):
        apart = [0] * len(ground.names)
        searches = [Mending(start, ground.adjacent, ground.banned, ground.score, apart) for start in starts]
        for search in searches:
            search.mend()
        return [Led(search) for search in best_of(searches)]
    return [next(end for end in ends if end.search is search) for search in best]


def best_of(searches: Sequence[Search]) -> list[Search]:
    """The one that ended in the highest score; those that ended in other classes as good, one for each class."""
    if len(searches) == 1:
        return list(searches)
    most = max(search.total for search in searches)
    classes: dict[Hashable, Search] = {}
    for search in searches:
        if search.total >= most - ALIKE:
            classes.setdefault((*search.rows.parents, *search.adjacent), search)
    return list(classes.values())


def _led_on(ground: Ground, found: Mapping[Triple, Verdict], start: list[int]) -> Led:
    """Where one start leads.

    Where the evidence contradicts itself or the table, tests of partial correlation have erred: there the search
    also starts along the order of the variables that the likelihood likes best. On small graphs it goes on from
    where it ends with edges turned at a loss.
    """
    names, score = ground.names, ground.score
    best, went = Mending(start, ground.adjacent, ground.banned, score, ground.allowed), {}
    best.mend()
    few, some = len(names) <= FEW_NODES, len(names) <= SOME_NODES
    erred: Collection[tuple[int, ...]] = best.mended if some else ()
    if few and not erred:
        erred = passed_over(best.rows, found)
    if not erred:
        return Led(best)
    if isinstance(score, GaussianScore):
        from aitia.stats.search.order_start import order_start

        doubtful = {i for nodes in erred for i in nodes}
        near = [i for i, row in enumerate(best.adjacent) if i in doubtful or not doubtful.isdisjoint(bits(row))]
        line = order_start(
            score, names, ground.adjacent, ground.allowed, ground.banned, ground.alpha, ground.max_depth, near
        )
        if line is not None:
            search = Mending(line.parents, line.adjacent, ground.banned, score, ground.allowed, line.came)
            search.mend()
            if search.total > best.total + ALIKE:
                best, went = search, line.went
    return Led(best.escaped() if few else best, went)
