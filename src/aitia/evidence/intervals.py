"""Intervals of 95 % over seeds, one for each kind of number.

    mean      Student's t; from 10 seeds on the bias-corrected and accelerated bootstrap, 10,000 seeded draws
    ratio     that of the mean of the logarithms, so that 2 and 1/2 are as far from 1
    share     Wilson's score interval; of a difference of two shares over the same seeds, Newcombe's from Wilson's
    median    two order statistics, without any assumption on the distribution; from 6 seeds on

A difference from a rival is paired: both saw the same seed. None says that the seeds are too few for an interval.

Sources:
    Efron, Better bootstrap confidence intervals, JASA 82 (1987), equation 6.6, acceleration by the jackknife.
    Newcombe, Improved confidence intervals for the difference between binomial proportions based on paired data,
    Statistics in Medicine 17 (1998), method 10.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.stats.shares import wilson_interval

__all__ = [
    "BOOTSTRAP_FROM",
    "Interval",
    "Statistic",
    "mean_interval",
    "median_interval",
    "method_of_mean",
    "paired_shares",
    "wilson",
]

Statistic = Literal["mean", "median"]
BOOTSTRAP_FROM = 10
"""Seeds from which on the mean is bootstrapped: with fewer the draws are little more than the values themselves."""
_DRAWS = 10_000
_TAIL = 0.025
_NORMAL = NormalDist()
_STUDENT = (
    12.706204736174705, 4.302652729749464, 3.1824463052837095, 2.7764451051977943,
    2.5705818356363155, 2.44691185114497, 2.3646242515927853, 2.3060041352041667,
)  # fmt: skip
"""The 97.5 % points of Student's t with 1 to 8 degrees of freedom: `aitia show` is through before scipy is loaded."""


class Interval(NamedTuple):
    """From `low` to `high`."""

    low: float
    high: float


def mean_interval(values: Sequence[float]) -> Interval | None:
    """The interval of the mean of one number a seed; None below two seeds.

    Example:
        >>> [round(end, 3) for end in mean_interval([1.0, 2.0, 3.0])]
        [-0.484, 4.484]
    """
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        return None
    middle, spread = float(x.mean()), float(x.std(ddof=1))
    if not spread:
        return Interval(middle, middle)
    if len(x) >= BOOTSTRAP_FROM:
        return _accelerated(x)
    half = _STUDENT[len(x) - 2] * spread / math.sqrt(len(x))
    return Interval(middle - half, middle + half)


def method_of_mean(seeds: int) -> str:
    """How `mean_interval` is made of so many seeds, in words."""
    return "Student's t" if seeds < BOOTSTRAP_FROM else "accelerated bootstrap"


def _accelerated(x: NDArray[np.float64]) -> Interval:
    means, middle = x[_drawn(len(x))].mean(axis=1), x.mean()
    equal = np.isclose(means, middle, rtol=1e-12, atol=0)
    below = (np.sum((means < middle) & ~equal) + 0.5 * np.sum(equal)) / _DRAWS
    shift = _NORMAL.inv_cdf(float(np.clip(below, 0.5 / _DRAWS, 1 - 0.5 / _DRAWS)))
    left_out = (x.sum() - x) / (len(x) - 1)
    away = left_out.mean() - left_out
    skew = float((away**3).sum() / (6 * (away**2).sum() ** 1.5))
    ends = (shift + _NORMAL.inv_cdf(tail) for tail in (_TAIL, 1 - _TAIL))
    low, high = np.quantile(means, [_NORMAL.cdf(shift + z / (1 - skew * z)) for z in ends])
    return Interval(float(low), float(high))


@lru_cache(4)
def _drawn(n: int) -> NDArray[np.int64]:
    """Which of n values each draw of the bootstrap takes, (draws, n); the same for all rows of a claim."""
    return np.random.default_rng(0).integers(0, n, (_DRAWS, n))


def median_interval(values: Sequence[float]) -> Interval | None:
    """The k-th smallest and k-th largest value, k the largest at which 95 % is kept; None below six seeds."""
    x = np.sort(np.asarray(values, dtype=np.float64))
    below = np.cumsum([math.comb(len(x), k) / 2 ** len(x) for k in range(len(x) // 2)])
    inside = [k for k, tail in enumerate(below, 1) if tail <= _TAIL]
    return Interval(float(x[inside[-1] - 1]), float(x[-inside[-1]])) if inside else None


def wilson(hits: float, n: int) -> Interval | None:
    """The interval of a share of n seeds; None below two.

    Example:
        >>> [round(end, 3) for end in wilson(5, 5)]
        [0.566, 1.0]
    """
    return None if n < 2 else Interval(*wilson_interval(hits, n))


def paired_shares(ours: Sequence[float], theirs: Sequence[float]) -> Interval | None:
    """The interval of the difference of two shares, 0 or 1 in each seed; None below two seeds."""
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    n = len(a)
    one, other = wilson(float(a.sum()), n), wilson(float(b.sum()), n)
    if one is None or other is None:
        return None
    p, q = float(a.mean()), float(b.mean())
    both, neither = float((a * b).sum()), float(((1 - a) * (1 - b)).sum())
    product = both * neither - float((a * (1 - b)).sum()) * float(((1 - a) * b).sum())
    scale = math.sqrt(p * (1 - p) * q * (1 - q)) * n**2
    phi = 0.0 if not scale else (max(product - n / 2, 0.0) if product > 0 else product) / scale

    def reach(x: float, y: float) -> float:
        return math.sqrt(max(x**2 - 2 * phi * x * y + y**2, 0.0))

    return Interval(p - q - reach(p - one.low, other.high - q), p - q + reach(one.high - p, q - other.low))
