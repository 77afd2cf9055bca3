"""The log-likelihood of a variable given parents, less what chance alone would fit: what `likelihood` maximises.

    numbers   linear Gaussian: -n/2 log(1 - R^2) less 1/2 log n for each parent (BIC)
    both      the same of labels as indicators: -n/2 log of the share of the volume that is left (degenerate Gaussian)
    labels    f(node + parents) - f(parents), where f(set) is the log-likelihood of the combinations of labels of the
              rows by the sparse adaptive Dirichlet process: after t rows one seen N times comes with N / (t + b), one
              of the K - m others with b / ((t + b) (K - m)), b = m / (2 log((n + 1) / m)) for the m of all n rows

Both give equivalent DAGs equal scores, and have no parameter to choose. Of many combinations few occur where a column
nearly follows from others: the BIC, the BDeu or a normalised likelihood over all that could takes such a column for far
costlier than it is, the BIC over those that occur for cheaper.

Sources:
    Schwarz, Estimating the dimension of a model, Annals of Statistics 6 (1978).
    Hutter, Sparse adaptive Dirichlet-multinomial-like processes, COLT 2013.
    Silander, Leppä-aho, Jääsaari and Roos, Quotient normalized maximum likelihood criterion for learning Bayesian
    network structures, AISTATS 2018 (the quotient).
"""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from math import inf, lgamma, log, prod, sqrt
from operator import sub
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.summed import SummedTable
from aitia.graph._pdag import places
from aitia.graph.bits import bits
from aitia.stats.independence import DegenerateGaussian, FisherZ, IndependenceTest
from aitia.stats.independence._contingency_kernel import planes_of
from aitia.stats.independence.contingency import Contingency
from aitia.stats.independence.summed import weighted_repeats

__all__ = ["EmbeddedScore", "GaussianScore", "MultinomialScore", "score_of"]

TINY = 1e-12
"""Share of a variance that counts as none."""

NOISE = 1e-6
"""Share of the variance of a column that is noise where columns follow from each other."""

DENSE = 1 << 16
"""Cells up to which a table is counted whole."""

VAST = 1e9
"""Cells from which those that occur are too few to matter for how many are left."""


@lru_cache(maxsize=4096)
def _powers(row: int) -> tuple[int, ...]:
    """Each of the set bits alone."""
    return tuple([1 << place for place in places(row)])


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

    @cached_property
    def _rows(self) -> list[list[float]]:
        """The correlations a few at a time: faster than arrays."""
        rows: list[list[float]] = self.correlation.tolist()
        return rows

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

    def gains(self, node: int, parents: int, others: int, least: float) -> list[tuple[int, float]]:
        """What each of these other nodes, a bit row, would add as a parent, where it is more than the least."""
        key = (node, parents)
        if key not in self._gained:
            self._gained[key] = self._all_gains(node, list(bits(parents)))
        gained = self._gained[key]
        return [(x, float(gained[x])) for x in bits(others) if gained[x] > least]

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
    """The quotient of sparse adaptive likelihoods of labels.

    Args:
        codes: (p, n) from 0.
        sizes: Of each column the number of labels.
        planes: Gives the bit rows of the labels, as `planes_of` of the codes does.
    """

    def __init__(self, codes: NDArray[Any], sizes: Sequence[int], planes: Callable[[], Any] | None = None) -> None:
        self.codes, self.n = codes, codes.shape[1]
        self.sizes = [int(size) for size in sizes]
        self._planes = planes or (lambda: planes_of(codes, np.array(self.sizes)))
        self._most_labels = max(self.sizes, default=1)
        self._of: dict[int, float] = {0: 0.0}
        self._novelty: dict[tuple[int, float], float] = {}

    def __call__(self, node: int, parents: int) -> float:
        """The score of a node with these parents, a bit row."""
        known, both = self._of, parents | 1 << node
        if not parents and both not in known:
            self._count(0, node, [node], [])
        elif both not in known or parents not in known:
            one = parents & -parents
            last = [one.bit_length() - 1]
            self._count(parents ^ one, node, last if parents not in known else [], last if both not in known else [])
        return known[both] - known[parents]

    def gains(self, node: int, parents: int, others: int, least: float) -> list[tuple[int, float]]:
        """What each of these other nodes, a bit row, would add as a parent, where it is more than the least."""
        of, more, ones, both = self._of.get, places(others), _powers(others), parents | 1 << node
        before, after = list(map(of, map(parents.__or__, ones))), list(map(of, map(both.__or__, ones)))
        if None in before or None in after:
            new = [[x for x, value in zip(more, values, strict=True) if value is None] for values in (before, after)]
            self._count(parents, node, *new)
            before, after = list(map(of, map(parents.__or__, ones))), list(map(of, map(both.__or__, ones)))
        own = self(node, parents)
        return [
            (x, gain) for x, all_ in zip(more, map(sub, after, before), strict=True) if (gain := all_ - own) > least
        ]

    def _count(self, nodes: int, node: int, new: Sequence[int], beside: Sequence[int]) -> None:
        """Scores a set of nodes together with each of the new, and that set and one node with each of others."""
        known, novelty, sizes, held = self._of, self._novelty, self.sizes, places(nodes)
        cells = prod([float(sizes[k]) for k in held])
        parts = (nodes, cells, new), (nodes | 1 << node, cells * sizes[node], beside)
        dense: tuple[Sequence[int], Sequence[int]] = new, beside
        if parts[1][1] * self._most_labels > DENSE:
            dense = (
                [x for x in new if cells * sizes[x] <= DENSE],
                [x for x in beside if parts[1][1] * sizes[x] <= DENSE],
            )
        count = len(dense[0]) + len(dense[1])
        if count and Contingency.worth_compiling(5e-5 * count):
            told = iter(zip(*self._counted(held, node, *dense), strict=True))
            for (with_, of, _), some in zip(parts, dense, strict=True):
                for x, (repeats, found) in zip(some, told, strict=False):
                    occurring = found, of * sizes[x]
                    novel = novelty.get(occurring)
                    if novel is None:
                        novel = novelty[occurring] = self._novel(*occurring)
                    known[with_ | 1 << x] = repeats + novel
            if count == len(new) + len(beside):
                return
        for with_, of, some in parts:
            for x in some:
                if with_ | 1 << x not in known:
                    repeats, present = self._counted_plainly([*places(with_), x])
                    known[with_ | 1 << x] = repeats + self._novel(present, of * sizes[x])

    def _novel(self, found: float, cells: float) -> float:
        """What so many combinations that occur, of so many that could, add to the log-likelihood beside repeats."""
        share = found / (2 * log((self.n + 1) / found))
        if cells < VAST:
            choices = lgamma(cells + 1) - lgamma(cells - found + 1)
        else:
            choices = found * log(cells) - found * (found - 1) / (2 * cells)
        return found * log(share) - choices + lgamma(share) - lgamma(self.n + share)

    @cached_property
    def _weight(self) -> NDArray[np.float64]:
        """(n + 1,) the logarithm of (N - 1)!, which a combination seen N times adds."""
        weight = np.zeros(self.n + 1)
        np.cumsum(np.log(np.arange(1.0, self.n)), out=weight[2:])
        return weight

    def _counted(self, held: Sequence[int], node: int, new: Sequence[int], beside: Sequence[int]) -> list[list[float]]:
        """Of each table of `_count` the sum of these over its cells, and how many occur; compiled."""
        from aitia.stats.independence._contingency_loops import sums_of_both

        asked, told = np.array([*held, node, *new, *beside]), np.empty((2, len(new) + len(beside)))
        stop = len(held) + 1 + len(new)
        sums_of_both(*self._ready, self.codes, asked, len(held), stop, self._cells, self._weight, told)
        both: list[list[float]] = told.tolist()
        return both

    @cached_property
    def _ready(self) -> Any:
        return *self._planes(), np.array(self.sizes)

    @cached_property
    def _cells(self) -> NDArray[np.int64]:
        return np.zeros(DENSE, np.int64)

    def _counted_plainly(self, columns: Sequence[int]) -> tuple[float, int]:
        """The same of one table, without the compiler."""
        code, cells = self.codes[columns[0]].astype(np.int64), self.sizes[columns[0]]
        for k in columns[1:]:
            code = code * self.sizes[k] + self.codes[k]
            cells *= self.sizes[k]
            if cells > DENSE:  # renumber what occurs, so that the codes stay small
                present, code = np.unique(code, return_inverse=True)
                cells = len(present)
        counts = np.bincount(code, minlength=1)
        counts = np.sort(counts[counts > 0])  # sorted: the sum is that of any order of labels
        return float(np.cumsum(self._weight[counts])[-1]), len(counts)


class WeightedMultinomialScore(MultinomialScore):
    """The same of rows that differ, each with how often it occurs.

    Args:
        codes: (p, k) from 0.
        sizes: Of each column the number of labels.
        weights: (k,) how often each row occurs.
    """

    def __init__(self, codes: NDArray[Any], sizes: Sequence[int], weights: NDArray[np.int64]) -> None:
        super().__init__(codes, sizes)
        self.n, self._weights = int(weights.sum()), weights

    def _count(self, nodes: int, node: int, new: Sequence[int], beside: Sequence[int]) -> None:
        cells = prod([float(self.sizes[k]) for k in places(nodes)])
        for with_, of, some in ((nodes, cells, new), (nodes | 1 << node, cells * self.sizes[node], beside)):
            for x in some:
                if with_ | 1 << x not in self._of:
                    repeats, present = self._counted_plainly([*places(with_), x])
                    self._of[with_ | 1 << x] = repeats + self._novel(present, of * self.sizes[x])

    def _counted_plainly(self, columns: Sequence[int]) -> tuple[float, int]:
        code = np.zeros(self.codes.shape[1], np.int64)
        cells = 1
        for k in columns:
            code = code * self.sizes[k] + self.codes[k]
            cells *= self.sizes[k]
            if cells > DENSE:
                present, code = np.unique(code, return_inverse=True)
                cells = len(present)
        return weighted_repeats(code, self._weights)


class EmbeddedScore:
    """-n/2 log of the share of the volume of a variable's columns that those of its parents leave, less 1/2 log n for
    each pair of columns: that of labels as indicators beside normal scores.

    Args:
        correlation: (k, k) of all columns.
        places: The columns of each variable.
        n: Rows behind it.
    """

    def __init__(self, correlation: NDArray[np.float64], places: Sequence[slice], n: int) -> None:
        self.correlation, self.n = correlation, n
        self.columns = [np.arange(place.start, place.stop) for place in places]
        self.price = 0.5 * log(n)
        self._volume: dict[int, float] = {0: 0.0}

    def __call__(self, node: int, parents: int) -> float:
        """The score of a node with these parents, a bit row; inf where it follows from them."""
        left = self._log_volume(parents | 1 << node) - self._log_volume(parents)
        if left == -inf:
            return inf
        width = sum(len(self.columns[k]) for k in bits(parents))
        own = self._log_volume(1 << node)
        return -self.n / 2 * (left - own) - self.price * width * len(self.columns[node])

    def gains(self, node: int, parents: int, others: int, least: float) -> list[tuple[int, float]]:
        """What each of these other nodes, a bit row, would add as a parent, where it is more than the least."""
        own = self(node, parents)
        return [(x, gain) for x in bits(others) if (gain := self(node, parents | 1 << x) - own) > least]

    def _log_volume(self, nodes: int) -> float:
        """The logarithm of the determinant of the correlations of these variables' columns."""
        if nodes not in self._volume:
            places = np.concatenate([self.columns[k] for k in bits(nodes)])
            spread = np.linalg.eigvalsh(self.correlation[np.ix_(places, places)])
            self._volume[nodes] = float(np.log(spread).sum()) if spread[0] > TINY else -inf
        return self._volume[nodes]


def score_of(test: IndependenceTest) -> GaussianScore | MultinomialScore | EmbeddedScore | None:
    """The score that belongs to a test; None where the test has no likelihood or too few rows are complete."""
    table = test.table
    if isinstance(test, FisherZ):
        n = _complete(table.matrix()) if test.has_gaps else test.n
        return GaussianScore(_apart(test), n) if n > len(table.names) + 3 else None
    if isinstance(test, DegenerateGaussian):
        enough = not test.has_gaps and test.n > len(test.correlation) + 3
        return EmbeddedScore(_apart(test), list(test.places.values()), test.n) if enough else None
    if isinstance(test, Contingency):
        if isinstance(table, SummedTable) and table.weights is not None:
            return WeightedMultinomialScore(test.codes, test.sizes.tolist(), table.weights)
        if not test.has_gaps:
            return MultinomialScore(test.codes, test.sizes.tolist(), lambda: test.planes)
        codes = np.ascontiguousarray(test.codes[:, (test.codes >= 0).all(axis=0)])
        return MultinomialScore(codes, test.sizes.tolist()) if codes.shape[1] else None
    return None


def _apart(test: FisherZ | DegenerateGaussian) -> NDArray[np.float64]:
    """The correlations; with some noise in each column where one follows from others.

    The score of a column that follows from its parents has no bound, and of two such classes none is the likelier: a
    search would turn edges for ever. The noise gives all classes scores of one distribution.
    """
    if test.definite:
        return test.correlation
    return (1 - NOISE) * test.correlation + NOISE * np.eye(len(test.correlation))


def _complete(matrix: NDArray[np.float64]) -> int:
    return int((~np.isnan(matrix).any(axis=1)).sum())
