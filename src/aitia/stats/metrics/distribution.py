"""How far two samples are from one distribution; lower is better, and 0 in expectation or in fact when they are one.

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y),  x and x' independent                                            (1)
    FD    = |m_x - m_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2))                                                       (2)

Sources:
    Gretton, Borgwardt, Rasch, Schölkopf and Smola, A kernel two-sample test, JMLR 2012, equation 3.
    Bińkowski, Sutherland, Arbel and Gretton, Demystifying MMD GANs, ICLR 2018 (KID).
    Heusel, Ramsauer, Unterthiner, Nessler and Hochreiter, GANs trained by a two time-scale update rule converge to a
    local Nash equilibrium, NIPS 2017 (FID).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import DataError, OptionError
from aitia.stats.metrics._checks import Values, columns
from aitia.stats.metrics._regression import squares_between
from aitia.stats.metrics.transport import between_moments

__all__ = ["KID", "frechet_distance", "kid", "mmd2_unbiased"]

CHUNK = 1000
MEDIAN_ROWS = 2000


def _two_samples(a: ArrayLike, b: ArrayLike, names: tuple[str, str]) -> tuple[Values, Values]:
    x, y = columns(a, names[0]), columns(b, names[1])
    if x.shape[1] != y.shape[1]:
        raise DataError(f"{names[0]} has {x.shape[1]} columns and {names[1]} {y.shape[1]}: both need the same")
    for name, sample in zip(names, (x, y), strict=True):
        if len(sample) < 2:
            raise DataError(f"{name} has one row, a distance of distributions needs two or more")
    return x, y


def _mmd2(x: Values, y: Values, kernel: Callable[[Values, Values], Values]) -> float:
    """The unbiased estimate of (1), by blocks of rows so that no n x n matrix is kept."""

    def within(a: Values) -> float:
        total = 0.0
        for i in range(0, len(a), CHUNK):
            block = kernel(a[i : i + CHUNK], a)
            total += float(block.sum() - np.trace(block, offset=i))
        return total / (len(a) * (len(a) - 1))

    between = sum(float(kernel(x[i : i + CHUNK], y).sum()) for i in range(0, len(x), CHUNK))
    return within(x) + within(y) - 2 * between / (len(x) * len(y))


def _median_distance(x: Values, y: Values) -> float:
    """Median distance between distinct rows of the pooled sample, of 2000 evenly spaced rows where there are more."""
    from aitia.stats.hsic import median_theta

    pooled = np.concatenate([x, y])
    if len(pooled) > MEDIAN_ROWS:
        pooled = pooled[np.linspace(0, len(pooled) - 1, MEDIAN_ROWS).astype(np.int64)]
    return float(1 / np.sqrt(median_theta(pooled)))


def mmd2_unbiased(
    x: ArrayLike,
    y: ArrayLike,
    bandwidth: float | Literal["median"] = "median",
    *,
    scales: Sequence[float] = (1.0,),
) -> float:
    """The unbiased estimate of the squared maximum mean discrepancy (1) under a Gaussian kernel. Lower is better.

    k(a, b) is the mean over `scales` of exp(-‖a - b‖^2 / 2 (scale bandwidth)^2). The estimate is negative about half of
    the time when both samples have one distribution.

    Args:
        x: (n, d).
        y: (m, d).
        bandwidth: Of the kernel in the unit of the data, or "median": the median distance in the pooled sample.
        scales: Multiples of the bandwidth that are mixed, such as (0.25, 0.5, 1, 2, 4).

    Raises:
        DataError: If a value is not finite, a sample has fewer than two rows, or the columns differ in number.
        OptionError: If the bandwidth or a scale is not positive.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a, b = rng.normal(size=(200, 2)), rng.normal(size=(300, 2))
        >>> abs(mmd2_unbiased(a, b)) < 0.02, mmd2_unbiased(a, b + 2) > 0.5
        (True, True)
    """
    if isinstance(bandwidth, str) and bandwidth != "median":
        raise OptionError(f"bandwidth is 'median' or a positive number, got {bandwidth!r}")
    if not isinstance(bandwidth, str) and not 0 < bandwidth < np.inf:
        raise OptionError(f"bandwidth is 'median' or a positive number, got {bandwidth}")
    if not len(scales) or not all(0 < scale < np.inf for scale in scales):
        raise OptionError(f"scales are one or more positive numbers, got {list(scales)}")
    a, b = _two_samples(x, y, ("x", "y"))
    # Distances come from inner products: around a far mean they would cancel.
    middle = np.concatenate([a, b]).mean(axis=0)
    a, b = a - middle, b - middle
    width = _median_distance(a, b) if isinstance(bandwidth, str) else float(bandwidth)
    rates = [-0.5 / (scale * width) ** 2 for scale in scales]

    def kernel(p: Values, q: Values) -> Values:
        squares = squares_between(p, q)
        mixed = np.zeros_like(squares)
        scratch = np.empty_like(squares)
        for rate in rates:
            mixed += np.exp(np.multiply(squares, rate, out=scratch), out=scratch)
        mixed /= len(rates)
        return mixed

    return _mmd2(a, b, kernel)


@dataclass(frozen=True)
class KID:
    """A kernel distance and how it varies over subsets.

    Args:
        value: Mean over subsets; lower is better.
        deviation: Standard deviation over subsets, 0 for a single one.
    """

    value: float
    deviation: float


def kid(
    features_x: ArrayLike, features_y: ArrayLike, *, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> KID:
    """The kernel distance of features: unbiased MMD^2 (1) under k(a, b) = (a'b / d + 1)^3, over random subsets.

    Lower is better. It bears the name KID (Kernel Inception Distance) rightly where the features are those of the
    Inception network; features of another network give other numbers, comparable among themselves.

    Args:
        features_x: (n, d).
        features_y: (m, d).
        subsets: How many are drawn, 100 as published.
        subset_size: Rows drawn from each sample without replacement; all where there are fewer.
        seed: Of the subsets.

    Raises:
        DataError: If a value is not finite, a sample has fewer than two rows, or the columns differ in number.
        OptionError: If there is no subset, or it has fewer than two rows.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = kid(rng.normal(size=(300, 4)), rng.normal(size=(300, 4)) + 1, subsets=5, subset_size=200)
        >>> found.value > 1
        True
    """
    if subsets < 1:
        raise OptionError(f"subsets is 1 or more, got {subsets}")
    if subset_size < 2:
        raise OptionError(f"subset_size is 2 or more, got {subset_size}")
    x, y = _two_samples(features_x, features_y, ("features_x", "features_y"))
    d = x.shape[1]
    rng = np.random.default_rng(seed)

    def kernel(p: Values, q: Values) -> Values:
        inner: Values = p @ q.T / d + 1
        return inner * inner * inner

    drawn = []
    for _ in range(subsets):
        rows_x = rng.choice(len(x), min(subset_size, len(x)), replace=False)
        rows_y = rng.choice(len(y), min(subset_size, len(y)), replace=False)
        drawn.append(_mmd2(x[rows_x], y[rows_y], kernel))
    return KID(float(np.mean(drawn)), float(np.std(drawn)))


def frechet_distance(features_x: ArrayLike, features_y: ArrayLike) -> float:
    """The Fréchet distance (2) between Gaussians with the moments of two samples. Lower is better; 0 on itself.

    It is the FID only where the features are those of the Inception network that FID names. Only means and covariances
    count. It is biased upwards, the more the fewer rows: compare at one number of rows, well above d.

    Args:
        features_x: (n, d).
        features_y: (m, d).

    Raises:
        DataError: If a value is not finite, a sample has fewer than two rows, or the columns differ in number.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(100, 3))
        >>> round(frechet_distance(x, x + [3, 4, 0]), 6)
        25.0
    """
    x, y = _two_samples(features_x, features_y, ("features_x", "features_y"))
    covariance_x, covariance_y = (np.cov(sample, rowvar=False).reshape(x.shape[1], -1) for sample in (x, y))
    return between_moments(x.mean(axis=0), covariance_x, y.mean(axis=0), covariance_y)
