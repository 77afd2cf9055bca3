"""The causal order of DirectLiNGAM, with comparisons only of pairs that can still decide it.

In each step the variable is taken that depends least on what it leaves of the others,

    M(i) = sum over j of min(0, d(i, j))^2,   d(i, j) = H(x_j) + H(r_ij) - H(x_i) - H(r_ji)

with r_ij the residual of x_i on x_j, all of variance 1, and the entropies H approximated from two moments. Then its
line is taken out of all others. As d(j, i) = -d(i, j), a comparison adds to the sum of one of the two and nothing to
the other, and sums never fall: the next comparison is always one of the variable with the least sum so far, with its
closest rival, and the first that has met all others with the least sum is taken. The answer is that of all comparisons.

Sources:
    Shimizu et al., JMLR 12 (2011), algorithm 1; Hyvarinen and Smith, JMLR 14 (2013), equation 3, for d; Hyvarinen,
    Karhunen and Oja, Independent Component Analysis (2001), for H.
    Shahbazinia, Salehkaleybar and Hashemi, ParaLiNGAM, 2023, for comparisons that cannot win.
"""

from math import exp, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.errors import DataError

__all__ = ["causal_order", "gaussian_probability"]

Values = NDArray[np.float64]


def causal_order(values: Values, must: NDArray[np.bool_], progress: Progress | None = None) -> NDArray[np.int64]:
    """The positions of the columns, causes first.

    Args:
        values: (n, p), numbers.
        must: (p, p), [a, b] True where a comes before b whatever the data say.
        progress: Told after each variable.
    """
    rows = np.ascontiguousarray(values.T)
    left, order = list(range(len(rows))), []
    while left:
        rows = rows - rows.mean(axis=1, keepdims=True)
        rows /= rows.std(axis=1, keepdims=True)
        k = _exogenous(rows, np.flatnonzero(~must[np.ix_(left, left)].any(axis=0)))
        order.append(left.pop(k))
        others = np.delete(rows, k, axis=0)
        rows = others - _slopes(others, rows[k])[:, None] * rows[k]
        if progress is not None:
            progress("variables in order", len(order), len(order) + len(left))
    return np.array(order, np.int64)


def _slopes(others: Values, one: Values) -> Values:
    """Of each row on one, all of variance 1; covariance by n - 1 over variance by n, as the peers take it."""
    n = len(one)
    slopes: Values = others @ one / (n - 1)
    return slopes


def _exogenous(rows: Values, candidates: NDArray[np.int64]) -> int:
    """The position of the candidate with the least M, the first of equals."""
    if len(candidates) == 1:
        return int(candidates[0])
    n = rows.shape[1]
    entropy = np.array([_entropy(row) for row in rows])
    slope = rows @ rows.T / (n - 1)
    total = np.zeros(len(rows))
    met = np.eye(len(rows), dtype=bool)
    while True:
        i = int(candidates[np.argmin(total[candidates])])
        rivals = np.flatnonzero(~met[i])
        if not len(rivals):
            return i
        j = int(rivals[np.argmin(total[rivals])])
        met[i, j] = met[j, i] = True
        b = slope[i, j]
        spread = sqrt(max(1 - 2 * b * b * (n - 1) / n + b * b, 1e-300))
        one, other = _entropy((rows[i] - b * rows[j]) / spread), _entropy((rows[j] - b * rows[i]) / spread)
        difference = entropy[j] + one - entropy[i] - other
        total[i if difference < 0 else j] += difference * difference


def _entropy(u: Values) -> float:
    """The entropy of numbers of mean 0 and variance 1, by the approximation of maximum entropy."""
    size = np.abs(u)
    log_cosh = float((size + np.log1p(np.exp(-2 * size))).mean()) - log(2)
    odd = float((u * np.exp(-0.5 * u * u)).mean())
    return (1 + log(2 * pi)) / 2 - 79.047 * (log_cosh - 0.37457) ** 2 - 7.4129 * odd**2


def gaussian_probability(values: Values) -> float:
    """The p-value of Jarque and Bera's test that the numbers are Gaussian; for their law the chi-squared of 2 stands.

    Raises:
        DataError: If the numbers are all the same.
    """
    z = values - values.mean()
    if not (spread := z.std()) > 0:
        raise DataError("all numbers are the same: they have no law to compare with a Gaussian")
    z = z / spread
    statistic = len(z) / 6 * (float((z**3).mean()) ** 2 + (float((z**4).mean()) - 3) ** 2 / 4)
    return exp(-statistic / 2)
