"""Where else to start where tests found too few edges: along the order of the variables that a score likes best.

In a dense graph tests take many edges out, and those that are left say little of colliders. An ascent by one edge at a
time then ends far below the best class: each arrow that is wrong asks for edges that make up for it. A variable that
moves in an order has all of its edges chosen anew at once.

1. Each variable begins an order, in which the others follow by how strongly they depend on it; variables move to where
   the order scores best until none moves. No start hangs on the order of the columns.
2. Along the best of these orders the edges that the tests found stand, and those come back without which the table is
   refuted beyond doubt. What came back may separate pairs that the tests left adjacent, since they try neighbours only:
   a pair goes that a test takes apart given the other parents, as it would have gone in the search for the skeleton.

Sources:
    Andrews, Ramsey, Sanchez-Romero, Camchong and Kummerfeld, Fast scalable and accurate discovery of DAGs using the
    best order score search and grow-shrink trees, NeurIPS 2023 (moves in orders).
    Raskutti and Uhler, Learning directed acyclic graph models based on sparsest permutations, Stat 7 (2018): orders
    need less than faithfulness.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, erfc, exp, inf, log1p, sqrt, tanh
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.graph._pdag import compelled
from aitia.graph.bits import bits, pack, to_words
from aitia.stats.search._score_kernel import GAUSSIAN, ScoreData
from aitia.stats.search.classes import ALIKE
from aitia.stats.search.likelihood import GaussianScore
from aitia.stats.search.mending import BEYOND_DOUBT
from aitia.stats.search.orders import GrowShrink, obeying, what_follows
from aitia.stats.search.scores import ROWS_A_PARENT, plain_seconds
from aitia.stats.search.skeleton import Constraints

__all__ = ["OrderStart", "order_start"]

TIED = 1e-9
"""Difference of two correlations up to which neither is the stronger."""


class OrderStart(NamedTuple):
    """A DAG along an order.

    Args:
        parents: Of each node, as bit rows.
        adjacent: Its adjacencies.
        came: The pairs that the tests took apart and that are adjacent: given what, and the logarithm of the Bayes
            factor.
        went: The pairs that they left adjacent and that are apart: given what, and the p-value of the test.
    """

    parents: list[int]
    adjacent: list[int]
    came: dict[tuple[int, int], tuple[int, float]]
    went: dict[tuple[int, int], tuple[int, float]]


@dataclass(frozen=True)
class _Lines:
    """The score of linear Gaussian rows, as searches over orders ask it."""

    names: Sequence[str]
    data: ScoreData

    def seconds(self, size: int, further: int) -> float:
        """About how long it takes in plain Python to grow a set of this size by each of so many further variables."""
        return plain_seconds(size, further, 2 + size * size)


def order_start(
    score: GaussianScore,
    names: Sequence[str],
    adjacent: Sequence[int],
    allowed: Sequence[int],
    banned: NDArray[np.bool_],
    alpha: float,
    max_depth: int,
    near: Sequence[int],
) -> OrderStart | None:
    """The DAG along the best order; None where what is known or what ties leaves no order.

    Args:
        score: Of a node and its parents.
        names: Of the nodes.
        adjacent: The skeleton that the tests found, as bit rows.
        allowed: Bit rows: the pairs that may come back.
        banned: (p, p), [i, j] True where i cannot cause j.
        alpha: Level of the tests.
        max_depth: Largest set that a test conditions on.
        near: The nodes from which orders start.
    """
    must = what_follows(banned.T & ~banned)
    if must.diagonal().any() or not (orders := _orders(score.correlation, near)):
        return None
    ends = np.array([obeying(order, must) for order in orders] if must.any() else orders)
    permitted = _matrix([a | b for a, b in zip(adjacent, allowed, strict=True)])
    trees = GrowShrink(
        _Lines(names, _data(score)),
        Constraints(permitted, np.zeros_like(permitted), banned | ~permitted),
        max(1, min(len(names) - 1, int(score.n) // ROWS_A_PARENT)),
    )
    values = trees.climb(ends, ends.copy(), must)
    line = _Along(score, adjacent, allowed, banned, alpha, max_depth)
    ranked = np.argsort(-values, kind="stable").tolist()
    while ranked:
        first = values[ranked[0]]
        alike = [k for k in ranked if first - values[k] <= ALIKE]
        ranked = ranked[len(alike) :]
        if (best := _best([line.start(ends[k].tolist()) for k in alike], score)) is not None:
            return best
    return None


def _orders(correlation: NDArray[np.float64], nodes: Sequence[int]) -> list[NDArray[np.int64]]:
    """From each of these the others by how strongly they depend on it; none where some variable depends on two alike:

    which of the two its parents would grow by first is not in the table, as of columns that mirror each other.
    """
    strength = np.abs(correlation)
    np.fill_diagonal(strength, inf)
    orders = np.argsort(-strength, axis=1)
    if (np.diff(np.take_along_axis(strength, orders, axis=1), axis=1) >= -TIED).any():
        return []
    return list(orders[nodes])


def _best(starts: Sequence[OrderStart], score: GaussianScore) -> OrderStart | None:
    """The start of the highest score; of classes that tie none."""
    ranked = sorted(((_total(start, score), start) for start in starts), key=lambda pair: -pair[0])
    while ranked:
        alike = [start for total, start in ranked if ranked[0][0] - total <= ALIKE]
        ranked = ranked[len(alike) :]
        classes = [(start.adjacent, compelled(start.parents, start.adjacent)) for start in alike]
        if all(one == classes[0] for one in classes):
            return alike[0]
    return None


def _total(start: OrderStart, score: GaussianScore) -> float:
    return sum(score(y, parents) for y, parents in enumerate(start.parents))


class _Along:
    """Parents along orders: those of the tests, and those without which the table is refuted."""

    def __init__(
        self,
        score: GaussianScore,
        adjacent: Sequence[int],
        allowed: Sequence[int],
        banned: NDArray[np.bool_],
        alpha: float,
        max_depth: int,
    ) -> None:
        self.score, self.adjacent, self.allowed = score, adjacent, allowed
        self.max_depth, self.critical = max_depth, NormalDist().inv_cdf(1 - alpha / 2)
        self.never = [pack(column) for column in banned.T]
        self.open = [pack(~row) for row in banned | banned.T]

    def start(self, order: Sequence[int]) -> OrderStart:
        """The DAG along an order."""
        found = OrderStart([0] * len(order), [0] * len(order), {}, {})
        before = 0
        for y in order:
            tested = self.adjacent[y] & before
            parents = self._kept(y, self._grown(y, tested, before, found), tested, found)
            found.parents[y] = parents
            found.adjacent[y] |= parents
            for x in bits(parents):
                found.adjacent[x] |= 1 << y
            before |= 1 << y
        return found

    def _grown(self, y: int, parents: int, before: int, found: OrderStart) -> int:
        """The parents with those that come back, what gains most first."""
        while True:
            others = before & self.allowed[y] & ~self.never[y] & ~parents
            gains = [(gain, x) for x, gain in self.score.gains(y, parents, others, BEYOND_DOUBT)]
            if (step := _alone(gains)) is None:
                return parents
            gain, x = step
            found.came[min(x, y), max(x, y)] = parents, gain
            parents |= 1 << x

    def _kept(self, y: int, parents: int, tested: int, found: OrderStart) -> int:
        """The parents without those that the others make needless, what falls short most first."""
        while True:
            short = []
            for x in bits(parents):
                rest = parents & ~(1 << x)
                gain, least = self.score(y, parents) - self.score(y, rest), BEYOND_DOUBT
                if tested >> x & 1:
                    least = self._at_level(rest.bit_count()) if self.open[y] >> x & 1 else -inf
                if gain < least:
                    short.append((least - gain, x))
            if (step := _alone(short)) is None:
                return parents
            x = step[1]
            parents &= ~(1 << x)
            pair = min(x, y), max(x, y)
            if tested >> x & 1:
                gain = self.score(y, parents | 1 << x) - self.score(y, parents)
                found.went[pair] = parents, self._p_value(gain, parents)
            else:
                del found.came[pair]

    def _at_level(self, size: int) -> float:
        """What a parent gains that a test given so many others takes for one at its level."""
        freedom = self.score.n - size - 3
        if freedom <= 0 or size > self.max_depth:
            return -inf
        return -self.score.n / 2 * log1p(-(tanh(self.critical / sqrt(freedom)) ** 2)) - self.score.price

    def _p_value(self, gain: float, given: int) -> float:
        """That of Fisher's test, from what a parent gains."""
        share = max(0.0, 1 - exp(-2 * (gain + self.score.price) / self.score.n))
        return erfc(sqrt((self.score.n - given.bit_count() - 3) / 2) * atanh(sqrt(share)))


def _alone(steps: list[tuple[float, int]]) -> tuple[float, int] | None:
    """The largest of those that are no other's equal."""
    ranked = sorted(steps, reverse=True)
    for k, (value, _) in enumerate(ranked):
        near = [ranked[other][0] for other in (k - 1, k + 1) if 0 <= other < len(ranked)]
        if all(abs(value - other) > ALIKE for other in near):
            return ranked[k]
    return None


def _matrix(rows: Sequence[int]) -> NDArray[np.bool_]:
    return np.unpackbits(to_words(rows).view(np.uint8), axis=1, count=len(rows), bitorder="little").astype(bool)


def _data(score: GaussianScore) -> ScoreData:
    p = len(score.correlation)
    nothing = np.zeros(0, np.int64)
    return ScoreData(
        GAUSSIAN, score.correlation, np.arange(p + 1), np.zeros(p), np.zeros((0, 0), np.int32), nothing,
        nothing, int(score.n), 1.0, 1.0, 0.0,
    )  # fmt: skip
