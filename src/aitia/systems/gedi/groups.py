"""Clusters and strangeness without a network: k-means, alone or on principal components, and the mean."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Components", "KMeans"]

Values = NDArray[np.float64]
_STARTS, _ROUNDS = 5, 100


class KMeans:
    """k-means, the best of five starts.

    Args:
        x: Rows (n, d).
        clusters: K.
        seed: Of the starts.

    Attributes:
        centres: (K, d).

    Source:
        Arthur and Vassilvitskii, k-means++: the advantages of careful seeding, SODA 2007 (the starts).
    """

    def __init__(self, x: Values, clusters: int, seed: int = 0) -> None:
        random = np.random.default_rng([seed, 91])
        found = [self._run(x, _spread(x, clusters, random)) for _ in range(_STARTS)]
        self.centres: Values = min(found, key=lambda one: one[0])[1]

    def predict(self, x: Values) -> NDArray[np.int64]:
        """The nearest centre of each row, (n,)."""
        nearest: NDArray[np.int64] = _squares(x, self.centres).argmin(1)
        return nearest

    def distance(self, x: Values) -> Values:
        """To the nearest centre, (n,)."""
        far: Values = np.sqrt(_squares(x, self.centres).min(1))
        return far

    @staticmethod
    def _run(x: Values, centres: Values) -> tuple[float, Values]:
        before = np.full(len(x), -1)
        for _ in range(_ROUNDS):
            near = _squares(x, centres).argmin(1)
            if (near == before).all():
                break
            centres = np.stack([x[near == k].mean(0) if (near == k).any() else centres[k] for k in range(len(centres))])
            before = near
        return float(_squares(x, centres).min(1).sum()), centres


class Components:
    """The principal components that hold nine tenths of the variance, at most 30.

    Args:
        x: Rows (n, d).
    """

    def __init__(self, x: Values) -> None:
        self._mean = x.mean(0)
        _, size, ways = np.linalg.svd(x - self._mean, full_matrices=False)
        share = np.cumsum(size**2) / max((size**2).sum(), 1e-300)
        self._ways: Values = ways[: min(int(np.searchsorted(share, 0.9)) + 1, 30)]

    def codes(self, x: Values) -> Values:
        """(n, components)."""
        codes: Values = (x - self._mean) @ self._ways.T
        return codes

    def left_out(self, x: Values) -> Values:
        """How far each row is from what its components give back, (n,)."""
        far: Values = np.linalg.norm(x - self._mean - self.codes(x) @ self._ways, axis=1)
        return far


def _squares(x: Values, centres: Values) -> Values:
    squares: Values = (x**2).sum(1)[:, None] - 2 * x @ centres.T + (centres**2).sum(1)[None]
    return squares.clip(0)


def _spread(x: Values, clusters: int, random: np.random.Generator) -> Values:
    """Starts that are far apart: each drawn by its squared distance to those before."""
    picked = [x[random.integers(len(x))]]
    for _ in range(clusters - 1):
        far = _squares(x, np.stack(picked)).min(1)
        total = far.sum()
        picked.append(x[random.choice(len(x), p=far / total if total > 0 else None)])
    return np.stack(picked)
