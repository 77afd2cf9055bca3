"""Tests of tables that are known by their sums: counts of rows that differ, each with its weight.

Fisher's z needs moments and the number of rows, which a `SummedTable` has; chi-square and G-square count rows, here by
their weights, and give the same numbers as the rows themselves would.
"""

from collections.abc import Sequence
from math import lgamma, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.summed import SummedTable
from aitia.errors import DataError, join_names
from aitia.stats.independence._contingency_kernel import statistic
from aitia.stats.independence.base import IndependenceTest
from aitia.stats.independence.contingency import ChiSquare, Contingency, GSquare, _upper_tails
from aitia.stats.independence.fisher_z import FisherZ

__all__ = ["SummedChiSquare", "SummedGSquare", "summed_test", "weighted_repeats"]

Values = NDArray[np.float64]


class _Weighted(Contingency):
    """Counts the rows that differ by how often each occurs; they are few, so that no compiled code is needed."""

    table: SummedTable

    def _counted(self, tests: Sequence[Sequence[int]]) -> tuple[Values, NDArray[np.int64], NDArray[np.int64]]:
        values, freedoms, counts = map(np.array, zip(*map(self._plain, tests), strict=True))
        return values, freedoms, counts

    def _plain(self, test: Sequence[int]) -> tuple[float, int, int]:
        place = np.zeros(self.codes.shape[1], np.int64)
        for k in (*test[2:], *test[:2]):
            place = place * self.sizes[k] + self.codes[k]
        k_x, k_y = (int(self.sizes[k]) for k in test[:2])
        size = prod(int(self.sizes[k]) for k in test)
        cells = weighed(place, self.table.weights, size).tolist()
        found: tuple[float, int, int] = statistic(  # type: ignore[no-untyped-call]
            cells, size // (k_x * k_y), k_x, k_y, self.likelihood, [0] * k_x, [0] * k_y
        )
        return found

    def answers(self, tests: NDArray[np.int64]) -> tuple[Values, Values]:
        """As of rows."""
        values, freedoms, _ = self._counted(tests.tolist())
        return values, _upper_tails(values, freedoms)

    def cost(self, given: int) -> float:
        """Of the rows that differ."""
        return 5e-5 + 2e-8 * self.codes.shape[1] * (given + 2)

    def compiled(self, tests: int, width: int) -> bool:
        """None is."""
        return False


class SummedChiSquare(_Weighted, ChiSquare):
    """Pearson's chi-square test of rows with weights."""


class SummedGSquare(_Weighted, GSquare):
    """The likelihood-ratio test of rows with weights."""


_TESTS: dict[str, type[IndependenceTest]] = {
    FisherZ.name: FisherZ, ChiSquare.name: SummedChiSquare, GSquare.name: SummedGSquare,
}  # fmt: skip


def summed_test(name: str) -> type[IndependenceTest]:
    """The test of this name for sums.

    Raises:
        DataError: If it needs the rows.
    """
    if name not in _TESTS:
        raise DataError(
            f"{name} needs the rows, of which only sums are in memory: take {join_names(_TESTS)}, or a table that fits "
            "into memory"
        )
    return _TESTS[name]


def weighed(places: NDArray[np.int64], weights: Any, size: int = 0) -> NDArray[np.int64]:
    """How many rows are at each place; whole numbers, exact."""
    found = np.zeros(max(size, int(places.max(initial=-1)) + 1), np.int64)
    np.add.at(found, places, weights)
    return found


def weighted_repeats(code: NDArray[np.int64], weights: Any) -> tuple[float, int]:
    """The sum of the logarithms of (N - 1)! over what occurs N times, and how much occurs."""
    counts = weighed(code, weights)
    counts = np.sort(counts[counts > 0])
    return sum(lgamma(count) for count in counts.tolist()), len(counts)
