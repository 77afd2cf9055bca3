"""Gram matrices, whole or as thin factors.

    gaussian   k(a, b) = exp(-theta/2 |a - b|^2)
    delta      k(a, b) = 1 when the labels are equal, else 0

A Gaussian Gram matrix of a few variables has quickly falling eigenvalues, so K = L L' with a thin L serves as well as K
itself. `incomplete_cholesky` finds L to a stated error without ever forming K.
"""

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError

__all__ = ["center", "delta_gram", "gaussian_gram", "incomplete_cholesky", "random_features", "squared_distances"]

Values = NDArray[np.float64]


def squared_distances(points: Values) -> Values:
    """(n, n) squared Euclidean distances between the rows of an (n, d) or (n,) array."""
    x = points.reshape(len(points), -1)
    norms = np.einsum("ij,ij->i", x, x)
    squares: Values = x @ (-2 * x.T)
    squares += norms
    squares += norms[:, None]
    np.maximum(squares, 0, out=squares)
    np.fill_diagonal(squares, 0)
    return squares


def gaussian_gram(points: Values, theta: float = 1.0) -> Values:
    """(n, n) Gram matrix exp(-theta/2 |a - b|^2) of the rows.

    Raises:
        OptionError: If theta is not positive.

    Example:
        >>> gaussian_gram(np.array([0.0, 2.0]), 0.5).round(4).tolist()
        [[1.0, 0.3679], [0.3679, 1.0]]
    """
    if not theta > 0:
        raise OptionError(f"theta, the inverse square of the width, is positive, got {theta}")
    gram = squared_distances(points)
    gram *= -0.5 * theta
    np.exp(gram, out=gram)
    return gram


def delta_gram(labels: NDArray[np.generic]) -> Values:
    """(n, n) Gram matrix: 1 where two rows have equal labels in every column, else 0."""
    codes = np.asarray(labels).reshape(len(labels), -1)
    return np.asarray((codes[:, None, :] == codes[None, :, :]).all(axis=2), dtype=np.float64)


def center(gram: Values) -> Values:
    """H K H with H = I - 11'/n: the Gram matrix of the features minus their mean."""
    means = gram.mean(axis=0)
    centred: Values = gram - (means - means.mean() / 2)
    centred -= (means - means.mean() / 2)[:, None]
    return centred


def incomplete_cholesky(
    points: Values, labels: NDArray[np.int64] | None = None, *, tolerance: float = 1e-8, max_rank: int | None = None
) -> Values | None:
    """L with K close to L L', for the product of a Gaussian kernel on `points` and a delta kernel on `labels`.

    Pivoted: each step takes the row that is explained worst, until no diagonal entry of K - L L' exceeds the tolerance.
    O(n r^2) time and O(n r) memory for rank r.

    Args:
        points: (n, d), scaled so that k = exp(-1/2 |a - b|^2); d may be 0.
        labels: (n, c) integer codes, or None.
        tolerance: Largest diagonal entry left unexplained.
        max_rank: Give up beyond it, or as soon as it will not suffice: what is left falls by about the same factor
            each so many steps, once a tenth of it is left. None goes to n.

    Returns:
        (n, r); or None where `max_rank` did not suffice.

    Raises:
        DataError: If a value is not finite.

    Example:
        >>> x = np.linspace(-1, 1, 50)[:, None]
        >>> factor = incomplete_cholesky(x)
        >>> factor.shape[1] < 12, bool(np.abs(factor @ factor.T - gaussian_gram(x)).max() < 1e-7)
        (True, True)
    """
    from aitia.stats._cholesky_kernel import pivoted

    if not np.isfinite(points).all():
        raise DataError("points of a kernel must be finite numbers")
    n = len(points)
    codes = np.empty((n, 0), np.int64) if labels is None else np.ascontiguousarray(labels, dtype=np.int64)
    limit = n if max_rank is None else min(max_rank, n)
    rows, rank = pivoted(np.ascontiguousarray(points.T), np.ascontiguousarray(codes.T), tolerance, limit)
    return None if rank < 0 else np.ascontiguousarray(rows[:rank].T)


def random_features(points: Values, count: int, rng: np.random.Generator) -> Values:
    """(n, 2 count) features whose inner products approximate exp(-1/2 |a - b|^2), with error about 1/sqrt(count).

    Cosines and sines of random frequencies (Rahimi and Recht, Random features for large-scale kernel machines, 2007).
    """
    angles = points @ rng.standard_normal((points.shape[1], count))
    features: Values = np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(count)
    return features
