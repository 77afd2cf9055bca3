"""Least squares, logistic regression and two-stage least squares, with weights and errors robust to clusters.

    b = (X'WX)^-1 X'Wy        V = c (X'WX)^-1 (sum over clusters of s s') (X'WX)^-1,   s = X'We of a cluster      (1)

A row that is in no cluster is one of its own; c = n / (n - k) for rows, G / (G - 1) (n - 1) / (n - k) for G clusters.
Two stages put the fit of X on the instruments in the place of X in (1), and keep it in the residual.

References:
    White, Econometrica 48 (1980); Liang and Zeger, Biometrika 73 (1986); Cameron and Miller, A practitioner's guide to
    cluster-robust inference, Journal of Human Resources 50 (2015).
    Staiger and Stock, Econometrica 65 (1997), for the first stage: an F below 10 is a weak instrument.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError

__all__ = ["Fit", "TwoStage", "least_squares", "logistic", "two_stage"]

Values = NDArray[np.float64]
Codes = NDArray[np.intp]
STEPS, NEAR = 50, 1e-10
RIDGE = 1e-6
"""On standardised columns: keeps labels that are told apart without error finite."""


@dataclass(frozen=True)
class Fit:
    """Coefficients (k,), their covariance (k, k), robust and plain, residuals (n,) and degrees of freedom."""

    coefficients: Values
    covariance: Values
    plain: Values
    residual: Values
    freedom: int


@dataclass(frozen=True)
class TwoStage:
    """The coefficient of what is caused, its robust variance, and the F statistic of the instruments in stage one."""

    coefficient: float
    variance: float
    first_stage: float


def _weights(n: int, weights: Values | None) -> Values:
    return np.ones(n) if weights is None else weights


def _meat(scores: Values, clusters: Codes | None, k: int) -> Values:
    """The middle of (1), corrected for degrees of freedom."""
    n = len(scores)
    if clusters is None:
        middle: Values = scores.T @ scores * (n / (n - k))
        return middle
    many = int(clusters.max()) + 1
    sums = np.zeros((many, scores.shape[1]))
    np.add.at(sums, clusters, scores)
    return np.asarray(sums.T @ sums * (many / (many - 1) * (n - 1) / (n - k)))


def least_squares(X: Values, y: Values, weights: Values | None = None, clusters: Codes | None = None) -> Fit:
    """(1) for X (n, k) with its constant and y (n,).

    Raises:
        DataError: If there are no more rows than columns, or a column follows from the others.
    """
    n, k = X.shape
    w = _weights(n, weights)
    if n <= k:
        raise DataError(f"{k} columns are fitted to {n} rows: at least {k + 1} are needed")
    gram = X.T @ (w[:, None] * X)
    if np.linalg.matrix_rank(gram / np.outer(*[np.sqrt(np.maximum(np.diag(gram), 1e-300))] * 2)) < k:
        raise DataError("a column of the regression follows from the others: leave it out")
    inverse = np.linalg.inv(gram)
    beta = inverse @ (X.T @ (w * y))
    residual = y - X @ beta
    scores = X * (w * residual)[:, None]
    plain: Values = np.asarray(inverse * float((w * residual**2).sum() / (n - k)), dtype=np.float64)
    return Fit(beta, inverse @ _meat(scores, clusters, k) @ inverse, plain, residual, n - k)


def logistic(X: Values, y: Values, weights: Values | None = None) -> Values:
    """(k,) coefficients of P(y = 1 | X) by Newton's method; the first column of X is the constant."""
    w = _weights(len(X), weights)
    spread = np.where((sd := X.std(axis=0)) > 0, sd, 1.0)
    Z = X / spread
    penalty = np.full(Z.shape[1], RIDGE * len(Z))
    penalty[0] = 0.0
    beta = np.zeros(Z.shape[1])
    for _ in range(STEPS):
        p = _inverse_logit(Z @ beta)
        curvature = np.maximum(w * p * (1 - p), 1e-12)
        gradient = Z.T @ (w * (y - p)) - penalty * beta
        hessian = Z.T @ (curvature[:, None] * Z) + np.diag(penalty + 1e-12)
        step = np.linalg.solve(hessian, gradient)
        beta += step * min(1.0, 5.0 / max(float(np.abs(Z @ step).max()), 1e-300))
        if np.abs(step).max() < NEAR:
            break
    return np.asarray(beta / spread)


def _inverse_logit(score: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -35, 35))))


def chance(X: Values, beta: Values) -> Values:
    """(n,) P(y = 1 | X)."""
    return _inverse_logit(X @ beta)


def two_stage(
    y: Values, x: Values, instruments: Values, controls: Values, weights: Values | None = None,
    clusters: Codes | None = None,
) -> TwoStage:  # fmt: skip
    """The coefficient of x (n,) in y (n,), by instruments (n, l), with controls (n, c) that hold the constant.

    Raises:
        DataError: If there are no more rows than columns, or an instrument follows from the controls.
    """
    w = _weights(len(y), weights)
    first = least_squares(np.column_stack([controls, instruments]), x, weights, clusters)
    c, many = controls.shape[1], instruments.shape[1]
    own = first.coefficients[c:]
    spread = first.covariance[c:, c:]
    f = float(own @ np.linalg.solve(spread, own)) / many if first.residual.any() else float("inf")
    fitted = np.column_stack([controls, x - first.residual])
    X = np.column_stack([controls, x])
    inverse = np.linalg.inv(fitted.T @ (w[:, None] * fitted))
    beta = inverse @ (fitted.T @ (w * y))
    scores = fitted * (w * (y - X @ beta))[:, None]
    covariance = inverse @ _meat(scores, clusters, X.shape[1]) @ inverse
    return TwoStage(float(beta[-1]), float(covariance[-1, -1]), f)
