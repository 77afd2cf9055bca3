"""The power transform of Yeo and Johnson, of all columns at once.

    y = sign(x) ((1 + |x|)^e - 1) / e,      e = l for x >= 0 and 2 - l for x < 0                                     (1)

with log(1 + |x|) in place of the fraction where e is 0. l makes y most nearly normal: it maximises, between -4 and 6,

    -n / 2 log var(y) + (l - 1) sum_i sign(x_i) log(1 + |x_i|)                                                       (2)

Source:
    Yeo and Johnson, A new family of power transformations to improve normality or symmetry, Biometrika 2000.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_yeo_johnson", "yeo_johnson"]

Values = NDArray[np.float64]

_GRID = np.linspace(-4.0, 6.0, 21)
_STEPS = 28
_RATIO = (np.sqrt(5.0) - 1) / 2
_LARGEST = 500.0
"""Exponent beyond which values are held, short of the largest number there is."""


def yeo_johnson(x: Values, powers: Values) -> Values:
    """(1) of columns.

    Args:
        x: (n, d); NaN stays NaN.
        powers: l of each column, (d,).

    Example:
        >>> yeo_johnson(np.array([[3.0], [-3.0]]), np.array([2.0])).round(3).ravel().tolist()
        [7.5, -1.386]
    """
    return _transform(np.sign(x), np.log1p(np.abs(x)), powers)


def fit_yeo_johnson(x: Values) -> Values:
    """l of each column of x (n, d), from the rows that have a value; columns are best near a scale of 1.

    A grid finds the neighbourhood of the maximum of (2), a golden section search the rest, to 1e-6.
    """
    sign, logs = np.sign(x), np.log1p(np.abs(x))
    count, slope = (~np.isnan(x)).sum(axis=0), np.nansum(sign * logs, axis=0)

    def likelihood(powers: Values) -> Values:
        y = _transform(sign, logs, powers)
        variance = np.nanmean((y - np.nanmean(y, axis=0)) ** 2, axis=0)
        value: Values = -0.5 * count * np.log(np.maximum(variance, 1e-300)) + (powers - 1) * slope
        return value

    every = np.stack([likelihood(np.full(x.shape[1], power)) for power in _GRID])
    best = _GRID[every.argmax(axis=0)]
    step = _GRID[1] - _GRID[0]
    low, high = np.maximum(best - step, _GRID[0]), np.minimum(best + step, _GRID[-1])
    for _ in range(_STEPS):
        left, right = high - _RATIO * (high - low), low + _RATIO * (high - low)
        better = likelihood(left) > likelihood(right)
        low, high = np.where(better, low, left), np.where(better, right, high)
    middle: Values = 0.5 * (low + high)
    return middle


def _transform(sign: Values, logs: Values, powers: Values) -> Values:
    exponent = np.where(sign >= 0, powers, 2 - powers)
    flat = np.abs(exponent) < 1e-9
    safe = np.where(flat, 1.0, exponent)
    grown = np.expm1(np.minimum(safe * logs, _LARGEST)) / safe
    y: Values = sign * np.where(flat, logs, grown)
    return y
