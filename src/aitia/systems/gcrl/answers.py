"""What GCRL answers with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table

__all__ = ["Latents", "SampledForecast"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class SampledForecast:
    """Futures of scenes, in metres.

    Args:
        mean: Mean of the draws, (scenes, agents, future, 2).
        draws: (draws, scenes, agents, future, 2).
        spread: Root mean squared distance of the draws from their mean, (scenes, agents, future).
    """

    mean: Values
    draws: Values
    spread: Values


@dataclass(frozen=True)
class Latents:
    """What the encoders say of scenes: means and standard deviations.

    Args:
        z: (scenes, agents, z_size).
        s: (scenes, s_size).
        z_spread: As z.
        s_spread: As s.
    """

    z: Values
    s: Values
    z_spread: Values
    s_spread: Values

    def table(self, s: Values | None = None, z: Values | None = None, *, with_s: bool = True) -> Table:
        """Means and spreads as columns, z agent by agent.

        Args:
            s: Numbers that s is held at, without spread.
            z: The same of z, for every agent or one after the other.
            with_s: Whether s has columns.
        """
        n, agents, size = self.z.shape
        parts: dict[str, Values] = {}
        if with_s:
            means, spread = (self.s, self.s_spread) if s is None else (np.tile(s, (n, 1)), 0 * self.s)
            for k in range(means.shape[1]):
                parts |= {f"s{k + 1}": means[:, k], f"spread of s{k + 1}": spread[:, k]}
        means, spread = self.z, self.z_spread
        if z is not None:
            means, spread = np.broadcast_to(np.resize(z, (agents, size)), self.z.shape), 0 * self.z
        for a in range(agents):
            for k in range(size):
                name = f"z{k + 1} of agent {a + 1}"
                parts |= {name: means[:, a, k], f"spread of {name}": spread[:, a, k]}
        return Table.of(parts, kinds=dict.fromkeys(parts, "number"))
