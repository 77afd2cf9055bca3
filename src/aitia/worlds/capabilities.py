"""Latent capabilities of models that were made from several base models, seen as scores on benchmarks.

    z = A_e z + Ω_e^{1/2} ε,    x = G z + s ν,    ε of independent components, ν standard normal                    (1)

with A_e lower triangular in one order for all environments e, which are the base models. Weights have |a| in 0.5 to
1.5, noise standard deviations are in 0.5 to 2, G is drawn Gaussian.

Source:
    Jin, Syrgkanis, Kakade and Zhang, Discovering hierarchical latent capabilities of language models via causal
    representation learning, 2025, section 3.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.world import Seen, World

__all__ = ["CapabilitiesWorld"]

Values = NDArray[np.float64]


class CapabilitiesWorld(World):
    """d capabilities behind p scores in K base models; see the module.

    Args:
        capabilities: d.
        scores: p, more than d.
        bases: K, environments `base 1`, ...
        noise: The law of ε, of unit variance.
        error: s, of a score.
        seed: Of weights and mixing.

    Raises:
        OptionError: If a number is out of range or the law unknown.

    Example:
        >>> world = CapabilitiesWorld()
        >>> world.graph.parents("z3")
        ('z1', 'z2')
        >>> world.render(world.sample(5)).shape
        (5, 6)
    """

    name: ClassVar[str] = "capabilities"
    seen: ClassVar[Seen] = "vector"

    def __init__(
        self,
        capabilities: int = 3,
        scores: int = 6,
        bases: int = 4,
        *,
        noise: Literal["laplace", "uniform", "gaussian"] = "laplace",
        error: float = 0.02,
        seed: int = 0,
    ) -> None:
        if not 1 <= capabilities < scores or bases < 1 or error < 0:
            raise OptionError(
                f"capabilities are fewer than scores, bases 1 or more and error not negative, got {capabilities}, "
                f"{scores}, {bases} and {error}"
            )
        if noise not in ("laplace", "uniform", "gaussian"):
            raise OptionError(f"noise is laplace, uniform or gaussian, got {noise!r}")
        rng = np.random.default_rng(seed)
        d = capabilities
        self.noise, self.error = noise, error
        self.weights = np.tril(rng.uniform(0.5, 1.5, (bases, d, d)) * rng.choice([-1.0, 1.0], (bases, d, d)), -1)
        """A of each base, (bases, capabilities, capabilities)."""
        self.scales = rng.uniform(0.5, 2.0, (bases, d))
        """Standard deviations of the noise, (bases, capabilities)."""
        self.mixing = rng.standard_normal((scores, d))
        """G, (scores, capabilities)."""
        self.environments = tuple(f"base {k + 1}" for k in range(bases))
        self.capabilities = tuple(f"z{k + 1}" for k in range(d))
        self.scores = tuple(f"score_{k + 1}" for k in range(scores))
        self.changes = dict.fromkeys(self.environments[1:], self.capabilities)

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Capabilities, which are not handed out, and scores."""
        hidden = [Latent(name, -6.0, 6.0, visible=False) for name in self.capabilities]
        return (*hidden, *(Latent(name, -20.0, 20.0) for name in self.scores))

    @property
    def graph(self) -> Graph:
        """Each capability from all before it, each score from all capabilities."""
        edges = [(a, b) for k, b in enumerate(self.capabilities) for a in self.capabilities[:k]]
        edges += [(a, b) for b in self.scores for a in self.capabilities]
        return Graph(edges, nodes=(*self.capabilities, *self.scores))

    @property
    def noise_laws(self) -> dict[str, str]:
        """The law of each noise, in words."""
        return dict.fromkeys(self.capabilities, f"{self.noise}, unit variance") | dict.fromkeys(
            self.scores, "standard normal"
        )

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """ε of a capability by its law, ν of a score standard normal."""
        if name in self.scores or self.noise == "gaussian":
            return rng.standard_normal(n)
        if self.noise == "uniform":
            return rng.uniform(-(3**0.5), 3**0.5, n)
        return rng.laplace(0.0, 0.5**0.5, n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1)."""
        if name in self.scores:
            row = self.mixing[self.scores.index(name)]
            score: Values = self.error * noise
            for k, capability in enumerate(self.capabilities):
                score = score + row[k] * parents[capability]
            return score
        place = self.capabilities.index(name)
        value: Values = self.scales[env, place] * noise
        for k, capability in enumerate(self.capabilities[:place]):
            value = value + self.weights[env, place, k] * parents[capability]
        return value

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """The scores, (n, p)."""
        return sample.matrix(self.scores)
