r"""Graphs with planted communities, power laws of degrees and sizes, and weights, after the benchmark of Lancichinetti.

A node has degree k_i, of which a share 1 - μ_t leads into its own community, and strength k_i^β, of which a share
1 - μ_w lies on those edges. An edge has the mean of what its two ends would give each of their edges of that kind:

    w_ij = (s_i / c_i + s_j / c_j) / 2,   s = (1 - μ_w) k^β inside, μ_w k^β outside,   c edges of the node of that kind

Edges are drawn one by one with chances in proportion to the degrees, so degrees are met in expectation, which the
original meets exactly by rewiring.

Source:
    Lancichinetti and Fortunato, Benchmarks for testing community detection algorithms on directed and weighted graphs
    with overlapping communities, Physical Review E 2009.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError

__all__ = ["WeightedCommunities"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class WeightedCommunities:
    """How to draw; see the module.

    Args:
        nodes: N.
        degree: Mean degree.
        most: Largest degree.
        degree_power: τ1, of the law of degrees.
        size_power: τ2, of the law of sizes of communities.
        sizes: Smallest and largest community.
        topology: μ_t.
        weights: μ_w.
        strength_power: β.

    Raises:
        OptionError: If a number is out of range.

    Example:
        >>> matrix, labels = WeightedCommunities().sample(seed=0)
        >>> matrix.shape, bool((matrix == matrix.T).all()), int(labels.max()) > 0
        ((125, 125), True, True)
    """

    nodes: int = 125
    degree: float = 25.0
    most: int = 100
    degree_power: float = 2.0
    size_power: float = 1.0
    sizes: tuple[int, int] = (15, 50)
    topology: float = 0.25
    weights: float = 0.25
    strength_power: float = 2.0

    def __post_init__(self) -> None:
        low, high = self.sizes
        if not 2 <= low <= high <= self.nodes or not 1 <= self.degree < self.most < self.nodes:
            raise OptionError(
                f"sizes go up from 2 to the {self.nodes} nodes and degrees from 1 to below them, got sizes "
                f"{self.sizes}, mean degree {self.degree} and largest degree {self.most}"
            )
        if not (0 <= self.topology < 1 and 0 <= self.weights < 1):
            raise OptionError(f"shares are from 0 to below 1, got {self.topology} and {self.weights}")

    def sample(self, seed: int) -> tuple[Values, Codes]:
        """Weights (nodes, nodes) and the community of each node."""
        rng = np.random.default_rng(seed)
        labels = self._labels(rng)
        degrees = self._degrees(rng)
        same = labels[:, None] == labels[None]
        np.fill_diagonal(same, False)
        apart = labels[:, None] != labels[None]
        there = np.zeros((self.nodes, self.nodes), dtype=bool)
        for kind, share in ((same, 1 - self.topology), (apart, self.topology)):
            # As many edges as half the degrees of this kind, where there is room for them.
            pairs = np.argwhere(np.triu(kind))
            chance = degrees[pairs[:, 0]] * degrees[pairs[:, 1]]
            wanted = min(round(share * degrees.sum() / 2), len(pairs))
            keys = np.log(rng.random(len(pairs))) / chance
            taken = pairs[np.argsort(-keys, kind="stable")[:wanted]]
            there[taken[:, 0], taken[:, 1]] = True
        there |= there.T
        strength = there.sum(axis=1) ** self.strength_power
        weights = np.zeros(there.shape)
        for kind, share in ((same, 1 - self.weights), (apart, self.weights)):
            edges = there & kind
            each = share * strength / np.maximum(edges.sum(axis=1), 1)
            weights += np.where(edges, (each[:, None] + each[None]) / 2, 0.0)
        return weights, labels

    def _labels(self, rng: np.random.Generator) -> Codes:
        low, high = self.sizes
        values = np.arange(low, high + 1)
        chance = values**-self.size_power
        sizes: list[int] = []
        while sum(sizes) < self.nodes:
            sizes.append(int(rng.choice(values, p=chance / chance.sum())))
        over = sum(sizes) - self.nodes
        if sizes[-1] - over >= low:
            sizes[-1] -= over
        else:
            rest = sizes.pop() - over
            for k in range(rest):
                sizes[k % len(sizes)] += 1
        return np.asarray(rng.permutation(np.repeat(np.arange(len(sizes)), sizes)), dtype=np.int64)

    def _degrees(self, rng: np.random.Generator) -> Values:
        """From a power law between the least degree that gives the wanted mean and the largest."""
        mean, least = np.inf, self.most
        while mean > self.degree and least > 1:
            least -= 1
            values = np.arange(least, self.most + 1, dtype=np.float64)
            chance = values**-self.degree_power
            mean = float((values * chance).sum() / chance.sum())
        return np.asarray(rng.choice(values, self.nodes, p=chance / chance.sum()))
