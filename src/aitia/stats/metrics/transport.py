"""Wasserstein distances where they are exact: between Gaussians in closed form, between samples by assignment.

    W2^2(N(m, S), N(n, T)) = |m - n|^2 + tr(S + T - 2 (S^(1/2) T S^(1/2))^(1/2))                                    (1)
    W2^2(x, y) = min over pairings p of the mean of |x_i - y_p(i)|^2, for samples of one size                       (2)

Both functions give the squared distance, in squared units of the data. Take the root of a whole distance: the unsquared
distance of the means beside the squared one of the covariances is no distance.

Sources:
    Bhatia, Jain and Lim, On the Bures-Wasserstein distance between positive definite matrices, 2019.
    Kuhn, The Hungarian method for the assignment problem, 1955.
"""

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import CostError, DataError
from aitia.stats.metrics._checks import Values, columns

__all__ = ["EXACT_AT_MOST", "bures_w2", "exact_w2", "gaussian_w2_map"]

EXACT_AT_MOST = 5000
"""Points of a sample that are paired exactly: it takes memory for all pairs and time that grows with the cube."""


def exact_w2(x: ArrayLike, y: ArrayLike) -> float:
    """The squared distance (2) of two samples of one size. Lower is better.

    Args:
        x: (n, d).
        y: (n, d).

    Raises:
        DataError: If sizes or columns differ, or a value is not finite.
        CostError: If n exceeds 5000.

    Example:
        >>> exact_w2([[0.0], [1.0]], [[3.0], [2.0]])
        4.0
    """
    from scipy.optimize import linear_sum_assignment

    a, b = columns(x, "x"), columns(y, "y")
    if a.shape != b.shape:
        raise DataError(f"x has shape {a.shape} and y {b.shape}: exact pairing needs as many rows and columns in both")
    if len(a) > EXACT_AT_MOST:
        raise CostError(
            f"exact W2 of {len(a)} points needs {len(a) ** 2:.2g} pairs: at most {EXACT_AT_MOST} points; draw "
            "fewer of them, or take bures_w2 of their means and covariances"
        )
    cost = ((a[:, None] - b[None]) ** 2).sum(-1)
    rows, others = linear_sum_assignment(cost)
    return float(cost[rows, others].mean())


def bures_w2(mean_x: ArrayLike, covariance_x: ArrayLike, mean_y: ArrayLike, covariance_y: ArrayLike) -> float:
    """The squared distance (1) of two Gaussians. Lower is better.

    Args:
        mean_x: (d,).
        covariance_x: (d, d), positive semidefinite.
        mean_y: (d,).
        covariance_y: (d, d), positive semidefinite.

    Raises:
        DataError: If shapes do not fit, or a covariance is not symmetric with no negative eigenvalue.

    Example:
        >>> bures_w2([0.0], [[1.0]], [3.0], [[4.0]])
        10.0
    """
    m, s = _gaussian(mean_x, covariance_x)
    n, t = _gaussian(mean_y, covariance_y)
    if m.shape != n.shape:
        raise DataError(f"one Gaussian has {len(m)} variables and the other {len(n)}: both need the same")
    return between_moments(m, s, n, t)


def between_moments(m: Values, s: Values, n: Values, t: Values) -> float:
    """(1) of moments that are known to be such."""
    # tr (S^(1/2) T S^(1/2))^(1/2) is the sum of singular values of S^(1/2) T^(1/2), which loses no digits to a root.
    shared = np.linalg.svd(root(s) @ root(t), compute_uv=False).sum()
    return max(0.0, float(((m - n) ** 2).sum() + np.trace(s) + np.trace(t) - 2 * shared))


def gaussian_w2_map(covariance_x: ArrayLike, covariance_y: ArrayLike) -> Values:
    """The symmetric matrix that takes N(0, S) to N(0, T) at least cost: S^(-1/2) (S^(1/2) T S^(1/2))^(1/2) S^(-1/2).

    (1 - t) I + t times it takes N(0, S) to the Gaussian at share t of the way.

    Args:
        covariance_x: S, (d, d), positive definite.
        covariance_y: T, (d, d), positive semidefinite.

    Raises:
        DataError: If a matrix is no such covariance.

    Example:
        >>> gaussian_w2_map([[4.0]], [[1.0]]).tolist()
        [[0.5]]
    """
    s, t = (_gaussian(np.zeros(len(np.asarray(c))), c)[1] for c in (covariance_x, covariance_y))
    half = root(s)
    if np.linalg.eigvalsh(half)[0] <= 0:
        raise DataError("a map between Gaussians starts at a covariance without a zero eigenvalue")
    inverse = np.linalg.inv(half)
    found: Values = inverse @ root(half @ t @ half) @ inverse
    return found


def root(covariance: Values) -> Values:
    """The symmetric square root of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(covariance)
    half: Values = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return half


def _gaussian(mean: ArrayLike, covariance: ArrayLike) -> tuple[Values, Values]:
    m, s = np.asarray(mean, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if m.ndim != 1 or s.shape != (len(m), len(m)):
        raise DataError(f"a Gaussian of d variables has a mean (d,) and a covariance (d, d), got {m.shape}, {s.shape}")
    if not (np.isfinite(m).all() and np.isfinite(s).all()):
        raise DataError("mean and covariance of a Gaussian are finite numbers")
    if not np.allclose(s, s.T) or np.linalg.eigvalsh(s)[0] < -1e-9 * max(np.trace(s), 1e-300):
        raise DataError("a covariance is symmetric and has no negative eigenvalue")
    return m, s
