"""Kernel ridge regression on top of a linear trend, held in arrays that can be saved.

    f(x) = b_0 + b . x + sum_j a_j exp(-|x - c_j|^2 / 2 w^2)                    (1)

The linear part is not penalised, so that far from the data f follows the trend instead of falling to zero: `do` often
asks for values at the edge. The centres c_j are rows of the data (Nyström), the ridge and the width w are those with
the smallest leave-one-out error, which for ridge regression has a closed form.

Source:
    Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), sections 2.7 (explicit basis) and 8.3.7
    (Nyström); Hastie, Tibshirani, Friedman, Elements of Statistical Learning (2009), equation 7.64 (leave-one-out).
"""

from dataclasses import dataclass

import numpy as np

from aitia.scm._arrays import Values, frozen_array

__all__ = ["KernelTrend", "fit_kernel_trend"]


MOST_CENTRES = 60
MOST_ROWS_TO_CHOOSE = 1000
RIDGES = np.logspace(-4, 2, 7)
WIDTHS = (0.5, 1.0)
"""In units of the median distance between rows."""


@dataclass(frozen=True, eq=False)
class KernelTrend:
    """The function (1) over standardised inputs; `fit_kernel_trend` makes it.

    Args:
        middle: Shape (p,), taken off the inputs.
        spread: Shape (p,), the inputs are then divided by it.
        trend: Shape (p + 1,), b_0 and b.
        centres: Shape (m, p), standardised.
        weights: Shape (m,).
        width: w.
    """

    middle: Values
    spread: Values
    trend: Values
    centres: Values
    weights: Values
    width: float

    def __post_init__(self) -> None:
        for name in ("middle", "spread", "trend", "centres", "weights"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))

    def __repr__(self) -> str:
        return f"KernelTrend({self.centres.shape[1]} inputs, {len(self.weights)} centres)"

    def predict(self, X: Values) -> Values:
        """f at each row of X, (n, p) -> (n,)."""
        Z = (X - self.middle) / self.spread
        f: Values = self.trend[0] + Z @ self.trend[1:] + _kernel(Z, self.centres, self.width) @ self.weights
        return f


def fit_kernel_trend(X: Values, y: Values, rng: np.random.Generator) -> tuple[KernelTrend, Values]:
    """Fits (1) and returns it with its squared leave-one-out errors.

    Args:
        X: Inputs, (n, p), no missing values.
        y: Outputs, (n,).
        rng: Chooses the centres, and the rows that choose width and ridge where there are more than 1000.

    Returns:
        The function, and the squared leave-one-out errors on the rows that chose, with `rng.permutation(n)` order
        undone: shape (n,), NaN for a row that did not take part.
    """
    n = len(X)
    middle, spread = X.mean(axis=0), X.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    Z = (X - middle) / spread
    order = rng.permutation(n)
    centres = np.unique(Z[order[: min(MOST_CENTRES, max(2, n // 4))]], axis=0)
    chosen = np.sort(order[:MOST_ROWS_TO_CHOOSE])
    median = _median_distance(Z[order[:200]])

    best: tuple[float, float, float, Values] | None = None
    for width in WIDTHS:
        parts = _Ridge(
            Z[chosen], _kernel(Z[chosen], centres, width * median), _kernel(centres, centres, width * median)
        )
        for ridge in RIDGES:
            errors = parts.left_out(y[chosen], ridge * len(chosen)) ** 2
            if best is None or errors.mean() < best[0]:
                best = float(errors.mean()), width * median, float(ridge), errors
    assert best is not None  # there is at least one width and one ridge
    _, width, ridge, errors = best
    fitted = _Ridge(Z, _kernel(Z, centres, width), _kernel(centres, centres, width))
    trend, weights = fitted.solve(y, ridge * n)
    left_out = np.full(n, np.nan)
    left_out[chosen] = errors
    return KernelTrend(middle, spread, trend, centres, weights, float(width)), left_out


class _Ridge:
    """min |y - T b - K a|^2 + ridge a' G a, with T = [1, Z], K the kernel to the centres and G between them."""

    def __init__(self, Z: Values, K: Values, G: Values) -> None:
        self.T = np.column_stack([np.ones(len(Z)), Z])
        # In coordinates v = G^(1/2) a the penalty is |v|^2; directions that G all but lacks are dropped.
        value, vector = np.linalg.eigh(G)
        keep = value > value[-1] * 1e-8
        self.to_weights = vector[:, keep] / np.sqrt(value[keep])
        F = K @ self.to_weights
        self.Q, self.R = np.linalg.qr(self.T)
        self.QF = self.Q.T @ F
        rest = F - self.Q @ self.QF
        self.s2, self.V = np.linalg.eigh(rest.T @ rest)
        self.s2 = np.maximum(self.s2, 0.0)
        self.U = rest @ self.V  # columns of length s

    def left_out(self, y: Values, ridge: float) -> Values:
        """The error at each row of the fit to the other rows."""
        r = y - self.Q @ (self.Q.T @ y)
        shrunk = self.U / (self.s2 + ridge)
        leverage = (self.Q**2).sum(axis=1) + (self.U * shrunk).sum(axis=1)
        error: Values = (r - shrunk @ (self.U.T @ r)) / np.maximum(1 - leverage, 1e-8)
        return error

    def solve(self, y: Values, ridge: float) -> tuple[Values, Values]:
        """b and a."""
        v = self.V @ ((self.U.T @ y) / (self.s2 + ridge))
        trend = np.linalg.lstsq(self.R, self.Q.T @ y - self.QF @ v, rcond=None)[0]
        return trend, self.to_weights @ v


def _kernel(A: Values, B: Values, width: float) -> Values:
    squared = (A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1) - 2 * A @ B.T
    k: Values = np.exp(np.maximum(squared, 0.0) / (-2 * width**2))
    return k


def _median_distance(Z: Values) -> float:
    squared = (Z**2).sum(axis=1)[:, None] + (Z**2).sum(axis=1) - 2 * Z @ Z.T
    distances = np.sqrt(np.maximum(squared[np.triu_indices(len(Z), 1)], 0.0))
    median = float(np.median(distances)) if len(distances) else 1.0
    return median if median > 0 else 1.0
