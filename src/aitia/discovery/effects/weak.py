"""The interval of Anderson and Rubin, which holds however weak the instruments are.

An effect b is kept where the instruments Z say nothing of y - b x beside the controls:

    AR(b) = g(b)' V(b)^-1 g(b) / l <= F quantile,    g(b) = g_y - b g_x the coefficients of the l instruments      (1)

with the robust covariance V of g. det V (AR - quantile) is a polynomial of degree 2 l in b. With b = tan t, and all of
it times cos(t)^(2 l), it is a trigonometric polynomial in t of 2 l + 1 terms, so 2 l + 1 values give it exactly and its
roots are the ends, those at infinity among them. What is kept may be all numbers, none, or all but an interval.

References:
    Anderson and Rubin, Estimation of the parameters of a single equation in a complete system of stochastic equations,
    Annals of Mathematical Statistics 20 (1949).
    Andrews, Stock and Sun, Weak instruments in instrumental variables regression, Annual Review of Economics 11 (2019),
    section 5, for the robust covariance.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Intervals", "anderson_rubin", "in_words"]

Values = NDArray[np.float64]
Intervals = tuple[tuple[float, float], ...]
"""Disjoint, in order; ends may be infinite."""
ON_THE_CIRCLE = 0.01
"""Distance from the unit circle up to which a root may be an end; whether it is one is looked up on both sides."""


def anderson_rubin(
    y: Values, x: Values, instruments: Values, controls: Values, weights: Values | None = None,
    clusters: NDArray[np.intp] | None = None, confidence: float = 0.95,
) -> Intervals:  # fmt: skip
    """The coefficients of x (n,) in y (n,) that (1) keeps.

    Args:
        y: The outcome.
        x: What is set.
        instruments: (n, l).
        controls: (n, c) with the constant.
        weights: (n,) of the rows.
        clusters: (n,) the cluster of each row, 0, 1, ...
        confidence: Coverage.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> z, u = rng.normal(size=(2, 400))
        >>> x = z + u
        >>> [(low, high)] = anderson_rubin(2 * x - 3 * u, x, z[:, None], np.ones((400, 1)))
        >>> low < 2 < high
        True
    """
    from scipy.special import fdtri

    w = np.ones(len(y)) if weights is None else weights
    n, many = len(y), instruments.shape[1]
    k = many + controls.shape[1]
    y, x, *columns = (_without(controls, column, w) for column in (y, x, *instruments.T))
    unit = [math.sqrt(float(w @ column**2)) or 1.0 for column in (y, x)]
    Z = np.column_stack(columns)
    Z = Z @ np.linalg.inv(np.linalg.qr(Z * np.sqrt(w)[:, None])[1])  # now Z'WZ = 1
    g = [Z.T @ (w * column) / size for column, size in zip((y, x), unit, strict=True)]
    scores = [Z * (w * (column / size - Z @ own))[:, None] for column, size, own in zip((y, x), unit, g, strict=True)]
    factor, freedom = n / (n - k), n - k
    if clusters is not None:
        groups = int(clusters.max()) + 1
        factor, freedom = groups / (groups - 1) * (n - 1) / (n - k), groups - 1
        scores = [_summed(s, clusters, groups) for s in scores]
    limit = many * float(fdtri(many, freedom, confidence))

    def above(t: float) -> float:
        """det V (l AR - limit) at b = tan t; negative where b is kept."""
        at = math.cos(t) * g[0] - math.sin(t) * g[1]
        s = math.cos(t) * scores[0] - math.sin(t) * scores[1]
        V = factor * (s.T @ s)
        values, axes = np.linalg.eigh(V)
        others = np.array([np.prod(np.delete(values, j)) for j in range(many)])  # of the adjugate
        return float(((axes.T @ at) ** 2 * others).sum() - limit * np.prod(values))

    ends = [-math.pi / 2, *_roots(above, many), math.pi / 2]
    kept: list[tuple[float, float]] = []
    for low, high in pairwise(ends):
        if above((low + high) / 2) > 0:
            continue
        a, b = (_number(t) * unit[0] / unit[1] for t in (low, high))
        if kept and kept[-1][1] == a:
            a = kept.pop()[0]
        kept.append((a, b))
    return tuple(kept)


def in_words(kept: Intervals) -> str:
    """What is kept, such as `[0.1, 2]` or `anything below -3 or above 0.5`.

    Example:
        >>> in_words(((0.1, 2.0),)), in_words(((float("-inf"), -3.0), (0.5, float("inf"))))
        ('[0.1, 2]', 'anything below -3 or above 0.5')
    """
    if not kept:
        return "empty: no one effect agrees with all instruments"
    parts = []
    for low, high in kept:
        if math.isinf(low) and math.isinf(high):
            return "every number: the rows say nothing of the effect"
        sided = f"below {high:.4g}" if math.isinf(low) else f"above {low:.4g}"
        parts.append(sided if math.isinf(low) or math.isinf(high) else f"[{low:.4g}, {high:.4g}]")
    return f"{'' if parts[0][0] == '[' else 'anything '}{' or '.join(parts)}"


def _without(controls: Values, column: Values, w: Values) -> Values:
    """A column without what the controls say of it."""
    root = np.sqrt(w)
    return np.asarray(column - controls @ np.linalg.lstsq(controls * root[:, None], column * root, rcond=None)[0])


def _summed(scores: Values, clusters: NDArray[np.intp], groups: int) -> Values:
    sums = np.zeros((groups, scores.shape[1]))
    np.add.at(sums, clusters, scores)
    return sums


def _roots(f: Callable[[float], float], many: int) -> list[float]:
    """Where a trigonometric polynomial of period pi and 2 many + 1 terms is zero, in (-pi / 2, pi / 2), in order."""
    terms = 2 * many + 1
    values = np.array([f(math.pi * k / terms) for k in range(terms)])
    waves = np.fft.fftshift(np.fft.fft(values))  # of exp(2 i k t) for k = -l ... l
    roots = np.roots(waves[::-1])
    on = roots[np.abs(np.abs(roots) - 1) < ON_THE_CIRCLE]
    return sorted(float(t) for t in np.angle(on) / 2)


def _number(t: float) -> float:
    return math.copysign(math.inf, t) if abs(t) >= math.pi / 2 else math.tan(t)
