"""How well clusters agree with classes that are known.

    NMI = I(a; b) / mean(H(a), H(b)),    AMI = (I - E I) / (mean(H(a), H(b)) - E I)                                 (7)

E I is the mean of I over all ways to deal out the same counts, so that more clusters do not raise it by chance.

Source:
    Vinh, Epps and Bailey, Information theoretic measures for clusterings comparison, JMLR 11 (2010), equation 24a.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln

__all__ = ["adjusted_mutual_information", "matched_accuracy", "mutual_information"]

Counts = NDArray[np.int64]


def _table(a: ArrayLike, b: ArrayLike) -> Counts:
    one, two = (np.unique(np.asarray(side), return_inverse=True)[1] for side in (a, b))
    counts = np.zeros((one.max() + 1, two.max() + 1), dtype=np.int64)
    np.add.at(counts, (one, two), 1)
    return counts


def _entropy(counts: Counts) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def _information(counts: Counts) -> float:
    return max(_entropy(counts.sum(1)) + _entropy(counts.sum(0)) - _entropy(counts.ravel()), 0.0)


def _expected(a: Counts, b: Counts) -> float:
    """Mean information of tables with these margins, by the hypergeometric law of each cell."""
    n = int(a.sum())
    total = 0.0
    for x in a.tolist():
        for y in b.tolist():
            k = np.arange(max(1, x + y - n), min(x, y) + 1)
            chance = np.exp(
                gammaln(x + 1) + gammaln(y + 1) + gammaln(n - x + 1) + gammaln(n - y + 1)
                - gammaln(n + 1) - gammaln(k + 1) - gammaln(x - k + 1) - gammaln(y - k + 1) - gammaln(n - x - y + k + 1)
            )  # fmt: skip
            total += float((k / n * np.log(n * k / (x * y)) * chance).sum())
    return total


def mutual_information(a: ArrayLike, b: ArrayLike) -> float:
    """NMI of (7): 0 to 1, higher is better; 1 where both put all rows together."""
    counts = _table(a, b)
    middle = (_entropy(counts.sum(1)) + _entropy(counts.sum(0))) / 2
    return _information(counts) / middle if middle > 0 else 1.0


def adjusted_mutual_information(a: ArrayLike, b: ArrayLike) -> float:
    """AMI of (7): 1 where clusters are the classes, about 0 by chance; higher is better."""
    counts = _table(a, b)
    rows, columns = counts.sum(1), counts.sum(0)
    middle, chance = (_entropy(rows) + _entropy(columns)) / 2, _expected(rows, columns)
    if middle - chance < 1e-12:
        return 1.0 if len(rows) == len(columns) else 0.0
    return (_information(counts) - chance) / (middle - chance)


def matched_accuracy(classes: ArrayLike, clusters: ArrayLike) -> float:
    """Share of rows right after the best one-to-one naming of clusters by classes."""
    counts = _table(classes, clusters)
    rows, columns = linear_sum_assignment(-counts)
    return float(counts[rows, columns].sum() / counts.sum())
