"""What a regression on kernels leaves of a kernel: R K R with R = e (K_z + e I)^-1, as a thin factor where it has one.

A whole K has nearly full rank, but R K R has not: R takes out what the set explains, and most of K is that. Its range
is found by a sketch, Y = R K R G for a random G of some more columns than the rank, and

    R K R  ~  Y (G' Y)^-1 Y'  =  L L'                                                                               (1)

costs O(n^2 m) in place of O(n^3). The trace that L L' lacks is estimated by further random columns; where too much of
it is lacking the sketch is doubled, and given up beyond a third of the rows.

Sources:
    Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 53 (2011), section 5.5, for (1).
    Hutchinson, A stochastic estimator of the trace, Communications in Statistics 18 (1989).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Regression", "apply", "regression", "sketched"]

Values = NDArray[np.float64]
Regression = tuple[Values, Values]

SHARE, MORE = 0.12, 40
"""Columns of a first sketch: this share of the rows, and these."""
PROBES = 8
LACKING = 1e-3
"""Share of the trace that a sketch may lack."""


def regression(part: Values, ridge: float) -> Regression:
    """R, ready to be applied: (L, (L'L + e I)^-1) of a factor (n, r); (triangle of K + e I, nothing) of a whole K."""
    from scipy.linalg import cho_factor, cho_solve

    whole = part.shape[0] == part.shape[1]
    matrix = part.copy() if whole else part.T @ part
    matrix.flat[:: len(matrix) + 1] += ridge
    triangle, _ = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
    if whole:
        return triangle, np.empty((0, 0))
    return part, cho_solve((triangle, True), np.eye(len(triangle)), check_finite=False)


def apply(found: Regression, ridge: float, part: Values) -> Values:
    """R times a matrix."""
    from scipy.linalg import cho_solve

    base, inverse = found
    if not inverse.size:
        solved: Values = cho_solve((base, True), part, check_finite=False)
        return ridge * solved
    rest: Values = part - base @ (inverse @ (base.T @ part))
    return rest


def sketched(whole: Values, applied: Callable[[Values], Values]) -> Values | None:
    """L (n, m) with L L' close to R K R; None where no sketch of a third of the rows would do.

    Args:
        whole: K (n, n), positive semi-definite.
        applied: R times a matrix.
    """
    n = len(whole)
    columns = round(SHARE * n) + MORE
    while columns <= n // 3:
        random = np.random.default_rng(n).standard_normal((n, columns + PROBES))
        image = applied(whole @ applied(random))
        factor = _factor(random[:, :columns], image[:, :columns])
        probes, seen = random[:, columns:], image[:, columns:]
        trace = float(np.vdot(probes, seen))
        kept = factor.T @ probes
        if trace - float(np.vdot(kept, kept)) <= LACKING * trace:
            return factor
        columns *= 2
    return None


def _factor(random: Values, image: Values) -> Values:
    """L of (1). A shift far below the largest eigenvalue keeps its small matrix positive."""
    from scipy.linalg import cholesky, solve_triangular

    shift = np.sqrt(len(image)) * np.finfo(np.float64).eps * np.linalg.norm(image)
    shifted = image + shift * random
    small = random.T @ shifted
    triangle = cholesky((small + small.T) / 2, lower=True, check_finite=False)
    factor: Values = solve_triangular(triangle, shifted.T, lower=True, check_finite=False).T
    return factor
