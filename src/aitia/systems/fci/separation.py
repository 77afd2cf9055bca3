"""Which sets separate a pair: the second stage of FCI's skeleton, and what they say of a node on a path between two.

Source:
    Spirtes, Glymour and Scheines, Causation, Prediction, and Search (2000), chapter 6: what separates two nodes are
    nodes above one of them, on paths of colliders that are above one of them too (D-Sep), or nothing does.
"""

from collections.abc import Sequence
from itertools import combinations
from math import atanh, comb, erfc, sqrt

import numpy as np

from aitia.errors import CostError
from aitia.graph._fci import CircleGraph
from aitia.graph.bits import bits, closure
from aitia.stats.independence import FisherZ
from aitia.stats.search import Asker, Skeleton
from aitia.stats.search.batch import partial_correlations
from aitia.stats.search.skeleton import LONG, Constraints
from aitia.systems.fci.marks import between, possible_d_sep, possibly_above

__all__ = ["Separation"]

Pair = tuple[int, int]


class Separation:
    """The pairs that are apart, and of each the sets of its level that separate it best.

    Args:
        skeleton: Of the first stage.
        asker: Puts the tests.
        alpha: Level of the tests.
        recorded: Whether every test goes through the asker, which keeps it.

    Attributes:
        names: The variables.
        adjacent: One bit row a variable; the second stage takes pairs out.
        separators: For each pair that is apart the sets that separate it best, several where they tie.
        count: Tests that this class ran.
        capped: Whether the limit on the set size ended the second stage.
    """

    def __init__(self, skeleton: Skeleton, asker: Asker, alpha: float, recorded: bool) -> None:
        self.adjacent = list(skeleton.adjacent)
        self.count, self.capped = 0, False
        self._first = tuple(skeleton.adjacent)
        self._asker, self._alpha, self._recorded = asker, alpha, recorded
        self.names = skeleton.names
        self.separators = dict(skeleton.separators)

    # -- tests ----------------------------------------------------------------------------------------------------

    def p_values(self, pair: Pair, masks: Sequence[int], what: str) -> list[float]:
        """Of the pair given each of these sets, which are of one size."""
        test, names = self._asker.test, self.names
        self.count += len(masks)
        if not self._recorded and isinstance(test, FisherZ) and not test.has_gaps:
            given = np.array([list(bits(mask)) for mask in masks], dtype=np.int64).reshape(len(masks), -1)
            x, y = (np.full(len(masks), k) for k in pair)
            r = np.abs(partial_correlations(test.correlation, x, y, given))
            degrees = test.n - given.shape[1] - 3
            if degrees > 0 and not np.isnan(r).any():
                scale = sqrt(degrees / 2)
                return [erfc(scale * atanh(min(value, 1 - 1e-16))) for value in r.tolist()]
        i, j = pair
        triples = [(names[i], names[j], tuple(names[k] for k in bits(mask))) for mask in masks]
        return [tested.p_value for tested in self._asker.ask(triples, what)]

    # -- the second stage -----------------------------------------------------------------------------------------

    def search(self, marks: CircleGraph, max_depth: int, limits: Constraints, accept_cost: bool) -> None:
        """Tests each pair that is left given sets of nodes that may d-separate it; takes those out that one separates.

        The nodes lie on paths from one to the other, and may be above one of them by the heads that are there.

        Args:
            marks: The graph after the first stage.
            max_depth: Largest set.
            limits: From background knowledge.
            accept_cost: Go on where a size is predicted to take more than an hour.

        Raises:
            CostError: If a size is predicted to take more than an hour and `accept_cost` is False.
        """
        p = len(self.names)
        pairs = [
            (i, j) for i in range(p) for j in bits(self.adjacent[i] >> (i + 1) << (i + 1)) if not limits.required[i, j]
        ]
        near, rows, above = between(self._first), possible_d_sep(marks), possibly_above(marks)
        sides = {}
        for i, j in pairs:
            ends = 1 << i | 1 << j
            within = near[i, j] & closure(above, ends) & ~ends
            sides[i, j] = (rows[i] & within, rows[j] & within)
        size = 0
        while pairs and size < max_depth:
            size += 1
            pairs = [pair for pair in pairs if any(row.bit_count() >= size for row in sides[pair])]
            self._check_cost([row for pair in pairs for row in sides[pair]], size, accept_cost)
            apart = dict.fromkeys(pair for pair in pairs if self._separates(pair, sides[pair], size))
            pairs = [pair for pair in pairs if pair not in apart]
            for i, j in apart:
                self.adjacent[i] &= ~(1 << j)
                self.adjacent[j] &= ~(1 << i)
        self.capped = bool(pairs)

    def _separates(self, pair: Pair, sides: Sequence[int], size: int) -> bool:
        # Sets of neighbours alone were tested in the first stage.
        masks = [m for m in _sets(sides, size) if all(m & ~self._first[k] for k in pair)]
        if not masks:
            return False
        values = self.p_values(pair, masks, f"tests beyond the neighbours given {size}")
        found = [(m, value) for m, value in zip(masks, values, strict=True) if value > self._alpha]
        if found:
            best = max(value for _, value in found)
            self.separators[pair] = tuple(mask for mask, value in found if value == best)
        return bool(found)

    def _check_cost(self, rows: Sequence[int], size: int, accept: bool) -> None:
        count = sum(comb(row.bit_count(), size) for row in rows)
        seconds = count * self._asker.test.cost(size)
        if seconds > LONG and not accept:
            raise CostError(
                f"{count} tests beyond the neighbours with {size} variables in the condition are predicted to take "
                f"{seconds / 3600:.1f} hours: lower max_depth (the search is sound wherever it stops), take a faster "
                "test (rcit, fisher-z) or fewer variables, or accept the cost (--accept-cost, accept_cost=True)"
            )

    # -- what the sets say ----------------------------------------------------------------------------------------

    def is_collider(self, s: int, middle: int, c: int) -> bool | None:
        """Whether a node on a path between s and c, which are apart, is a collider; None where ties leave it open."""
        pair = (s, c) if s < c else (c, s)
        if pair not in self.separators:  # knowledge keeps them apart: no test says what separates them
            return None
        held = [mask >> middle & 1 for mask in self.separators[pair]]
        return True if not any(held) else False if all(held) else None


def _sets(sides: Sequence[int], size: int) -> list[int]:
    """Every subset of this size of one of the bit rows."""
    masks: dict[int, None] = {}
    for row in sides:
        masks.update(dict.fromkeys(sum(1 << k for k in chosen) for chosen in combinations(bits(row), size)))
    return list(masks)
