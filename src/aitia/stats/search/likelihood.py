"""The log-likelihood of a variable given parents, less what chance alone would fit: what `likelihood` maximises.

    numbers   linear Gaussian: -n/2 log(1 - R^2) less 1/2 log n for each parent (BIC)
    labels    multinomial: the quotient of normalised maximum likelihoods (qNML), f(node + parents) - f(parents) where
              f(set) = sum N log(N / n) - regret(n, number of combinations of labels)

Both give equivalent DAGs equal scores, and have no parameter to choose. For labels of few rows the BIC takes a column
with many combinations for far costlier than it is, or, counting those that occur, for cheaper.

Sources:
    Schwarz, Estimating the dimension of a model, Annals of Statistics 6 (1978).
    Silander, Leppä-aho, Jääsaari and Roos, Quotient normalized maximum likelihood criterion for learning Bayesian
    network structures, AISTATS 2018.
    Szpankowski and Weinberger, Minimax pointwise redundancy for memoryless models over large alphabets, IEEE
    Transactions on Information Theory 58 (2012), theorem 2.
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
    """-n/2 log of the share of a variable's variance that its parents leave, less 1/2 log n for each parent.

    Args:
        correlation: (p, p).
        n: Rows behind it.
    """

    def __init__(self, correlation: NDArray[np.float64], n: int) -> None:
        self.correlation, self.n = correlation, n
        self.price = 0.5 * log(n)
        self._left: dict[tuple[int, int], float] = {}
        self._gained: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._rows: list[list[float]] = correlation.tolist()  # a few numbers at a time: faster than arrays

    def __call__(self, node: int, parents: int) -> float:
        """The score of a node with these parents, a bit row."""
        key = (node, parents)
        if key not in self._left:
            self._left[key] = self._score(node, parents)
        return self._left[key]

    def _score(self, node: int, parents: int) -> float:
        places = [*bits(parents), node]
        factor: list[list[float]] = []  # Cholesky, row by row: the last entry of the last row is what is left
        left = 1.0
        for place in places:
            row: list[float] = []
            left = 1.0
            of = self._rows[place]
            for k, above in enumerate(factor):
                value = (of[places[k]] - sum(a * b for a, b in zip(row, above, strict=False))) / above[k]
                row.append(value)
                left -= value * value
            if left <= TINY:
                return inf
            factor.append([*row, sqrt(left)])
        return -self.n / 2 * log(left) - self.price * (len(places) - 1)

    def gains(self, node: int, parents: int, others: int) -> list[tuple[int, float]]:
        """What each of these other nodes, a bit row, would add as a parent, where it adds."""
        key = (node, parents)
        if key not in self._gained:
            self._gained[key] = self._all_gains(node, list(bits(parents)))
        gained = self._gained[key]
        return [(x, float(gained[x])) for x in bits(others) if gained[x] > 0]

    def _all_gains(self, node: int, places: list[int]) -> NDArray[np.float64]:
        around, own = self.correlation, self.correlation[node]
        left, rest, cross = 1.0, np.ones(len(own)), own
        if places:
            half = np.linalg.solve(around[np.ix_(places, places)], around[places])
            left = 1.0 - float(own[places] @ half[:, node])
            rest = 1.0 - np.einsum("ij,ij->j", around[places], half)
            cross = own - own[places] @ half
        share = np.minimum(cross**2 / np.maximum(left * rest, TINY), 1 - TINY)
        gained: NDArray[np.float64] = -self.n / 2 * np.log1p(-share) - self.price
        return gained


class MultinomialScore:
    """The quotient normalised maximum likelihood of labels.

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
            code, cells, combinations = np.zeros(self.n, np.int64), 1, 1.0
            for k in bits(nodes):
                code = code * self.sizes[k] + self.codes[k]
                cells *= self.sizes[k]
                combinations *= self.sizes[k]
                if cells > DENSE:  # renumber what occurs, so that the codes stay small
                    present, code = np.unique(code, return_inverse=True)
                    cells = len(present)
            counts = np.bincount(code, minlength=1)
            counts = np.sort(counts[counts > 0]).astype(np.float64)  # sorted: the sum is that of any order of labels
            self._of[nodes] = float(counts @ np.log(counts)) - _regret(self.n, combinations)
        return self._of[nodes]


def _regret(n: int, labels: float) -> float:
    """The logarithm of the sum of the largest likelihoods of all samples: what n rows of so many labels may fit.

    Szpankowski and Weinberger's approximation, good to a thousandth for any number of labels and n of ten or more.
    """
    if labels <= 1:
        return 0.0
    share = labels / n
    c = 0.5 + 0.5 * sqrt(1 + 4 / share)
    return n * (log(share) + (share + 2) * log(c) - 1 / c) - 0.5 * log(c + 2 / share)


def score_of(test: IndependenceTest) -> GaussianScore | MultinomialScore | None:
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
