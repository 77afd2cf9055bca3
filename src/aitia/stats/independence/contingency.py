"""Chi-square and G-square: contingency tables of discrete variables.

    chi2 = sum (N_xys - E_xys)^2 / E_xys,   G2 = 2 sum N_xys log(N_xys / E_xys),   E_xys = N_xs N_ys / N_s           (1)

Each stratum s adds (r - 1)(c - 1) degrees of freedom, where r and c count the values of x and y that occur in it: an
empty row or column holds no evidence either way.

Source:
    Spirtes, Glymour and Scheines, Causation, Prediction, and Search (2000), section 5.5.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.stats.independence.base import IndependenceTest, Missing, Tested, log_upper_tail

__all__ = ["ChiSquare", "GSquare"]

Values = NDArray[np.float64]


class _Contingency(IndependenceTest):
    def __init__(self, table: Table, *, missing: Missing = "error", jobs: int = 1) -> None:
        super().__init__(table, missing=missing, jobs=1)
        for name in table.names:
            if table.continuous(name):
                raise DataError(
                    f"{name!r} is continuous: {self.name} counts labels; use kci or fisher-z, or declare the column "
                    "discrete if its numbers are labels"
                )
        self._codes = {n: np.nan_to_num(table.column(n), nan=-1).astype(np.int64) for n in table.names}
        self._sizes = {name: max(len(table.categories(name)), 1) for name in table.names}

    def _one(self, x: str, y: str, given: tuple[str, ...]) -> Tested:
        rows = self._rows(x, y, *given)
        codes = {name: self._codes[name] if rows is None else self._codes[name][rows] for name in (x, y, *given)}
        n = len(codes[x])
        stratum = np.zeros(n, np.int64)
        strata = 1
        for name in given:  # renumbered as soon as there are more strata than rows: they are sparse
            stratum = stratum * self._sizes[name] + codes[name]
            strata *= self._sizes[name]
            if strata > max(n, 1024):
                present, stratum = np.unique(stratum, return_inverse=True)
                strata = len(present)
        k_x, k_y = self._sizes[x], self._sizes[y]
        cells = np.bincount((stratum * k_x + codes[x]) * k_y + codes[y], minlength=strata * k_x * k_y)
        counts = cells.reshape(strata, k_x, k_y).astype(np.float64)
        by_x, by_y = counts.sum(axis=2), counts.sum(axis=1)
        total = np.maximum(by_x.sum(axis=1), 1)
        expected = by_x[:, :, None] * by_y[:, None, :] / total[:, None, None]
        statistic = self._statistic(counts, expected)
        present_x, present_y = (by_x > 0).sum(axis=1), (by_y > 0).sum(axis=1)
        freedom = int((np.maximum(present_x - 1, 0) * np.maximum(present_y - 1, 0)).sum())
        log_tail = log_upper_tail(freedom / 2, statistic / 2)
        return Tested(statistic, _upper_tail(statistic, freedom), n, log_tail)

    def _statistic(self, counts: Values, expected: Values) -> float:
        raise NotImplementedError

    def cost(self, given: int) -> float:
        """Counting rows."""
        return 5e-5 + 2e-8 * self.n * (given + 2)


class ChiSquare(_Contingency):
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

    def _statistic(self, counts: Values, expected: Values) -> float:
        safe = np.where(expected > 0, expected, 1)
        return float((((counts - expected) ** 2) / safe).sum())


class GSquare(_Contingency):
    """The likelihood-ratio test (G-square). Arguments and errors as for `ChiSquare`."""

    name: ClassVar[str] = "g2"
    title: ClassVar[str] = "the likelihood-ratio (G-square) test"

    def _statistic(self, counts: Values, expected: Values) -> float:
        some = counts > 0
        return float(2 * (counts[some] * np.log(counts[some] / expected[some])).sum())


def _upper_tail(statistic: float, freedom: int) -> float:
    from scipy.special import gammaincc

    return float(gammaincc(freedom / 2, max(statistic, 0.0) / 2)) if freedom else 1.0
