"""Calcium signals of several animals whose units fire in groups that change from phase to phase.

    e_u(t) = 1[U_u(t) < p] (0.7 + 0.6 U_u(t) / p)                                     u is idle or leads its group(1)
    e_u(t) = 1[e_l(t - k_u) > 0] (0.7 + 0.6 U_u(t))                                   u follows the leader l      (2)
    c_u(t) = 0.92 c_u(t-1) + e_u(t),    f_u(t) = c_u(t) + drift_u(t) + 0.09 ν_u(t)                                (3)

Every row is an animal with noise of its own. In each phase a fresh choice of the units forms groups; the others are
idle. k_u is 0, or 1 to 3 frames in a chain. A leader is the first unit of its group in one fixed hidden order, so that
the graph is acyclic over all phases. In animals of the environment `loose` the middle phase has no groups: its units
fire by (1). An animal lacks each unit with a fixed chance, and only the signals of those it has are seen.

Silencing a unit is `do(u7=0)`: its events are gone, and by (2) those that it drives; all noise stays. `hold` silences
it in some of the frames. No latent depends on its own past, so that paths are solved whole.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.recordings import Recording, Recordings, Stimulus
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.rollout import Rollout
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.world import Seen

__all__ = ["CalciumWorld"]

Values = NDArray[np.float64]
DECAY, NOISE, STEP = 0.92, 0.09, 0.009
"""Of calcium in a frame; standard deviation of the noise of a frame, and of a step of the drift."""
RATE = 4.0
"""Frames a second."""


class CalciumWorld(Rollout):
    """Units that fire in groups; see the module.

    Args:
        units: In all.
        groups: In each phase.
        members: Units of a group.
        phases: One after the other.
        phase_frames: Frames of a phase.
        firing: p, a frame.
        missing: Chance that an animal lacks a unit.
        chain: Whether followers come 1 to 3 frames after their leader.
        seed: Of the groups, the leaders and the delays.

    Raises:
        OptionError: If the groups need more units than there are, or a number is out of range.

    Example:
        >>> world = CalciumWorld()
        >>> signals = world.signals(world.sample(8))
        >>> signals.signals.shape, len(world.followers(0)[world.leaders[0][0]])
        ((8, 600, 40), 9)
    """

    name: ClassVar[str] = "calcium"
    seen: ClassVar[Seen] = "signals"

    def __init__(
        self,
        units: int = 40,
        groups: int = 3,
        members: int = 10,
        phases: int = 3,
        phase_frames: int = 200,
        *,
        firing: float = 0.04,
        missing: float = 0.2,
        chain: bool = False,
        seed: int = 0,
    ) -> None:
        if groups < 1 or members < 2 or phases < 1 or phase_frames < 2 or groups * members > units:
            raise OptionError(
                f"{groups} groups of {members} in {phases} phases of {phase_frames} frames: groups and phases are 1 or "
                f"more, members and frames 2 or more, and all groups fit into the {units} units"
            )
        if not 0 < firing < 1 or not 0 <= missing < 1:
            raise OptionError(f"firing is between 0 and 1, missing from 0 to below 1, got {firing} and {missing}")
        rng = np.random.default_rng(seed)
        self.units = tuple(f"u{k + 1}" for k in range(units))
        self.firing, self.missing, self.chain = firing, missing, chain
        self.phases, self.phase_frames, self.frames = phases, phase_frames, phases * phase_frames
        rank = rng.permutation(units)
        self.membership = np.full((phases, units), -1)
        """The group of each unit in each phase, (phases, units); -1 for an idle one."""
        self.leaders: list[tuple[str, ...]] = []
        """Of each phase the unit that leads each group."""
        self.lags = rng.integers(1, 4, (phases, units)) if chain else np.zeros((phases, units), dtype=np.int64)
        """k, (phases, units)."""
        for phase in range(phases):
            chosen = rng.permutation(units)[: groups * members].reshape(groups, members)
            for group, of in enumerate(chosen):
                self.membership[phase, of] = group
            self.leaders.append(tuple(self.units[int(of[rank[of].argmin()])] for of in chosen))
        self.environments = ("grouped", "loose")
        self._leader = np.full((phases, units), -1)
        for phase in range(phases):
            for u in range(units):
                group = self.membership[phase, u]
                leader = self.units.index(self.leaders[phase][group]) if group >= 0 else u
                self._leader[phase, u] = leader if leader != u else -1
        followers = np.flatnonzero(self._leader[self.middle] >= 0)
        self.changes = {"loose": tuple(self.units[u] for u in followers)}

    @property
    def middle(self) -> int:
        """The phase that has no groups in animals of the environment `loose`."""
        return self.phases // 2

    def followers(self, phase: int) -> dict[str, tuple[str, ...]]:
        """In a phase, the units that each leader drives."""
        found: dict[str, tuple[str, ...]] = {}
        for leader in self.leaders[phase]:
            follow = np.flatnonzero(self._leader[phase] == self.units.index(leader))
            found[leader] = tuple(self.units[u] for u in follow)
        return found

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Events, which are not handed out, the signals, and whether the animal has the unit."""
        events = [Latent(u, 0.0, 1.3, varies=True, visible=False) for u in self.units]
        signals = [Latent(f"signal {u}", -1.0, 8.0, varies=True) for u in self.units]
        return (*events, *signals, *(Latent(f"has {u}", 0.0, 1.0) for u in self.units))

    @property
    def graph(self) -> Graph:
        """Each leader to its followers in any phase, and each unit to its signal."""
        edges = {
            (self.units[int(a)], u) for row in self._leader for a, u in zip(row, self.units, strict=True) if a >= 0
        }
        edges |= {(u, f"signal {u}") for u in self.units}
        return Graph(sorted(edges), nodes=tuple(latent.name for latent in self.latents))

    @property
    def noise_laws(self) -> dict[str, str]:
        """The law of each noise, in words."""
        laws = {"": "uniform on 0 to 1", "signal ": "standard normal", "has ": "uniform on 0 to 1"}
        return {f"{before}{u}": law for before, law in laws.items() for u in self.units}

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """U (n, frames) of a unit; (n, 2 * frames) of a signal, the steps of the drift first; (n,) of `has`."""
        if name.startswith("signal "):
            return rng.standard_normal((n, 2 * self.frames))
        return rng.random(n if name.startswith("has ") else (n, self.frames))

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1) or (2), and (3)."""
        if name.startswith("has "):
            return np.asarray(noise >= self.missing, dtype=np.float64)
        if name.startswith("signal "):
            from scipy.signal import lfilter

            drift = STEP * np.cumsum(noise[:, : self.frames], axis=1)
            calcium = lfilter([1.0], [1.0, -DECAY], parents[name.removeprefix("signal ")], axis=1)
            return np.asarray(calcium + drift + NOISE * noise[:, self.frames :])
        unit = self.units.index(name)
        events = np.where(noise < self.firing, 0.7 + 0.6 * noise / self.firing, 0.0)
        for phase in range(self.phases):
            leader = self._leader[phase, unit]
            if leader < 0:
                continue
            frames = slice(phase * self.phase_frames, (phase + 1) * self.phase_frames)
            lag = int(self.lags[phase, unit])
            fired = np.zeros((len(env), self.phase_frames), dtype=bool)
            fired[:, lag:] = parents[self.units[leader]][:, frames][:, : self.phase_frames - lag] > 0
            driven = np.where(fired, 0.7 + 0.6 * noise[:, frames], 0.0)
            alone = (env == 1)[:, None] & (phase == self.middle)
            events[:, frames] = np.where(alone, events[:, frames], driven)
        return np.asarray(events)

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """The signals, (n, frames, units), zero where the animal lacks the unit."""
        made = np.stack([sample[f"signal {u}"] * sample[f"has {u}"][:, None] for u in self.units], axis=2)
        return np.asarray(made)

    def rows(self, sample: Sample, size: int = 64) -> Recordings:
        """The recordings of the animals."""
        return self.signals(sample)

    def signals(self, sample: Sample) -> Recordings:
        """What is seen of the rows, in the type that a user's files have, with the phases as stimuli."""
        seen = self.render(sample)
        has = np.stack([sample[f"has {u}"] > 0 for u in self.units], axis=1)
        recordings = [
            Recording(f"animal {w + 1}", x[:, here], tuple(np.array(self.units)[here]), RATE)
            for w, (x, here) in enumerate(zip(seen, has, strict=True))
        ]
        seconds = self.phase_frames / RATE
        stimuli = [Stimulus(f"phase {p + 1}", p * seconds, (p + 1) * seconds) for p in range(self.phases)]
        return Recordings.of(recordings, stimuli=stimuli, units=self.units)
