"""The regressions behind R2: fitted on one half of the rows, asked about the other half.

Inputs and targets are standardised by the fitting half. Every choice is made inside that half.
"""

import numpy as np

from aitia.errors import MissingExtraError
from aitia.stats.metrics._checks import Values, standardized_by

__all__ = ["ALPHAS", "GAMMAS", "KERNEL_ROWS", "REGRESSORS", "least_squares", "prediction", "squares_between"]

ALPHAS = (1.0, 1e-1, 1e-2, 1e-3)
GAMMAS = (1e-2, 1e-1, 1.0, 1e1, 1e2)
KERNEL_ROWS = 1000
REGRESSORS = ("kernel-ridge", "linear", "mlp")


def squares_between(a: Values, b: Values) -> Values:
    """(n, m) squared Euclidean distances between the rows of (n, d) and (m, d)."""
    squares: Values = a @ (-2 * b.T)
    squares += np.einsum("ij,ij->i", a, a)[:, None]
    squares += np.einsum("ij,ij->i", b, b)
    return np.maximum(squares, 0, out=squares)


def least_squares(x: Values, y: Values, at: Values) -> Values:
    """Predictions (m, d) at the rows of `at` by linear least squares of y (n, d) on x (n, k), with intercept."""
    inputs, asked = standardized_by(x, at)  # else the cut on singular values would drop columns of small scale
    weights = np.linalg.lstsq(inputs, y - y.mean(axis=0), rcond=None)[0]
    predicted: Values = asked @ weights + y.mean(axis=0)
    return predicted


def _kernel_ridge(x: Values, y: Values, at: Values) -> Values:
    """Per target, the alpha and gamma that predict the last fifth of the rows best; then a fit to all of them."""
    from scipy.linalg import cho_factor, cho_solve

    x, y = x[:KERNEL_ROWS], y[:KERNEL_ROWS]
    cut = max(1, len(x) * 4 // 5)
    squares = squares_between(x, x)

    def solved(rows: int, alpha: float, gram: Values, targets: Values) -> Values:
        ridge = gram[:rows, :rows] + alpha * np.eye(rows)
        answer: Values = cho_solve(cho_factor(ridge, overwrite_a=True), targets[:rows])
        return answer

    grid = [(gamma, alpha) for gamma in GAMMAS for alpha in ALPHAS]
    errors = np.empty((len(grid), y.shape[1]))
    grams = {gamma: np.exp(-gamma * squares) for gamma in GAMMAS}
    for g, (gamma, alpha) in enumerate(grid):
        guess = grams[gamma][cut:, :cut] @ solved(cut, alpha, grams[gamma], y)
        errors[g] = ((guess - y[cut:]) ** 2).sum(axis=0)
    chosen = errors.argmin(axis=0)
    to_new = squares_between(at, x)
    predicted = np.empty((len(at), y.shape[1]))
    for g in np.unique(chosen):
        gamma, alpha = grid[g]
        mine = chosen == g
        predicted[:, mine] = np.exp(-gamma * to_new) @ solved(len(x), alpha, grams[gamma], y[:, mine])
    return predicted


def _mlp(x: Values, y: Values, at: Values, seed: int) -> Values:
    import warnings

    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPRegressor
    except ImportError as error:
        raise MissingExtraError("regressor 'mlp' needs scikit-learn: pip install 'aitia[data]'") from error
    network = MLPRegressor(hidden_layer_sizes=(128, 128), early_stopping=True, max_iter=200, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(x, y if y.shape[1] > 1 else y[:, 0])
    return np.asarray(network.predict(at), dtype=np.float64).reshape(len(at), -1)


def prediction(regressor: str, x: Values, y: Values, at: Values, seed: int) -> Values:
    """Predictions (m, d) at the rows of `at` (m, k), by one of REGRESSORS fitted to x (n, k) and y (n, d)."""
    if regressor == "linear":
        return least_squares(x, y, at)

    inputs, asked = standardized_by(x, at)
    (targets,) = standardized_by(y)
    guess = _mlp(inputs, targets, asked, seed) if regressor == "mlp" else _kernel_ridge(inputs, targets, asked)
    predicted: Values = guess * y.std(axis=0) + y.mean(axis=0)
    return predicted
