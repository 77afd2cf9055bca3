"""Tests of links between lagged variables, by partial correlation in products or by any independence test.

A node is a position i + lag * N: variable i of N, `lag` steps ago. All tests use the same samples.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, join_names
from aitia.stats.search import Asker
from aitia.stats.search.batch import partial_correlations

__all__ = ["AskedLinks", "CorrelatedLinks", "Links", "predicted_tests"]

Set = tuple[int, ...]


class Links:
    """What the search asks: strengths and p-values of many links.

    Args:
        names: Of the nodes.

    Attributes:
        count: Tests so far.
        cost: Predicted seconds of one.
    """

    cost = 2e-5

    def __init__(self, names: Sequence[str]) -> None:
        self.names, self.count = tuple(names), 0

    def test(
        self, pairs: Sequence[tuple[int, int]], given: Sequence[Set], what: str
    ) -> tuple[list[float], list[float]]:
        """For each pair given its set, how strong the dependence is (the larger the stronger), and the p-value."""
        raise NotImplementedError


class CorrelatedLinks(Links):
    """Partial correlation with Student's t, r sqrt(df / (1 - r^2)) with df = n - 2 - |set|.

    Source:
        Fisher, The distribution of the partial correlation coefficient, Metron 3 (1924).
    """

    def __init__(self, names: Sequence[str], correlation: NDArray[np.float64], n: int) -> None:
        super().__init__(names)
        self.correlation, self.n = correlation, n

    def test(
        self, pairs: Sequence[tuple[int, int]], given: Sequence[Set], what: str
    ) -> tuple[list[float], list[float]]:
        """As of every kind of links; the strength is |r|."""
        self.count += len(pairs)
        strength, p_value = np.empty(len(pairs)), np.empty(len(pairs))
        sizes = np.array([len(s) for s in given], dtype=np.int64)
        ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        for size in dict.fromkeys(sizes.tolist()):
            of = np.flatnonzero(sizes == size)
            sets = np.array([given[k] for k in of.tolist()], dtype=np.int64).reshape(len(of), size)
            strength[of] = np.abs(partial_correlations(self.correlation, ends[of, 0], ends[of, 1], sets))
            p_value[of] = self._p_values(strength[of], size)
        if (lost := np.flatnonzero(np.isnan(strength))).size:
            k = int(lost[0])
            told = join_names((self.names[j] for j in (*pairs[k], *given[k])), 12)
            raise DataError(
                f"{told} are collinear: one of them follows from the others; drop a column or ask for fewer lags"
            )
        return strength.tolist(), p_value.tolist()

    def _p_values(self, r: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        from scipy.special import betainc

        freedom = self.n - 2 - size
        if freedom < 1:
            raise DataError(
                f"{self.n} samples are too few to test a link given {size} others: ask for fewer lags or variables, or "
                "give longer series"
            )
        return np.asarray(betainc(freedom / 2, 0.5, 1 - np.minimum(r, 1) ** 2))


class AskedLinks(Links):
    """Any test of independence; the strength is its statistic."""

    def __init__(self, asker: Asker) -> None:
        super().__init__(asker.test.names)
        self.asker, self.cost = asker, asker.test.cost(4)

    def test(
        self, pairs: Sequence[tuple[int, int]], given: Sequence[Set], what: str
    ) -> tuple[list[float], list[float]]:
        """As of every kind of links."""
        self.count += len(pairs)
        names = self.names
        triples = [(names[x], names[y], tuple(names[k] for k in s)) for (x, y), s in zip(pairs, given, strict=True)]
        told = self.asker.ask(triples, what)
        return [t.statistic for t in told], [t.p_value for t in told]


def predicted_tests(variables: int, lags: int) -> int:
    """About how many tests a search asks: twice those of pairs given nothing, as in simulated series of 5 to 20."""
    return 2 * (variables * variables * lags + variables * (variables - 1) // 2)
