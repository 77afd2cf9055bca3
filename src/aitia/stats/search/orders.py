"""Grow-shrink trees that make room for themselves, and what knowledge says of an order."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aitia.errors import GraphError
from aitia.graph.knowledge import Knowledge
from aitia.stats.search._order_kernel import BRANCH, NODE, Trees
from aitia.stats.search._score_kernel import ScoreData
from aitia.stats.search.compiling import kernels
from aitia.stats.search.skeleton import Constraints

__all__ = ["GrowShrink", "must_precede", "obeying", "what_follows"]

NODES = 64
"""Nodes a variable that a forest starts with."""


class OrderScore(Protocol):
    """A score as the kernels compute it, and what that costs in plain Python."""

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def data(self) -> ScoreData: ...

    def seconds(self, size: int, further: int, /) -> float: ...


class GrowShrink:
    """The best parents of each variable among those before it in an order, by grow-shrink on a score.

    Args:
        score: Of a variable given others.
        limits: What may be, and what must be, a parent.
        limit: Most parents of a variable beside those that are required.
    """

    def __init__(self, score: OrderScore, limits: Constraints, limit: int) -> None:
        p = len(score.names)
        required = limits.required & ~limits.forbidden
        limit = limit + int(required.sum(axis=0).max(initial=0))
        allowed = ~limits.forbidden & ~np.eye(p, dtype=bool)
        self.score = score
        nodes = np.zeros(p * NODES, NODE)
        nodes["up"] = nodes["start"] = -1
        nodes["grown"] = nodes["shrunk"] = np.nan
        twigs, used = np.zeros(p * NODES * 4, BRANCH), np.array([p, 0], np.int64)
        self._trees = Trees(nodes, twigs, used, allowed, required, limit)

    def climb(
        self, orders: NDArray[np.int64], turns: NDArray[np.int64], must: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Moves each variable of an order in turn to where the order scores best, until none moves.

        Args:
            orders: (orders, p), changed in place.
            turns: (orders, p), which variable moves first, second and so on.
            must: (p, p), [a, b] True where a comes before b whatever the score.

        Returns:
            (orders,), the score of each order.
        """
        at, values = np.zeros(3, np.int64), np.empty(len(orders))
        while not self._kernels(len(orders)).climb(self.score.data, self._trees, orders, turns, must, at, values):
            self._room()
        return values

    def along(self, order: NDArray[np.int64]) -> tuple[float, NDArray[np.bool_]]:
        """The score of an order, and (p, p), [z, y] True where z is a parent of y in the graph along it."""
        found = np.zeros(self._trees.allowed.shape, np.bool_)
        while np.isnan(value := self._kernels(1).along(self.score.data, self._trees, order, found)):
            self._room()
        return float(value), found

    def _kernels(self, orders: int) -> Any:
        p = len(self.score.names)
        return kernels(orders * 15 * p * self.score.seconds(2, p))

    def _room(self) -> None:
        """Twice the room; what is used of it is written first."""
        trees = self._trees
        self._trees = trees._replace(nodes=np.tile(trees.nodes, 2), twigs=np.tile(trees.twigs, 2))


def must_precede(names: Sequence[str], knowledge: Knowledge | None) -> NDArray[np.bool_]:
    """(p, p), [a, b] True where a stands before b in every order: a required cause, or of an earlier tier.

    Raises:
        GraphError: If the required edges lead from a later tier to an earlier one; names the two variables.
    """
    p = len(names)
    must = np.zeros((p, p), dtype=bool)
    if knowledge is None:
        return must
    must |= knowledge.required_matrix(names)
    tiers = [knowledge.tier(name) for name in names]
    rank = np.array([np.nan if tier is None else tier for tier in tiers], dtype=float)
    must |= rank[:, None] < rank[None, :]
    must = what_follows(must)
    if (own := np.flatnonzero(np.diagonal(must))).size:
        first = names[int(own[0])]
        raise GraphError(
            f"no order of the variables obeys the knowledge: required edges lead from {first!r} through an earlier "
            "tier back to it; drop one of them, or move a tier"
        )
    return must


def what_follows(must: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(p, p), [a, b] True where a stands before b or before what stands before b; on the diagonal, cycles."""
    found = must.copy()
    for k in range(len(found)):
        found |= found[:, k, None] & found[None, k, :]
    return found


def obeying(order: NDArray[np.int64], must: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The order changed no more than needed so that what must come before does: the first that may stand, each time."""
    left, obeyed = list(order), []
    while left:
        k = next(k for k, v in enumerate(left) if not must[left, v].any())
        obeyed.append(left.pop(k))
    return np.array(obeyed, np.int64)
