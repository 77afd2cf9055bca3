"""Latent systems seen in several domains that differ in few mechanisms: what domain counterfactuals are asked about.

    z_i = sum_{j<i} A_d[j, i] h(z_j) + b_d [i in I] + eps_i,    x = G leaky(z) / s            (1)

with eps ~ N(0, I), h the identity or a smooth nonlinear function, leaky with slope 1/2 below zero, s the standard
deviations over all domains, and |det G| = 1. The columns of A_d that belong to I differ between the domains d, and so
does the shift b_d of these latents; everything else is shared. A row's domain counterfactual keeps its eps.

The published systems add b_d after the mechanisms are solved (`shift="after"`). The latents below I then answer to
z_j - b_d, so their mechanisms differ between domains as well, and more of them than I says. With `shift="inside"`, as
in (1), exactly the mechanisms in I differ.

Source:
    Kulinski, Zhou, Bai, Kocaoglu and Inouye, Towards Characterizing Domain Counterfactuals for Invertible Latent
    Causal Models, ICLR 2024, section 5.1.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.world import Seen, World

__all__ = ["LatentDomainsWorld"]

Values = NDArray[np.float64]


class LatentDomainsWorld(World):
    """The system (1). `render` gives x, (n, size).

    Args:
        size: Number of latents m.
        domains: Number of domains, named `d0`, `d1`, ...
        intervened: I, places from 0 of the latents whose mechanism differs between domains.
        form: `linear` takes h(z) = z; `nonlinear` takes h(z) = z + sin(2 z).
        shift: Where b_d stands, `inside` the mechanism or `after` it.
        world_seed: Draws A, b and G.

    Raises:
        OptionError: If a number is out of range.

    Example:
        >>> world = LatentDomainsWorld(size=4, domains=2, intervened=(2, 3))
        >>> sample = world.sample(6, env="d0")
        >>> other = world.counterfactual(sample, env="d1")
        >>> bool((sample["z1"] == other["z1"]).all()), world.render(other).shape
        (True, (6, 4))
    """

    name: ClassVar[str] = "latent-domains"
    seen: ClassVar[Seen] = "vector"

    def __init__(
        self,
        size: int = 6,
        domains: int = 3,
        intervened: tuple[int, ...] = (4, 5),
        form: Literal["linear", "nonlinear"] = "linear",
        shift: Literal["inside", "after"] = "inside",
        world_seed: int = 0,
    ) -> None:
        if size < 2 or domains < 1:
            raise OptionError(f"the system has at least 2 latents and 1 domain, got {size} and {domains}")
        if not intervened or len(set(intervened)) < len(intervened) or not set(intervened) <= set(range(size)):
            raise OptionError(f"intervened holds different places from 0 to {size - 1}, got {intervened}")
        if form not in ("linear", "nonlinear"):
            raise OptionError(f"form is linear or nonlinear, got {form!r}")
        if shift not in ("inside", "after"):
            raise OptionError(f"shift is inside or after, got {shift!r}")
        self.size, self.intervened, self.world_seed = size, tuple(sorted(intervened)), world_seed
        self.form: Literal["linear", "nonlinear"] = form
        self.shift: Literal["inside", "after"] = shift
        self.environments = tuple(f"d{d}" for d in range(domains))
        first = self.intervened[0]
        moved = self.intervened if shift == "inside" else (first, *range(first + 1, size))
        self.changes = {label: tuple(f"z{i + 1}" for i in moved) for label in self.environments[1:]}
        rng = np.random.default_rng([world_seed, 51])
        a = np.triu(rng.standard_normal((domains, size, size)), 1)
        kept = [i for i in range(size) if i not in self.intervened]
        a[:, :, kept] = a[0][:, kept]
        shifts = np.zeros((domains, size))
        shifts[:, self.intervened] = rng.uniform(-2, 2, (domains, 1)) * np.sqrt(size / len(self.intervened))
        mixing = rng.standard_normal((size, size))
        mixing /= np.abs(np.linalg.det(mixing)) ** (1 / size)
        self._a, self._shifts, self._mixing = a, shifts, mixing

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """z1, ..., zm; ranges are of no meaning here beyond the bulk of the values."""
        return tuple(Latent(f"z{i + 1}", -20.0, 20.0, visible=False) for i in range(self.size))

    @cached_property
    def graph(self) -> Graph:
        """Each latent is caused by all before it."""
        names = [f"z{i + 1}" for i in range(self.size)]
        return Graph([(names[j], names[i]) for i in range(self.size) for j in range(i)], names)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """One line of (1)."""
        i = int(name[1:]) - 1
        value: Values = noise + self._shifts[env, i]
        for parent, z in parents.items():
            j = int(parent[1:]) - 1
            cause = z if self.shift == "inside" else z - self._shifts[env, j]
            value = value + self._a[env, j, i] * self._h(cause)
        return value

    def _h(self, z: Values) -> Values:
        return z if self.form == "linear" else z + np.sin(2 * z)

    @cached_property
    def _scale(self) -> Values:
        sample = self._undone().sample(5000 * len(self.environments), seed=0)
        scale: Values = _leaky(sample.matrix(self.names)).std(axis=0)
        return scale

    def _undone(self) -> "LatentDomainsWorld":
        return LatentDomainsWorld(
            self.size, len(self.environments), self.intervened, self.form, self.shift, self.world_seed
        )

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """x of (1), (n, m); `size` and `view` mean nothing here."""
        x: Values = (_leaky(sample.matrix(self.names)) / self._scale) @ self._mixing
        return x


def _leaky(z: Values) -> Values:
    return np.where(z < 0, 0.5 * z, z)
