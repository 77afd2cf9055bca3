"""Tests in tables with gaps that were filled several times, pooled into one answer.

Fisher's z of each filled table, of variance U, is pooled by Rubin's rules, with Student's t:

    z = mean(atanh r_k) / sqrt(U + (1 + 1/m) var(atanh r_k)),    U = 1 / (n - |S| - 3)                              (1)

Chi-square and G-square are pooled by D2, an F statistic of their values w_k on v degrees of freedom:

    D2 = (mean(w) / v - (m + 1) / (m - 1) r) / (1 + r),    r = (1 + 1/m) var(sqrt(w))                               (2)

with v and v^(-3/m) (m - 1) (1 + 1/r)^2 degrees of freedom. Kernel tests have no such rule: the median of their p-values
is taken, which keeps the level nearly.

Sources:
    Foraita, Friemel, Günther, Behrens, Bullerdiek, Nimzyk, Ahrens and Didelez, Causal discovery of gene regulation
    with incomplete data, JRSS A 183 (2020), for (1) in a search.
    Li, Meng, Raghunathan and Rubin, Significance levels from repeated p-values with multiply-imputed data, Statistica
    Sinica 1 (1991), for (2).
    Eekhout, van de Wiel and Heymans, Methods for significance testing of categorical covariates in logistic regression
    models after multiple imputation, BMC Medical Research Methodology 17 (2017), for the median.
"""

from collections.abc import Sequence
from math import atanh

import numpy as np

from aitia.data.table import Table
from aitia.stats.imputation import pooled
from aitia.stats.independence.base import IndependenceTest, Tested
from aitia.stats.independence.contingency import Contingency
from aitia.stats.independence.fisher_z import FisherZ

__all__ = ["FilledTest"]


class FilledTest(IndependenceTest):
    """The test of several tables that differ in what their gaps were filled with.

    Args:
        table: With its gaps.
        tests: The same test of each filled table.
        jobs: Threads.
    """

    def __init__(self, table: Table, tests: Sequence[IndependenceTest], *, jobs: int = 1) -> None:
        super().__init__(table, missing="testwise", jobs=jobs)
        self.tests = tuple(tests)
        self.name, self.title = tests[0].name, f"{tests[0].title}, pooled over {len(tests)} filled tables"  # type: ignore[misc]

    def _one(self, x: str, y: str, given: tuple[str, ...]) -> Tested:
        if isinstance(self.tests[0], FisherZ):
            return self._linear(x, y, given)
        if isinstance(self.tests[0], Contingency):
            return self._counted(x, y, given)
        answers = [test._one(x, y, given) for test in self.tests]
        return Tested(
            float(np.median([a.statistic for a in answers])), float(np.median([a.p_value for a in answers])), self.n
        )

    def _linear(self, x: str, y: str, given: tuple[str, ...]) -> Tested:
        from scipy.special import ndtr, stdtr

        tests = [test for test in self.tests if isinstance(test, FisherZ)]
        estimates = [atanh(test.partial_correlation(x, y, given)[0]) for test in tests]
        found = pooled(estimates, [1 / (self.n - len(given) - 3)] * len(tests))
        statistic = abs(found.estimate) / found.variance**0.5
        tail = ndtr(-statistic) if np.isinf(found.freedom) else stdtr(found.freedom, -statistic)
        return Tested(statistic, float(2 * tail), self.n)

    def _counted(self, x: str, y: str, given: tuple[str, ...]) -> Tested:
        tests = [test for test in self.tests if isinstance(test, Contingency)]
        answers = [test.counted(x, y, given) for test in tests]
        statistic, p_value = _d2([a[0] for a in answers], float(np.mean([a[1] for a in answers])))
        return Tested(statistic, p_value, self.n)

    def cost(self, given: int) -> float:
        """Of all tables."""
        return sum(test.cost(given) for test in self.tests)


def _d2(values: Sequence[float], freedom: float) -> tuple[float, float]:
    """The pooled statistic on the scale of chi-square, and its p-value."""
    from scipy.special import chdtrc, fdtrc

    if freedom <= 0:
        return 0.0, 1.0
    m = len(values)
    spread = (1 + 1 / m) * float(np.var(np.sqrt(np.maximum(values, 0.0)), ddof=1))
    statistic = max((float(np.mean(values)) / freedom - (m + 1) / (m - 1) * spread) / (1 + spread), 0.0)
    if spread < 1e-12:
        return statistic * freedom, float(chdtrc(freedom, statistic * freedom))
    second = freedom ** (-3 / m) * (m - 1) * (1 + 1 / spread) ** 2
    return statistic * freedom, float(fdtrc(freedom, second, statistic))
