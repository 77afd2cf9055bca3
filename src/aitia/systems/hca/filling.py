"""What the scores of a group would be, given some of them: the law of (1) in its first two moments, under `do`.

    z = A z + n,  x = mean + G (z - mean_z) + rest                                                                  (1)

with the noise n of the group's variances and the rest of each score of the variance that it has in the rows of the fit.
A target that is set loses its line of (1); one that is shifted has the shift added to its line. The missing scores are
the best linear guess from those that are there, under that law; other draws are normal about it, as the law of the
noise is not fitted.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention, Shift, Value
from aitia.errors import InterventionError

__all__ = ["filled", "moments"]

Values = NDArray[np.float64]


def moments(
    weights: Values,
    noise: Values,
    mixing: Values,
    mean: Values,
    mean_z: Values,
    rest: Values,
    latents: Sequence[str],
    held: Intervention,
) -> tuple[Values, Values]:
    """The mean (scores,) and covariance (scores, scores) of the scores of a group under `do`.

    Raises:
        InterventionError: If a latent is neither set to a number nor shifted by one.
    """  # fmt: skip
    eye = np.eye(len(latents))
    cut, start, variance = weights.copy(), (eye - weights) @ mean_z, noise**2
    for target, action in held.items():
        k = latents.index(str(target))
        if isinstance(action, Value):
            cut[k], start[k], variance[k] = 0.0, float(action.value), 0.0
        elif isinstance(action, Shift):
            start[k] += float(action.by)
        else:
            raise InterventionError(
                f"scores are filled in where {target!r} is set to a number or shifted, got {action}"
            )
    inverse = np.linalg.inv(eye - cut)
    spread = mixing @ inverse * np.sqrt(variance)
    return mean + mixing @ (inverse @ start - mean_z), spread @ spread.T + np.diag(rest)


def filled(x: Values, mean: Values, covariance: Values, rng: np.random.Generator | None) -> Values:
    """Rows (n, scores) with their gaps filled by their expectation, or by a draw about it where there is an `rng`."""
    answer = x.copy()
    for row in np.flatnonzero(np.isnan(x).any(axis=1)).tolist():
        gap = np.isnan(x[row])
        there = ~gap
        gain = np.linalg.solve(covariance[np.ix_(there, there)], covariance[np.ix_(there, gap)]).T
        answer[row, gap] = mean[gap] + gain @ (x[row, there] - mean[there])
        if rng is not None:
            left = covariance[np.ix_(gap, gap)] - gain @ covariance[np.ix_(there, gap)]
            size, axes = np.linalg.eigh(left)
            answer[row, gap] += axes @ (np.sqrt(np.maximum(size, 0)) * rng.standard_normal(int(gap.sum())))
    return answer
