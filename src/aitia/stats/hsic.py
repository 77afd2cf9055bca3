"""The Hilbert-Schmidt independence criterion: how far two kernels see the same structure.

    HSIC = tr(K H L H) / n^2                                                                                        (1)

Source:
    Gretton, Fukumizu, Teo, Song, Schölkopf and Smola, A kernel statistical test of independence, NIPS 2007.
"""

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError
from aitia.stats.kernels import center, gaussian_gram, squared_distances

__all__ = ["hsic", "hsic_test", "median_theta", "normalized_hsic"]

Values = NDArray[np.float64]


def median_theta(points: Values) -> float:
    """The inverse square of the median distance between distinct rows, the usual width of a Gaussian kernel."""
    squares = squared_distances(points)
    positive = squares[np.triu_indices(len(squares), 1)]
    positive = positive[positive > 0]
    return 1.0 / float(np.median(positive)) if len(positive) else 1.0


def hsic(gram_x: Values, gram_y: Values) -> float:
    """HSIC (1) of two (n, n) Gram matrices.

    Raises:
        DataError: If the shapes differ.
    """
    if gram_x.shape != gram_y.shape:
        raise DataError(f"two Gram matrices of one sample have one shape, got {gram_x.shape} and {gram_y.shape}")
    return float(np.sum(center(gram_x) * gram_y)) / len(gram_x) ** 2


def normalized_hsic(gram_x: Values, gram_y: Values) -> float:
    """HSIC divided by the geometric mean of both self-terms: in [0, 1], like a squared correlation.

    Raises:
        DataError: If the shapes differ.

    Example:
        >>> gram = gaussian_gram(np.arange(5.0))
        >>> round(normalized_hsic(gram, gram), 6)
        1.0
    """
    if gram_x.shape != gram_y.shape:
        raise DataError(f"two Gram matrices of one sample have one shape, got {gram_x.shape} and {gram_y.shape}")
    x, y = center(gram_x), center(gram_y)
    scale = float(np.sqrt(np.sum(x * x) * np.sum(y * y)))
    return float(np.sum(x * y)) / scale if scale > 0 else 0.0


def hsic_test(x: Values, y: Values, *, permutations: int = 500, seed: int = 0) -> tuple[float, float]:
    """HSIC with Gaussian kernels of median width, and its permutation p-value.

    Args:
        x: (n,) or (n, d).
        y: (n,) or (n, e).
        permutations: Shuffles of y behind the p-value, which is at least 1 / (permutations + 1).
        seed: Of the shuffles.

    Raises:
        DataError: If the numbers of rows differ.
        OptionError: If there is no permutation.

    Example:
        >>> x = np.linspace(-1, 1, 60)
        >>> hsic_test(x, x**2)[1] < 0.01
        True
    """
    if len(x) != len(y):
        raise DataError(f"x has {len(x)} rows and y {len(y)}")
    if permutations < 1:
        raise OptionError(f"permutations must be 1 or more, got {permutations}")
    gram_x = center(gaussian_gram(x, median_theta(x)))
    gram_y = gaussian_gram(y, median_theta(y))
    statistic = float(np.sum(gram_x * gram_y))
    rng = np.random.default_rng(seed)
    exceed = 0
    for _ in range(permutations):
        order = rng.permutation(len(x))
        exceed += float(np.sum(gram_x * gram_y[np.ix_(order, order)])) >= statistic
    return statistic / len(x) ** 2, (exceed + 1) / (permutations + 1)
