"""Grow-shrink trees that make room for themselves, and what knowledge says of an order."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import GraphError
from aitia.graph.knowledge import Knowledge
from aitia.stats.search._order_kernel import Trees
from aitia.stats.search.compiling import kernels
from aitia.stats.search.scores import LocalScore
from aitia.stats.search.skeleton import Constraints

__all__ = ["GrowShrink", "must_precede"]

NODES = 64
"""Nodes a variable that a forest starts with."""


class GrowShrink:
    """The best parents of each variable among those before it in an order, by grow-shrink on a score.

    Args:
        score: Of a variable given others.
        limits: What may be, and what must be, a parent.
        limit: Most parents of a variable beside those that are required.
    """

    def __init__(self, score: LocalScore, limits: Constraints, limit: int) -> None:
        p = len(score.names)
        required = limits.required & ~limits.forbidden
        limit = limit + int(required.sum(axis=0).max(initial=0))
        allowed = ~limits.forbidden & ~np.eye(p, dtype=bool)
        self.score = score
        self._trees = Trees(
            np.full(p * NODES, -1, np.int32), np.full(p * NODES, -1, np.int32), np.full(p * NODES, np.nan),
            np.full(p * NODES, np.nan), np.full(p * NODES, -1, np.int64), np.zeros(p * NODES, np.int32),
            np.zeros(p * NODES * 4, np.int32), np.zeros(p * NODES * 4, np.int32), np.zeros(p * NODES * 4),
            np.array([p, 0], np.int64), allowed, required, limit,
        )  # fmt: skip

    def climb(self, order: NDArray[np.int64], turns: NDArray[np.int64], must: NDArray[np.bool_]) -> float:
        """Moves each variable in turn to where the order scores best, until none moves; returns the score.

        Args:
            order: (p,), changed in place.
            turns: (p,), which variable moves first, second and so on.
            must: (p, p), [a, b] True where a comes before b whatever the score.
        """
        done = still = 0
        while True:
            done, still, value = self._kernels().climb(self.score.data, self._trees, order, turns, done, still, must)
            if still >= len(order):
                return float(value)
            self._room()

    def along(self, order: NDArray[np.int64]) -> tuple[float, NDArray[np.bool_]]:
        """The score of an order, and (p, p), [z, y] True where z is a parent of y in the graph along it."""
        found = np.zeros(self._trees.allowed.shape, np.bool_)
        while np.isnan(value := self._kernels().along(self.score.data, self._trees, order, found)):
            self._room()
        return float(value), found

    def _kernels(self) -> Any:
        p = len(self.score.names)
        return kernels(15 * p * self.score.seconds(2, p))

    def _room(self) -> None:
        """Twice the room."""
        trees = self._trees
        fills: dict[str, float] = {"up": -1, "added": -1, "grown": np.nan, "shrunk": np.nan, "start": -1, "branches": 0}
        fills |= {"variable": 0, "child": -1, "score": 0}
        wider: dict[str, Any] = {name: _doubled(getattr(trees, name), fill) for name, fill in fills.items()}
        self._trees = trees._replace(**wider)


def _doubled(array: NDArray[Any], fill: float) -> NDArray[Any]:
    return np.concatenate([array, np.full(len(array), fill, array.dtype)])


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
    for k in range(p):  # what follows from what
        must |= must[:, k, None] & must[None, k, :]
    if (own := np.flatnonzero(np.diagonal(must))).size:
        first = names[int(own[0])]
        raise GraphError(
            f"no order of the variables obeys the knowledge: required edges lead from {first!r} through an earlier "
            "tier back to it; drop one of them, or move a tier"
        )
    return must
