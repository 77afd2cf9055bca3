"""Chi-square and G-square: contingency tables of discrete variables.

    chi2 = sum (N_xys - E_xys)^2 / E_xys,   G2 = 2 sum N_xys log(N_xys / E_xys),   E_xys = N_xs N_ys / N_s           (1)

Each stratum s adds (r - 1)(c - 1) degrees of freedom, where r and c count the values of x and y that occur in it: an
empty row or column holds no evidence either way.

Source:
    Spirtes, Glymour and Scheines, Causation, Prediction, and Search (2000), section 5.5.
"""

from collections.abc import Sequence
from functools import cached_property
from math import inf, prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.stats.independence._contingency_kernel import planes_of, statistic
from aitia.stats.independence.base import IndependenceTest, Missing, Tested, Triple, log_upper_tail

__all__ = ["ChiSquare", "Contingency", "GSquare"]

Values = NDArray[np.float64]
Counts = NDArray[np.int64]

SOON = 0.5
"""Seconds of tests that a process runs without the compiler, which takes about as long to load."""
MANY_CELLS = 4096
"""A table with more cells is counted by compiled code at once."""


class Contingency(IndependenceTest):
    """What counts rows by the labels of two columns and a set.

    Attributes:
        sizes: (p,) labels of each column, one where it has none.
        codes: (p, n), -1 where missing.
    """

    likelihood: ClassVar[bool]
    plain_seconds: ClassVar[float] = 0.0

    def __init__(self, table: Table, *, missing: Missing = "error", jobs: int = 1) -> None:
        super().__init__(table, missing=missing, jobs=1)
        for name in table.names:
            if table.continuous(name):
                raise DataError(
                    f"{name!r} is continuous: {self.name} counts labels; use degenerate-gaussian or kci, or "
                    "declare the column discrete if its numbers are labels"
                )
        self.sizes = np.array([max(len(table.categories(name)), 1) for name in table.names])
        rows = len(table.column(table.names[0]))  # of a table that is known by its sums fewer than table.n
        self.codes = np.empty((len(self.sizes), rows), np.int16 if self.sizes.max() < 1 << 15 else np.int32)
        for row, name in zip(self.codes, table.names, strict=True):
            row[:] = np.nan_to_num(table.column(name), nan=-1) if table.missing(name) else table.column(name)

    def test(self, triples: Sequence[Triple]) -> list[Tested]:
        """Tests many triples, in the order given; each table is counted for itself, so that nothing depends on it.

        Raises:
            UnknownVariableError: If a name is no column.
            DataError: If x is y, or one of them is in the set.
        """
        if not triples:
            return []
        values, freedoms, counts = self._counted([self._columns(triple) for triple in triples])
        p_values = _upper_tails(values, freedoms)
        logs = np.zeros(len(values))
        for k in np.flatnonzero(p_values == 0):
            logs[k] = log_upper_tail(freedoms[k] / 2, values[k] / 2)
        return list(map(Tested, values.tolist(), p_values.tolist(), counts.tolist(), logs.tolist()))

    def _counted(self, tests: Sequence[Sequence[int]]) -> tuple[Values, Counts, Counts]:
        """Statistics, degrees of freedom and rows."""
        seconds = sum(self.plain_cost(len(test)) for test in tests)
        if self._most_cells(tests) > MANY_CELLS or self.worth_compiling(seconds):
            widths = np.array([len(test) for test in tests])
            columns = np.zeros((len(tests), int(widths.max())), np.int64)
            for width in np.unique(widths):
                columns[widths == width, :width] = [test for test in tests if len(test) == width]
            return self._compiled(columns, widths)
        values, freedoms, counts = map(np.array, zip(*map(self._plain, tests), strict=True))
        return values, freedoms, counts

    def plain_cost(self, width: int) -> float:
        """Seconds of a test of so many columns without the compiler."""
        return 5e-5 + 2e-8 * self.n * width

    def compiled(self, tests: int, width: int) -> bool:
        """Whether so many tests of so many columns are counted by compiled code."""
        return int(self.sizes.max()) ** width > MANY_CELLS or (
            Contingency.plain_seconds + tests * self.plain_cost(width) > SOON
        )

    @staticmethod
    def worth_compiling(seconds: float) -> bool:
        """Whether what has been counted without the compiler, and so many seconds more, take longer than to load it."""
        if Contingency.plain_seconds + seconds > SOON:
            Contingency.plain_seconds = inf  # it is loaded now
            return True
        Contingency.plain_seconds += seconds
        return False

    def answers(self, tests: NDArray[np.int64]) -> tuple[Values, Values]:
        """Statistics and p-values of many tests of one size, by compiled code.

        Args:
            tests: (m, 2 + s) positions of x, y and the set, x < y and the set ascending.
        """
        values, freedoms, _ = self._compiled(tests, np.full(len(tests), tests.shape[1]))
        return values, _upper_tails(values, freedoms)

    def _columns(self, triple: Triple) -> list[int]:
        """The places of x, y and the set, in order of the columns."""
        x, y, given = triple
        place = self._place
        try:
            i, j, rest = place[x], place[y], sorted({place[name] for name in given})
        except KeyError:
            i = j = -1
            rest = []
        if i == j or i in rest or j in rest:
            self._ordered(triple)  # which says what is wrong
        return [i, j, *rest] if i < j else [j, i, *rest]

    def _most_cells(self, tests: Sequence[Sequence[int]]) -> int:
        """Of the largest table."""
        sizes: list[int] = self.sizes.tolist()
        largest: int = max(sizes) ** max(map(len, tests))
        return largest if largest <= MANY_CELLS else max(prod(sizes[k] for k in test) for test in tests)

    def _plain(self, test: Sequence[int]) -> tuple[float, int, int]:
        """Statistic, degrees of freedom and rows of one table, without the compiler."""
        whole = np.ones(self.n, np.bool_)
        place = np.zeros(self.n, np.int64)
        for k in (*test[2:], *test[:2]):
            place = place * self.sizes[k] + self.codes[k]
            if self._gaps:
                whole &= self.codes[k] >= 0
        k_x, k_y = (int(self.sizes[k]) for k in test[:2])
        size = prod(int(self.sizes[k]) for k in test)
        cells = np.bincount(place[whole] if self._gaps else place, minlength=size).tolist()
        found: tuple[float, int, int] = statistic(  # type: ignore[no-untyped-call]
            cells, size // (k_x * k_y), k_x, k_y, self.likelihood, [0] * k_x, [0] * k_y
        )
        return found

    def _compiled(self, tests: NDArray[np.int64], widths: Counts) -> tuple[Values, Counts, Counts]:
        """The same of many tests, of the first `widths` of these columns, by compiled code."""
        from aitia.stats.independence._contingency_loops import answer

        values, freedoms, counts = np.empty(len(tests)), np.empty(len(tests), np.int64), np.empty(len(tests), np.int64)
        answer(
            *self.planes, self.codes, self.sizes, self._gaps, tests, widths, _order(tests, widths, len(self.sizes)),
            self.likelihood, values, freedoms, counts,
        )  # fmt: skip
        return values, freedoms, counts

    @cached_property
    def planes(self) -> tuple[NDArray[np.uint64], Counts]:
        """The bit rows of the labels, and where those of each column begin."""
        return planes_of(self.codes, self.sizes)

    def counted(self, x: str, y: str, given: tuple[str, ...]) -> tuple[float, int, int]:
        """The statistic of one triple, its degrees of freedom, and the rows."""
        values, freedoms, counts = self._counted([self._columns((x, y, given))])
        return float(values[0]), int(freedoms[0]), int(counts[0])

    def _one(self, x: str, y: str, given: tuple[str, ...]) -> Tested:
        return self.test([(x, y, given)])[0]

    def cost(self, given: int) -> float:
        """Counting rows, compiled, together with tests of the same columns."""
        return 1e-6 + 1e-10 * self.n * (given + 1)


class ChiSquare(Contingency):
    """Pearson's chi-square test.

    Args:
        table: Discrete columns only.
        missing: See `IndependenceTest`.
        jobs: Not used.

    Raises:
        DataError: If a column is continuous.

    Example:
        >>> test = ChiSquare(Table.of({"x": ["a", "a", "b", "b"] * 10, "y": ["u", "u", "v", "v"] * 10}))
        >>> test("x", "y").statistic
        40.0
    """

    name: ClassVar[str] = "chi2"
    title: ClassVar[str] = "Pearson's chi-square test"
    likelihood: ClassVar[bool] = False


class GSquare(Contingency):
    """The likelihood-ratio test (G-square). Arguments and errors as for `ChiSquare`."""

    name: ClassVar[str] = "g2"
    title: ClassVar[str] = "the likelihood-ratio (G-square) test"
    likelihood: ClassVar[bool] = True


def _order(tests: NDArray[np.int64], widths: Counts, p: int) -> Counts:
    """An order in which tests of the same columns, and of the same first columns, mostly follow each other."""
    bits = p.bit_length()
    held = np.where(np.arange(tests.shape[1]) < widths[:, None], tests, p)
    key = np.zeros(len(tests), np.int64)
    for column in np.sort(held, axis=1).T[: 63 // bits]:
        key = key << bits | column
    return np.argsort(key)


def _upper_tails(values: Values, freedoms: Counts) -> Values:
    from scipy.special import gammaincc

    tails = gammaincc(np.maximum(freedoms, 1) / 2, np.maximum(values, 0.0) / 2)
    return np.where(freedoms > 0, tails, 1.0)
