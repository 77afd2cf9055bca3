"""The log-likelihood of a variable given parents, the penalty of its parameters taken off: what `likelihood` maximises.

    numbers   linear Gaussian: -n/2 log(1 - R^2); DAGs on one skeleton have equally many parameters, no penalty differs
    labels    multinomial: sum N log(N / N_parents), less 1/2 log n for each parameter: combinations of values that
              occur, of the family less of the parents

Both are differences f(node + parents) - f(parents) of one function of sets, so equivalent DAGs have equal scores.

Sources:
    Schwarz, Estimating the dimension of a model, Annals of Statistics 6 (1978).
    Chickering, Optimal structure identification with greedy search, JMLR 3 (2002), section 2.3: score equivalence.
"""

from math import inf, log

import numpy as np
from numpy.typing import NDArray

from aitia.graph.bits import bits
from aitia.stats.independence import ChiSquare, FisherZ, GSquare, IndependenceTest
from aitia.stats.search.classes import Score

__all__ = ["GaussianScore", "MultinomialScore", "score_of"]

DENSE = 1 << 16
"""Cells up to which a table is counted whole."""


class GaussianScore:
    """-n/2 log of the share of a variable's variance that its parents leave.

    Args:
        correlation: (p, p).
        n: Rows behind it.
    """

    def __init__(self, correlation: NDArray[np.float64], n: int) -> None:
        self.correlation, self.n = correlation, n

    def __call__(self, node: int, parents: int) -> float:
        """The score of a node with these parents, a bit row."""
        if not parents:
            return 0.0
        places = list(bits(parents))
        if len(places) == 1:
            left = 1 - float(self.correlation[node, places[0]]) ** 2
        else:
            cross = self.correlation[node, places]
            left = 1 - float(cross @ np.linalg.solve(self.correlation[np.ix_(places, places)], cross))
        return -self.n / 2 * log(left) if left > 0 else inf


class MultinomialScore:
    """The penalised log-likelihood of labels.

    Args:
        codes: (n, p) from 0.
        sizes: Of each column the number of labels.
    """

    def __init__(self, codes: NDArray[np.int64], sizes: list[int]) -> None:
        self.codes = [np.ascontiguousarray(column) for column in codes.T]
        self.sizes, self.n = sizes, len(codes)
        self._of: dict[int, float] = {}

    def __call__(self, node: int, parents: int) -> float:
        """The score of a node with these parents, a bit row."""
        return self._set(parents | 1 << node) - self._set(parents)

    def _set(self, nodes: int) -> float:
        if nodes not in self._of:
            code, cells = np.zeros(self.n, np.int64), 1
            for k in bits(nodes):
                code = code * self.sizes[k] + self.codes[k]
                cells *= self.sizes[k]
                if cells > DENSE:  # renumber what occurs, so that the codes stay small
                    present, code = np.unique(code, return_inverse=True)
                    cells = len(present)
            counts = np.bincount(code, minlength=1)
            counts = np.sort(counts[counts > 0]).astype(np.float64)  # sorted: the sum is that of any order of labels
            self._of[nodes] = float(counts @ np.log(counts)) - 0.5 * log(self.n) * len(counts)
        return self._of[nodes]


def score_of(test: IndependenceTest) -> Score | None:
    """The score that belongs to a test; None where the test has no likelihood or too few rows are complete."""
    table = test.table
    if isinstance(test, FisherZ):
        n = _complete(table.matrix()) if test.has_gaps else test.n
        return GaussianScore(test.correlation, n) if n > len(table.names) + 3 else None
    if isinstance(test, ChiSquare | GSquare):
        codes = table.matrix()
        codes = codes[~np.isnan(codes).any(axis=1)]
        sizes = [max(len(table.categories(name)), 1) for name in table.names]
        return MultinomialScore(codes.astype(np.int64), sizes) if len(codes) else None
    return None


def _complete(matrix: NDArray[np.float64]) -> int:
    return int((~np.isnan(matrix).any(axis=1)).sum())
