"""Agents that cross a circle and avoid each other by ORCA; the distance that they keep is the environment.

    v' = argmin |v - v_preferred|   over  |v| <= 1 m/s  and, for each other agent,  (v - v_own - u/2) . n >= 0     (1)

u is the least change of the relative velocity that keeps two discs of radius R apart for 2 s, n its direction: each
agent does half of it. Steps of 0.02 s; frames every 0.4 s, the first after 19 steps. The goal is across the circle,
and everyone starts straight towards it at 1 m/s. With two agents this is the world of the public files of causal motion
forecasting: simulated from their starts, the worst point of a scene is off by 1e-5 m in the median and by 2.6 mm at
most. The law of the starts was fitted to those files.

Source:
    van den Berg, Guy, Lin and Manocha, Reciprocal n-body collision avoidance, ISRR 2011.
    Liu, Cadei, Schweizer, Bahmani and Alahi, Towards Robust and Adaptive Motion Forecasting: A Causal Representation
    Perspective, CVPR 2022, for the crossing.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.tracks import TracksWorld

__all__ = ["CrowdWorld", "OrcaWorld", "simulate"]

Values = NDArray[np.float64]
CIRCLE = 5.0
"""Radius of the circle in metres."""
SCATTER = 0.5
"""Starts are uniform in a square of twice this side around their place on the circle."""
FIRST, EVERY = 19, 20
"""Integration steps before the first frame, and between frames."""


def simulate(starts: ArrayLike, radius: ArrayLike, frames: int = 20) -> Values:
    """The tracks of scenes in which every agent walks to the point opposite of its start.

    Args:
        starts: (scenes, agents, 2) in metres.
        radius: Of the agents' discs in metres, one number or (scenes,).
        frames: Number of frames, 0.4 s apart.

    Returns:
        (scenes, agents, frames, 2) in metres.

    Raises:
        OptionError: If a radius is not positive, agents overlap at the start, or there is one agent only.
        DataError: If the starts have another shape or are not finite.

    Complexity: scenes x steps x agents^2 while the half-planes can be met; about 25 us a scene of two agents.
    """
    from aitia.worlds._orca_kernel import walk

    at = np.ascontiguousarray(starts, dtype=np.float64)
    if at.ndim != 3 or at.shape[2] != 2 or not np.isfinite(at).all():
        raise DataError(f"starts are finite numbers (scenes, agents, 2), got shape {at.shape}")
    if at.shape[1] < 2:
        raise OptionError(f"avoidance takes at least 2 agents, got {at.shape[1]}")
    if frames < 1:
        raise OptionError(f"there is at least 1 frame, got {frames}")
    r = np.broadcast_to(np.asarray(radius, dtype=np.float64), (len(at),)).copy()
    if not (np.isfinite(r) & (r > 0)).all():
        raise OptionError(f"a radius is positive, got {r[~(r > 0)][0] if (~(r > 0)).any() else r.max()}")
    for a in range(at.shape[1]):
        for b in range(a):
            apart = np.linalg.norm(at[:, a] - at[:, b], axis=1)
            if (bad := np.flatnonzero(apart <= 2 * r)).size:
                s = bad[0]
                raise OptionError(
                    f"agents overlap at start: scene {s} has agents {apart[s]:.3g} m apart and discs of {r[s]:.3g} m"
                )
    tracks: Values = walk(at, -at, r, FIRST, EVERY, frames)
    return tracks


class CrowdWorld(TracksWorld):
    """Agents that start around a circle; see the module. `render` gives tracks, (n, agents, frames, 2) in metres.

    Args:
        agents: How many.
        radii: The disc radius of each environment in metres; environments are named by it.
        frames: Of a track.

    Raises:
        OptionError: If a number is out of range.

    Example:
        >>> world = CrowdWorld(agents=3, radii=(0.1, 0.3))
        >>> fact = world.sample(2, env="0.1")
        >>> wider = world.counterfactual(fact, "do(radius=0.4)")
        >>> world.render(wider).shape, bool((wider["x1"] == fact["x1"]).all())
        ((2, 3, 20, 2), True)
    """

    name: ClassVar[str] = "crowd"
    graded: ClassVar[str] = "radius"

    def __init__(self, agents: int = 6, radii: Sequence[float] = (0.1, 0.3, 0.5), frames: int = 20) -> None:
        if agents < 2 or frames < 1:
            raise OptionError(f"a crossing has at least 2 agents and 1 frame, got {agents} and {frames}")
        super().__init__(radii, frames)
        most = (CIRCLE - np.sqrt(2) * SCATTER) * np.sin(np.pi / agents) * 0.5
        if not all(r < max(most, 0.2) for r in radii):
            raise OptionError(f"a radius is below {max(most, 0.2):.2g} m for {agents} agents, got {tuple(radii)}")
        self.agents = agents

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """The radius, the turn of the whole scene, and where each agent starts."""
        reach = CIRCLE + SCATTER
        starts = [Latent(f"{axis}{a + 1}", -reach, reach, "m") for a in range(self.agents) for axis in "xy"]
        return Latent("radius", 0.05, 0.8, "m"), Latent("turn", 0.0, 2 * np.pi, "rad", "angle"), *self._extra, *starts

    @property
    def _extra(self) -> tuple[Latent, ...]:
        return ()

    @cached_property
    def graph(self) -> Graph:
        """The turn places all starts; the radius has no cause but the environment."""
        names = [latent.name for latent in self.latents]
        starts = [f"{axis}{a + 1}" for a in range(self.agents) for axis in "xy"]
        return Graph([("turn", start) for start in starts], names)

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Uniform on [0, 1]."""
        return rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """The radius by environment, the turn, and a start: its place on the circle and a scatter."""
        if name == "radius":
            return self.level(env)
        if name == "turn":
            return 2 * np.pi * noise
        bearing = self._bearing(int(name[1:]) - 1, parents)
        on_circle = np.cos(bearing) if name[0] == "x" else np.sin(bearing)
        start: Values = CIRCLE * on_circle + SCATTER * (2 * noise - 1)
        return start

    def _bearing(self, agent: int, parents: Mapping[str, Values]) -> Values:
        return parents["turn"] + 2 * np.pi * agent / self.agents

    def starts(self, sample: Sample) -> Values:
        """(n, agents, 2) in metres."""
        parts = [np.stack([sample[f"x{a + 1}"], sample[f"y{a + 1}"]], axis=1) for a in range(self.agents)]
        return np.stack(parts, axis=1)

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """The tracks, (n, agents, frames, 2) in metres; `size` and `view` mean nothing here.

        Raises:
            OptionError: If agents overlap at the start.
        """
        return simulate(self.starts(sample), sample["radius"], self.frames)


class OrcaWorld(CrowdWorld):
    """The crossing of two agents of the public files; see the module.

    Args:
        radii: The disc radius of each environment in metres.
        frames: Of a track.

    Example:
        >>> world = OrcaWorld()
        >>> tracks = world.render(world.sample(3, env="0.5"))
        >>> tracks.shape, bool((abs(tracks[:, 0] - tracks[:, 1]) ** 2).sum(-1).min() >= (2 * 0.5) ** 2 - 1e-3)
        ((3, 2, 20, 2), True)
    """

    name: ClassVar[str] = "orca"

    def __init__(self, radii: Sequence[float] = (0.1, 0.3, 0.5), frames: int = 20) -> None:
        super().__init__(2, radii, frames)

    @property
    def _extra(self) -> tuple[Latent, ...]:
        return (Latent("gap", -0.25 * np.pi, 0.25 * np.pi, "rad"),)

    @cached_property
    def graph(self) -> Graph:
        """The second agent starts across from the first, but for a gap."""
        edges = [("turn", start) for start in ("x1", "y1", "x2", "y2")] + [("gap", "x2"), ("gap", "y2")]
        return Graph(edges, [latent.name for latent in self.latents])

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """The gap is 0.03 to 0.25 of a half turn to either side; the others are the crowd's."""
        if name == "gap":
            side, size = np.where(noise < 0.5, -1.0, 1.0), np.abs(2 * noise - 1)
            gap: Values = side * np.pi * (0.03 + 0.22 * size)
            return gap
        return super().mechanism(name, parents, noise, env)

    def _bearing(self, agent: int, parents: Mapping[str, Values]) -> Values:
        return parents["turn"] + (np.pi + parents["gap"] if agent else 0.0)
