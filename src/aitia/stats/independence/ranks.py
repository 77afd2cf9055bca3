"""Partial correlation of ranks: for heavy tails, outliers, ordered labels, any monotone change of a column.

    u = (rank - 1/2) / n, ties at their mean rank;   the score is Phi^-1(u)                                         (1)

and the rest is Fisher's z on the scores. If some increasing function of each column makes the table Gaussian, scores
estimate what those functions give, and the test is one of conditional independence; no moment has to exist.

Sources:
    Liu, Lafferty and Wasserman, The nonparanormal: semiparametric estimation of high dimensional undirected graphs,
    JMLR 10 (2009).
    Harris and Drton, PC algorithm for nonparanormal graphical models, JMLR 14 (2013), who take Spearman's correlation;
    normal scores give a matrix that is one of correlations whatever the sample.
"""

from functools import cached_property
from statistics import NormalDist
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.moments import Moments, moments
from aitia.data.table import Kind, Table
from aitia.errors import DataError
from aitia.stats.independence.fisher_z import FisherZ, numbers_of, of_numbers

__all__ = ["RankCorrelation", "normal_scores", "table_scores"]

Values = NDArray[np.float64]


class RankCorrelation(FisherZ):
    """Fisher's z test on normal scores: monotone dependence of numbers, ordinals and columns of two labels.

    Args:
        table: Columns of numbers, of ordered labels, or of two labels.
        missing: See `IndependenceTest`.
        jobs: Not used: a test takes microseconds.

    Raises:
        DataError: If a column holds three labels or more without an order, or vectors, or is constant.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_cauchy(300)
        >>> y = x + rng.standard_cauchy(300)
        >>> test = RankCorrelation(Table.of({"x": x, "y": y, "z": np.exp(rng.normal(size=300))}))
        >>> test("x", "y").p_value < 1e-6, test("x", "z").p_value > 0.05
        (True, True)
    """

    name: ClassVar[str] = "ranks"
    title: ClassVar[str] = "Fisher's z test of the partial correlation of normal scores"

    def _check_column(self, table: Table, name: str) -> None:
        labels = table.discrete(name) and table.kind(name) is not Kind.ORDINAL and len(table.categories(name)) > 2
        if labels and not of_numbers(table, name):
            raise DataError(
                f"{name!r} holds labels such as {table.categories(name)[0]!r} without an order: ranks need numbers, "
                "ordered labels (--ordinal) or two labels; use degenerate-gaussian, or chi2 when every column holds "
                "labels"
            )

    @cached_property
    def _moments(self) -> Moments:
        return moments([self._column(self.table, name) for name in self.names])

    def _column(self, table: Table, name: str) -> Values:
        """The normal scores; of labels by the order of their categories, or as the numbers that they are."""
        return table_scores(table, name)


def table_scores(table: Table, name: str) -> Values:
    """The normal scores of a column, computed once; of labels by the order of their categories, or as numbers."""
    ordinal = table.kind(name) is Kind.ORDINAL or not of_numbers(table, name)
    return table.kept(
        ("scores", name), lambda: normal_scores(table.column(name) if ordinal else numbers_of(table, name))
    )


def normal_scores(values: Values) -> Values:
    """Where each value stands among the others, as a quantile of the normal distribution.

    Args:
        values: (n,); NaN stays NaN and is not counted.

    Returns:
        (n,), by (1).

    Example:
        >>> normal_scores(np.array([10.0, 1000.0, 10.0])).round(2)
        array([-0.43,  0.97, -0.43])
    """
    present = ~np.isnan(values)
    distinct, where, counts = np.unique(values[present], return_inverse=True, return_counts=True)
    if not len(distinct):
        return values
    below = np.cumsum(counts) - counts
    shares = (below + counts / 2) / present.sum()
    scores = np.full(len(values), np.nan)
    scores[present] = _quantiles(shares)[where]
    return scores


MANY = 20_000
"""From so many distinct values on loading scipy costs less than it saves."""


def _quantiles(shares: Values) -> Values:
    if len(shares) > MANY:
        from scipy.special import ndtri

        return np.asarray(ndtri(shares))
    inverse = NormalDist().inv_cdf
    return np.array([inverse(share) for share in shares])
