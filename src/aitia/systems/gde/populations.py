"""Populations whose laws are known, which the claim of generative distribution embeddings is measured on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.stats.metrics import gaussian_w2_map

__all__ = ["FAMILIES", "POINTS", "Law", "Populations", "laws", "populations"]

Values = NDArray[np.float64]
FAMILIES = {"zero-mean Gaussians": 0.0, "Gaussians": 1.0, "mixtures of three": 1.5}
"""Deviation of the means of each family."""
SETS, ROWS, TESTS, POINTS = 1500, 160, 60, 1000


class Law(NamedTuple):
    """A mixture of Gaussians in equal parts: means (parts, 2) and covariances (parts, 2, 2)."""

    means: Values
    covariances: Values

    def draw(self, n: int, rng: np.random.Generator) -> Values:
        """n points, (n, 2)."""
        part = rng.integers(len(self.means), size=n)
        factors = np.linalg.cholesky(self.covariances)
        points: Values = self.means[part] + np.einsum("nij,nj->ni", factors[part], rng.standard_normal((n, 2)))
        return points

    def half_way(self, other: "Law") -> "Law":
        """The Gaussian half-way between two in optimal transport."""
        half = 0.5 * (np.eye(2) + gaussian_w2_map(self.covariances[0], other.covariances[0]))
        return Law(0.5 * (self.means + other.means), (half @ self.covariances[0] @ half.T)[None])


def laws(family: str, count: int, rng: np.random.Generator) -> list[Law]:
    """Laws of a family, see `FAMILIES`."""
    parts = 3 if family == "mixtures of three" else 1
    drawn = []
    for _ in range(count):
        a = 0.6 * rng.standard_normal((parts, 2, 2))
        means = FAMILIES[family] * rng.standard_normal((parts, 2))
        drawn.append(Law(means, a @ a.transpose(0, 2, 1) + 0.05 * np.eye(2)))
    return drawn


class Populations(NamedTuple):
    """Sets to fit on, laws that no fit has seen, points of each, and further points of each."""

    train: list[Values]
    test: list[Law]
    seen: list[Values]
    fresh: list[Values]


def populations(family: str, rng: np.random.Generator) -> Populations:
    """Populations of a family, see `FAMILIES`."""
    train = [law.draw(ROWS, rng) for law in laws(family, SETS, rng)]
    test = laws(family, TESTS, rng)
    seen, fresh = ([law.draw(POINTS, rng) for law in test] for _ in range(2))
    return Populations(train, test, seen, fresh)
