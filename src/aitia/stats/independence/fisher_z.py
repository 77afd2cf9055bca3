"""Fisher's z: partial correlation of continuous variables.

    z = sqrt(n - |S| - 3) |atanh r_xy.S|,   p = 2 (1 - Phi(z))                                                      (1)

Source:
    Fisher, The distribution of the partial correlation coefficient, Metron 3 (1924).
"""

from collections.abc import Sequence
from functools import cached_property
from math import atanh, erfc, inf, log, pi, sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.moments import Moments, moments, table_moments
from aitia.data.table import Table
from aitia.errors import DataError, join_names
from aitia.stats.independence.base import IndependenceTest, Missing, Tested, Triple

__all__ = ["FisherZ", "numbers_of", "of_numbers"]

Places = NDArray[np.int64]

FEW = 8
"""Variables in a set up to which a partial correlation is worked out number by number."""

LARGE = 30.0
"""From here on the expansion of the normal tail is as good as its number, which is about to underflow."""


class FisherZ(IndependenceTest):
    """Fisher's z test. Exact for Gaussian variables; sees linear dependence only.

    Args:
        table: Continuous columns, one number each; a discrete column of numbers counts as numbers.
        missing: See `IndependenceTest`.
        jobs: Not used: a test takes microseconds.

    Raises:
        DataError: If a column holds labels or vectors, or is constant.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=300)
        >>> y = x + rng.normal(size=300)
        >>> test = FisherZ(Table.of({"x": x, "y": y, "z": y + rng.normal(size=300)}))
        >>> test("x", "z").p_value < 1e-6, test("x", "z", ["y"]).p_value > 0.05
        (True, True)
    """

    name: ClassVar[str] = "fisher-z"
    title: ClassVar[str] = "Fisher's z test of partial correlation"

    def __init__(self, table: Table, *, missing: Missing = "error", jobs: int = 1) -> None:
        super().__init__(table, missing=missing, jobs=1)
        for name in table.names:
            self._check_column(table, name)
            if table.column(name).ndim > 1:
                raise DataError(f"{name!r} holds vectors: partial correlation needs one number a row; use kci")
        # Moments are of complete rows; with gaps a column may vary in the others.
        spread = np.nanstd(self.columns, axis=0) if self._gaps else self._moments.spread
        if constant := [name for name, s in zip(table.names, spread, strict=True) if not s > 0]:
            raise DataError(f"{join_names(constant)}: every row has the same value; drop the column")

    def _check_column(self, table: Table, name: str) -> None:
        if table.discrete(name) and not of_numbers(table, name):
            raise DataError(
                f"{name!r} holds labels such as {table.categories(name)[0]!r}: partial correlation needs numbers; "
                "use degenerate-gaussian, ranks where they have an order (--ordinal), or chi2/g2 when every column "
                "holds labels"
            )

    def _column(self, table: Table, name: str) -> NDArray[np.float64]:
        return numbers_of(table, name)

    @cached_property
    def columns(self) -> NDArray[np.float64]:
        """(n, p) what is correlated."""
        return np.column_stack([self._column(self.table, name) for name in self.names])

    @cached_property
    def _moments(self) -> Moments:
        if all(map(self.table.continuous, self.names)):
            return table_moments(self.table, self.names)
        return moments([self._column(self.table, name) for name in self.names])

    @cached_property
    def correlation(self) -> NDArray[np.float64]:
        """(p, p) correlations of the rows that have every value."""
        return self._moments.correlation

    @property
    def definite(self) -> bool:
        """Whether no column follows from others by a straight line."""
        return self._moments.definite

    def test(self, triples: Sequence[Triple]) -> list[Tested]:
        """Tests many triples, in the order given; see `IndependenceTest`. A test is too short to share or to guard."""
        if self._gaps:
            return super().test(triples)
        return [self._one(*self._ordered(triple)) for triple in triples]

    @cached_property
    def _numbers_of(self) -> list[list[float]]:
        listed: list[list[float]] = self.correlation.tolist()
        return listed

    def partial_correlation(self, x: str, y: str, given: tuple[str, ...]) -> tuple[float, int]:
        """That of one triple in order, short of 1, and the rows behind it.

        Raises:
            DataError: If there are too few rows, or one variable follows from the others.
        """
        columns = [self._place[name] for name in (x, y, *given)]
        rows = self._rows(x, y, *given)
        n = self.n if rows is None else len(rows)
        if n - len(given) - 3 <= 0:
            raise DataError(f"{n} rows are too few to test {x} and {y} given {len(given)} variables")
        if rows is None and len(given) <= FEW:
            correlation = _partial_of_few(self._numbers_of, columns, (x, y, *given))
        else:
            whole = self.correlation if rows is None else np.asarray(np.corrcoef(self.columns[rows][:, columns].T))
            matrix = whole[columns][:, columns] if rows is None else whole
            correlation = _partial(matrix, (x, y, *given))
        return max(min(correlation, 1 - 1e-16), 1e-16 - 1), n

    def _one(self, x: str, y: str, given: tuple[str, ...]) -> Tested:
        correlation, n = self.partial_correlation(x, y, given)
        statistic = sqrt(n - len(given) - 3) * atanh(abs(correlation))
        return Tested(statistic, _two_sided(statistic), n, _log_two_sided(statistic))

    def log_p_values(self, x: Places, y: Places, given: Places) -> list[float]:
        """The logarithms of the p-values of m tests at once, to the bit those of one after another.

        Args:
            x: (m,) positions.
            y: (m,) positions, each after that of x.
            given: (m, s) positions, ascending.
        """
        size, values = given.shape[1], None
        freedom = self.n - size - 3
        if freedom > 0 and size <= FEW and not self._gaps:
            values = _partials_of_few(self.correlation, np.column_stack([given, x, y]))
        if values is None:  # some cannot be told, or are long: one after another, with what is wrong in words
            names = self.names
            each = zip(x.tolist(), y.tolist(), given.tolist(), strict=True)
            return [self._one(names[i], names[j], tuple(names[k] for k in of)).log_p_value for i, j, of in each]
        root, found = sqrt(freedom), []
        for value in np.minimum(np.abs(values), 1 - 1e-16).tolist():
            statistic = root * atanh(value)
            p_value = _two_sided(statistic)
            found.append(log(p_value) if p_value > 0 else _log_two_sided(statistic))
        return found

    def cost(self, given: int) -> float:
        """Microseconds."""
        return 2e-5 + 1e-6 * given


def of_numbers(table: Table, name: str) -> bool:
    """Whether every category of a discrete column is a number; true of other columns."""
    if not table.discrete(name):
        return True
    return all(isinstance(c, int | float | np.number | np.bool_ | bool) for c in table.categories(name))


def numbers_of(table: Table, name: str) -> NDArray[np.float64]:
    """The column's numbers: for a discrete one the categories themselves, not their codes."""
    codes = table.column(name)
    if table.continuous(name):
        return codes
    values = np.asarray([float(c) for c in table.categories(name)] + [np.nan])
    places = np.where(np.isnan(codes), len(values) - 1, codes).astype(int)
    numbers: NDArray[np.float64] = values[places]
    return numbers


def _partial(matrix: NDArray[np.float64], names: tuple[str, ...]) -> float:
    """The partial correlation of the first two given the others, by the Schur complement."""
    top, cross, below = matrix[:2, :2], matrix[:2, 2:], matrix[2:, 2:]
    if below.size:
        try:
            factor = np.linalg.cholesky(below)
        except np.linalg.LinAlgError:
            factor = np.zeros((1, 1))
        if np.diagonal(factor).min() < 1e-7:
            raise DataError(f"{join_names(names[2:])} are collinear: one of them follows from the others; drop one")
        half = np.linalg.solve(factor, cross.T)
        top = top - half.T @ half
    if min(top[0, 0], top[1, 1]) < 1e-14:
        gone = names[0] if top[0, 0] < 1e-14 else names[1]
        raise DataError(f"{gone!r} follows exactly from {join_names(names[2:])}: drop one of them")
    return float(top[0, 1] / np.sqrt(top[0, 0] * top[1, 1]))


def _partial_of_few(matrix: list[list[float]], columns: list[int], names: tuple[str, ...]) -> float:
    """The same as `_partial`, number by number: a few cost less than the call of an array function."""
    places = [*columns[2:], columns[0], columns[1]]
    factor: list[list[float]] = []  # Cholesky, row by row
    value = 0.0
    for count, place in enumerate(places):
        row: list[float] = []
        left = matrix[place][place]
        for k, above in enumerate(factor):
            value = matrix[place][places[k]] - sum(a * b for a, b in zip(row, above, strict=False))
            if count == len(names) - 1 and k == count - 1:
                break  # the last entry is the covariance that is left, over the spread of x
            row.append(value / above[k])
            left -= row[-1] ** 2
        if left < 1e-14:
            if count < len(names) - 2:
                raise DataError(f"{join_names(names[2:])} are collinear: one of them follows from the others; drop one")
            gone = names[count - len(names) + 2]
            raise DataError(f"{gone!r} follows exactly from {join_names(names[2:])}: drop one of them")
        factor.append([*row, sqrt(left)])
    return value / (factor[-2][-1] * factor[-1][-1])


def _partials_of_few(matrix: NDArray[np.float64], places: Places) -> NDArray[np.float64] | None:
    """The same of many at once, rows of (set, x, y), number by number; None where some follow from others."""
    factor: list[list[NDArray[np.float64]]] = []
    value: NDArray[np.float64] = np.zeros(len(places))
    last = places.shape[1] - 1
    for count, place in enumerate(places.T):
        row: list[NDArray[np.float64]] = []
        left = matrix[place, place]
        for k, above in enumerate(factor):
            done = sum((a * b for a, b in zip(row, above, strict=False)), np.zeros(len(places)))
            value = matrix[place, places[:, k]] - done
            if count == last and k == count - 1:
                break
            row.append(value / above[k])
            left = left - row[-1] ** 2
        if (left < 1e-14).any():
            return None
        factor.append([*row, np.sqrt(left)])
    return value / (factor[-2][-1] * factor[-1][-1])


def _two_sided(statistic: float) -> float:
    return erfc(statistic / sqrt(2))


def _log_two_sided(statistic: float) -> float:
    """The logarithm of p where p is tiny: the leading term of the tail's expansion."""
    return -(statistic**2) / 2 - log(statistic * sqrt(pi / 2)) if statistic > LARGE else -inf
