"""The test for labels and numbers together: partial canonical correlation of indicators and normal scores.

A column of k labels stands as k - 1 indicators, one of numbers or of ordered labels as its normal scores. With S the
covariance of the columns of x and y once those of the set are regressed out,

    L = |S| / (|S_xx| |S_yy|),   -(n - 1 - r - (p + q + 1) / 2) ln L  ~  chi2 with p q degrees of freedom          (1)

for p, q and r columns of x, y and the set (Wilks' lambda, Bartlett's approximation). Between two columns of numbers it
is partial correlation of ranks. It sees labels that shift other columns, and monotone dependence of these; not labels
that only change a spread or a slope.

Sources:
    Bartlett, Further aspects of the theory of multiple regression, Proceedings of the Cambridge Philosophical Society
    34 (1938).
    Andrews, Ramsey and Cooper, Learning high-dimensional directed acyclic graphs with mixed data-types, KDD workshop
    on causal discovery (2019), for the embedding of labels.
"""

from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.moments import definite
from aitia.data.table import Kind, Table
from aitia.errors import DataError
from aitia.stats.independence.base import IndependenceTest, Missing, Tested, log_upper_tail
from aitia.stats.independence.ranks import table_scores

__all__ = ["DegenerateGaussian", "embedded"]

Values = NDArray[np.float64]

GONE = 1e-9
"""Share of a column's variance below which the set leaves nothing of it."""


class DegenerateGaussian(IndependenceTest):
    """Wilks' lambda between columns of labels and of numbers, labels as indicators, numbers as normal scores.

    Args:
        table: Columns of single numbers and of labels.
        missing: See `IndependenceTest`.
        jobs: Not used: a test takes a twentieth of a millisecond.

    Raises:
        DataError: If a column holds vectors, or is constant.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> arm = rng.integers(0, 3, 300)
        >>> y = np.array([0.0, 1.0, 3.0])[arm] + rng.normal(size=300)
        >>> columns = {"arm": np.array(list("abc"))[arm], "y": y, "z": y + rng.normal(size=300)}
        >>> test = DegenerateGaussian(Table.of(columns))
        >>> test("arm", "z").p_value < 1e-6, test("arm", "z", ["y"]).p_value > 0.05
        (True, True)
    """

    name: ClassVar[str] = "degenerate-gaussian"
    title: ClassVar[str] = "the test of partial canonical correlation of labels and normal scores (degenerate Gaussian)"

    def __init__(self, table: Table, *, missing: Missing = "error", jobs: int = 1) -> None:
        super().__init__(table, missing=missing, jobs=1)
        for name in table.names:
            values = table.column(name)
            if values.ndim > 1:
                raise DataError(f"{name!r} holds vectors: canonical correlation takes one number a row; use kci")
            if np.nanmin(values) == np.nanmax(values):
                raise DataError(f"{name}: every row has the same value; drop the column")

    @cached_property
    def _columns(self) -> dict[str, Values]:
        return {name: embedded(self.table, name) for name in self.names}

    @cached_property
    def places(self) -> dict[str, slice]:
        """Of each variable the columns that stand for it."""
        places, at = {}, 0
        for name, columns in self._columns.items():
            places[name] = slice(at, at + columns.shape[1])
            at += columns.shape[1]
        return places

    @cached_property
    def correlation(self) -> Values:
        """(k, k) correlations of all columns, of the rows that have every value."""
        return _correlations(self.columns)

    @property
    def columns(self) -> Values:
        """(n, k) what stands for the variables, in their order."""
        return np.column_stack(list(self._columns.values()))

    @cached_property
    def definite(self) -> bool:
        """Whether no column follows from others."""
        return definite(self.correlation)

    def _one(self, x: str, y: str, given: tuple[str, ...]) -> Tested:
        rows = self._rows(x, y, *given)
        n = self.n if rows is None else len(rows)
        if not self.has_gaps:
            places = [np.arange(s.start, s.stop) for s in (self.places[name] for name in (x, y, *given))]
            found = self.correlation[np.ix_(np.concatenate(places), np.concatenate(places))]
            widths = [len(part) for part in places]
        else:
            parts = [self._columns[name][slice(None) if rows is None else rows] for name in (x, y, *given)]
            found, widths = _correlations(np.column_stack(parts)), [part.shape[1] for part in parts]
        both = widths[0] + widths[1]
        left, conditioned = _left(found, both)
        a, b = (_whitening(left[s, s]) for s in (slice(widths[0]), slice(widths[0], both)))
        p, q = a.shape[1], b.shape[1]
        freedom = n - 1 - conditioned - (p + q + 1) / 2
        if not p * q:  # the set leaves nothing of one: nothing speaks against independence
            return Tested(0.0, 1.0, n)
        if freedom <= 0:
            raise DataError(f"{n} rows are too few to test {x} and {y} given {len(given)} variables")
        cosines = np.linalg.svd(a.T @ left[: widths[0], widths[0] :] @ b, compute_uv=False)
        statistic = -freedom * float(np.log1p(-(np.minimum(cosines, 1 - 1e-16) ** 2)).sum())
        from scipy.special import gammaincc

        shape, half = p * q / 2, max(statistic, 0.0) / 2
        return Tested(statistic, float(gammaincc(shape, half)), n, log_upper_tail(shape, half))

    def cost(self, given: int) -> float:
        """Mean over the tests of a search and its arrows: measured on 10 to 20 columns of 1,000 rows."""
        return 5.5e-5 + 1e-6 * given


def embedded(table: Table, name: str) -> Values:
    """(n, k) the columns that stand for one: indicators of all labels that occur but the first, or normal scores."""
    if not table.discrete(name) or table.kind(name) is Kind.ORDINAL:
        return table_scores(table, name)[:, None]
    values = table.column(name)
    seen = np.unique(values[~np.isnan(values)])[1:]
    return np.where(np.isnan(values)[:, None], np.nan, values[:, None] == seen[None, :])


def _correlations(columns: Values) -> Values:
    """Of the rows that have all; a column without spread is none."""
    columns = columns[~np.isnan(columns).any(axis=1)]
    off = columns - columns.mean(axis=0)
    spread = np.sqrt((off**2).mean(axis=0))
    off /= np.where(spread > 1e-12, spread, np.inf)
    return np.asarray(off.T @ off / len(off))


def _left(found: Values, both: int) -> tuple[Values, int]:
    """What the set leaves of the first columns, and of how many dimensions the set is."""
    if found.shape[0] == both:
        return found, 0
    values, vectors = np.linalg.eigh(found[both:, both:])
    kept = values > GONE
    across = found[:both, both:] @ vectors[:, kept]
    return found[:both, :both] - (across / values[kept]) @ across.T, int(kept.sum())


def _whitening(left: Values) -> Values:
    """(k, r) directions of unit variance."""
    values, vectors = np.linalg.eigh(left)
    kept = values > GONE
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))
