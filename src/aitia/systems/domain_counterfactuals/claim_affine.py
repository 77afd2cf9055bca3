"""The rival that knows nothing of mechanisms: the affine map between the Gaussians of two domains at least cost."""

import numpy as np
from numpy.typing import NDArray

from aitia.stats.metrics import gaussian_w2_map

__all__ = ["AFFINE", "AffineMoves"]

AFFINE = "affine map at least cost"
Values = NDArray[np.float64]


class AffineMoves:
    """Takes the mean and covariance of a row's domain to those of another.

    Args:
        x: Rows, (n, m).
        labels: The domain of each, (n,).
        ridge: Added to the variances, as where there are fewer rows than columns.
    """

    def __init__(self, x: Values, labels: NDArray[np.str_], ridge: float = 0.0) -> None:
        self._moments = {
            str(d): (x[labels == d].mean(axis=0), np.cov(x[labels == d].T) + ridge * np.eye(x.shape[1]))
            for d in sorted(set(labels.tolist()))
        }
        self._maps: dict[tuple[str, str], Values] = {}

    def __call__(self, fresh: Values, labels: NDArray[np.str_], domain: str) -> Values:
        """These rows, moved to a domain; those from it stay."""
        answer = fresh.copy()
        for origin in sorted(set(labels.tolist()) - {domain}):
            (mean, covariance), (new, wanted), here = self._moments[origin], self._moments[domain], labels == origin
            if (origin, domain) not in self._maps:
                self._maps[origin, domain] = gaussian_w2_map(covariance, wanted)
            answer[here] = (fresh[here] - mean) @ self._maps[origin, domain] + new
        return answer
