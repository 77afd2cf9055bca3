"""The log-likelihood of a variable given parents, the penalty of its parameters taken off: what `likelihood` maximises.

    numbers   linear Gaussian: -n/2 log(1 - R^2); DAGs on one skeleton have equally many parameters, no penalty differs
    labels    multinomial: sum N log(N / N_parents), less 1/2 log n for each parameter: combinations of values that
              occur, of the family less of the parents

Both are differences f(node + parents) - f(parents) of one function of sets, so equivalent DAGs have equal scores.

Sources:
    Schwarz, Estimating the dimension of a model, Annals of Statistics 6 (1978).
    Chickering, Optimal structure identification with greedy search, JMLR 3 (2002), section 2.3: score equivalence.
"""

from math import inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

from aitia.graph.bits import bits
from aitia.stats.independence import ChiSquare, FisherZ, GSquare, IndependenceTest

__all__ = ["GaussianScore", "MultinomialScore", "score_of"]

TINY = 1e-12
"""Share of a variance that counts as none."""

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
        self._rows: list[list[float]] = correlation.tolist()  # a few numbers at a time: faster than arrays

    def __call__(self, node: int, parents: int) -> float:
        """The score of a node with these parents, a bit row."""
        places = [*bits(parents), node]
        factor: list[list[float]] = []  # Cholesky, row by row: the last entry of the last row is what is left
        left = 1.0
        for place in places:
            row, left = [], 1.0
            of = self._rows[place]
            for k, above in enumerate(factor):
                value = (of[places[k]] - sum(a * b for a, b in zip(row, above, strict=False))) / above[k]
                row.append(value)
                left -= value * value
            if left <= TINY:
                return inf
            factor.append([*row, sqrt(left)])
        return -self.n / 2 * log(left)

    def gains(self, node: int, parents: int, others: int) -> list[tuple[int, float]]:
        """What each of these other nodes, a bit row, would add as a parent."""
        places = list(bits(parents))
        around, own = self.correlation, self.correlation[node]
        left, rest, cross = 1.0, np.ones(len(own)), own
        if places:
            half = np.linalg.solve(around[np.ix_(places, places)], around[places])
            left = 1.0 - float(own[places] @ half[:, node])
            rest = 1.0 - np.einsum("ij,ij->j", around[places], half)
            cross = own - own[places] @ half
        chosen = list(bits(others))
        share = cross[chosen] ** 2 / np.maximum(left * rest[chosen], TINY)
        return list(zip(chosen, (-self.n / 2 * np.log1p(-np.minimum(share, 1 - TINY))).tolist(), strict=True))


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

    def gains(self, node: int, parents: int, others: int) -> list[tuple[int, float]]:
        """What each of these other nodes, a bit row, would add as a parent."""
        own = self(node, parents)
        return [(x, self(node, parents | 1 << x) - own) for x in bits(others)]

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


def score_of(test: IndependenceTest) -> GaussianScore | MultinomialScore | None:
    """The score that belongs to a test; None where the test has no likelihood or too few rows are complete."""
    table = test.table
    if isinstance(test, FisherZ):
        n = len(table.matrix()) if not any(map(table.missing, table.names)) else _complete(table.matrix())
        return GaussianScore(test.correlation, n) if n > len(table.names) + 3 else None
    if isinstance(test, ChiSquare | GSquare):
        codes = table.matrix()
        codes = codes[~np.isnan(codes).any(axis=1)]
        sizes = [max(len(table.categories(name)), 1) for name in table.names]
        return MultinomialScore(codes.astype(np.int64), sizes) if len(codes) else None
    return None


def _complete(matrix: NDArray[np.float64]) -> int:
    return int((~np.isnan(matrix).any(axis=1)).sum())
