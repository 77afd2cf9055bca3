"""A latent process that the user configures: what learners of temporal latents are tried on.

    z_j(t) = f_j(z_pa(j)(t), z_pa(j)(t-1), ..., z_pa(j)(t-L); e) + m_j(e) + s_j(e) s ε_j(t)                          (1)

f is linear, a random two-layer network, or a table; ε has unit variance and is Gaussian, Laplace, uniform, or Gaussian
with a variance that the past sets. In an environment e the mean m, the scale s_j or the function f of some latents
differ. Values before the first frame count as 0. Two latents move one disc, in a cell of its own: across and up.

Lagged edges follow the causal order, as instantaneous ones do, except from a latent to itself. That keeps the graph
over whole processes acyclic, so that `do` and its laws have their usual meaning.

Source:
    Yao, Chen, Zhang, Temporally Disentangled Representation Learning, NeurIPS 2022, equation 1; Li et al., On the
    Identification of Temporally Causal Representation with Instantaneous Dependence, ICLR 2025, for the edges within a
    frame.
"""

import math
import zlib
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError
from aitia.graph.graph import Graph
from aitia.graph.lagged import lagged_name
from aitia.worlds.canvas import Canvas, hue
from aitia.worlds.mechanisms import NOISE_LAWS, Parameters, draw_noise
from aitia.worlds.motion import VideoWorld
from aitia.worlds.process_config import ProcessConfig
from aitia.worlds.rollout import Frame
from aitia.worlds.sample import Latent
from aitia.worlds.shifts import shift_rows

__all__ = ["LatentProcessWorld"]

Values = NDArray[np.float64]


class LatentProcessWorld(VideoWorld):
    """A world that runs the process of a `ProcessConfig` and draws it as discs.

    Args:
        config: What it is; None takes the default, four latents with drawn edges.

    Example:
        >>> world = LatentProcessWorld(ProcessConfig(latents=3, edges=("z1[t-1] -> z2", "z2 -> z3")))
        >>> world.graph.parents("z2"), world.lagged_adjacency[0, 0].tolist()
        (('z1',), [1, 1, 0])
        >>> world.render(world.sample(2)).shape
        (2, 16, 64, 64, 3)
    """

    name: ClassVar[str] = "process"

    def __init__(self, config: ProcessConfig | None = None) -> None:
        self.config = ProcessConfig() if config is None else config
        self.frames = self.config.frames
        self.environments = self.config.domains
        self.changes = {
            label: tuple(shift.latent for shift in self.config.shifts_of(label)) for label in self.environments[1:]
        }
        # The range of a latent is read off a trial run: no formula has it for a network of networks.
        self._reach = dict.fromkeys(self.config.names, 1.0)
        trial = self.sample(64 * len(self.environments), seed=0)
        self._reach = {name: round(1.2 * float(np.abs(trial[name]).max()), 3) for name in self.config.names}
        if not all(map(math.isfinite, self._reach.values())) or max(self._reach.values()) > 1e6:
            raise DataError("the process runs away to infinity: its weights on past values are too large")
        del self._by_name

    @property
    def latents(self) -> tuple[Latent, ...]:
        """All of them vary; their range is that of a trial run."""
        return tuple(Latent(name, -reach, reach, varies=True) for name, reach in self._reach.items())

    @cached_property
    def graph(self) -> Graph:
        """Which latent acts on which other, at any lag."""
        return Graph(sorted({(a, b) for a, b, _ in self.config.all_edges if a != b}), self.config.names)

    @property
    def lagged_graph(self) -> Graph:
        """The edges into frame t, with nodes such as `z1[t-1]`; `aitia.graph.unroll` repeats them."""
        nodes = [lagged_name(name, lag) for lag in range(self.config.lags, -1, -1) for name in self.config.names]
        return Graph([(lagged_name(a, lag), lagged_name(b, 0)) for a, b, lag in self.config.all_edges], nodes)

    @property
    def lagged_adjacency(self) -> NDArray[np.int8]:
        """(lags, d, d); [k - 1, i, j] = 1 means that latent i acts on latent j after k frames."""
        d, names = len(self.config.names), self.config.names
        matrix = np.zeros((self.config.lags, d, d), dtype=np.int8)
        for cause, effect, lag in self.config.all_edges:
            if lag:
                matrix[lag - 1, names.index(cause), names.index(effect)] = 1
        return matrix

    @property
    def instantaneous_adjacency(self) -> NDArray[np.int8]:
        """(d, d); [i, j] = 1 means that latent i acts on latent j within a frame."""
        names = self.config.names
        matrix = np.zeros((len(names), len(names)), dtype=np.int8)
        for cause, effect, lag in self.config.all_edges:
            if not lag:
                matrix[names.index(cause), names.index(effect)] = 1
        return matrix

    @property
    def noise_laws(self) -> Mapping[str, str]:
        """The law of each latent's noise, as text."""
        laws = {**NOISE_LAWS, "modulated": "standard normal times 0.3 + 1.4 |tanh(mean of the lagged parents)|"}
        return dict.fromkeys(self.config.names, f"{laws[self.config.noise]}, one a frame")

    def logged(self) -> Self:
        """The world with the interventions of its configuration's log, each on its frames."""
        world = self
        for entry in self.config.log:
            world = world.hold(entry.do, *entry.frames)
        return world

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """ε of (1), (n, frames), of unit variance."""
        return draw_noise(self.config.noise, (n, self.frames), rng)

    def step(self, name: str, frame: Frame) -> Values:
        """One frame of (1)."""
        t, noise = frame.t, frame.noise
        parents = self.config.parents(name)
        given = np.zeros((len(noise), len(parents)))
        for place, (cause, lag) in enumerate(parents):
            if lag == 0:
                given[:, place] = frame[cause]
            elif lag <= t:
                given[:, place] = frame.before(cause, lag)
        scale = np.full(len(noise), self.config.noise_scale)
        if self.config.noise == "modulated":
            earlier = [place for place, (_, lag) in enumerate(parents) if 0 < lag <= t]
            if earlier:
                scale = scale * (0.3 + 1.4 * np.abs(np.tanh(given[:, earlier].mean(axis=1))))
        value = self._function(name, "", given)
        shifts = [shift for label in self.environments[1:] for shift in self.config.shifts_of(label)]
        own = [shift for shift in shifts if shift.latent == name]
        shift_rows(
            value,
            scale,
            own,
            self.environments,
            frame.env,
            lambda label, here: self._function(name, label, given[here]),
        )
        return value + scale * noise

    def weights(self, name: str, env: str | None = None) -> Values:
        """Coefficients, first layer or table of a latent's mechanism, given or drawn.

        Args:
            name: The latent.
            env: The environment; None takes the first.

        Raises:
            UnknownVariableError: If there is no such latent.
        """
        self.latent(name)
        label = self.environments[0] if env is None else self.environments[self.environment(env)]
        swapped = any(shift.latent == name and shift.function for shift in self.config.shifts_of(label))
        return self._parameters(name, label if swapped else "")[0]

    def _parameters(self, name: str, label: str) -> Parameters:
        if (name, label) not in self._drawn:
            rng = np.random.default_rng([self.config.world_seed, 53, *(zlib.crc32(s.encode()) for s in (name, label))])
            own = [cause == name for cause, _ in self.config.parents(name)]
            self._drawn[name, label] = self.config.mechanism_of(name).parameters(own, rng, anew=bool(label))
        return self._drawn[name, label]

    @cached_property
    def _drawn(self) -> dict[tuple[str, str], Parameters]:
        return {}

    def _function(self, name: str, label: str, given: Values) -> Values:
        """f of (1) at the parents' values, (n, parents)."""
        return self.config.mechanism_of(name).values(self._parameters(name, label), given)

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """A disc for every two latents, in its cell; tanh keeps it there without a kink."""
        names = self.config.names
        canvas = Canvas(len(z[names[0]]), size, (0.08, 0.08, 0.1))
        discs = math.ceil(len(names) / 2)
        across, up = (1, 1) if discs == 1 else (2, 1) if discs == 2 else (2, 2)
        place = {name: np.tanh(1.2 * z[name] / self._reach[name]) for name in names}
        for k in range(discs):
            half_x, half_y = 1 / across, 1 / up
            x0, y0 = -1 + half_x * (1 + 2 * (k % across)), 1 - half_y * (1 + 2 * (k // across))
            radius = 0.26 * half_x
            canvas.box(x0, y0, 0.97 * half_x, 0.97 * half_y, 0.0, (0.16, 0.16, 0.2))
            x = x0 + 0.9 * (half_x - radius) * place[names[2 * k]]
            y = y0 + (0.9 * (half_y - radius) * place[names[2 * k + 1]] if 2 * k + 1 < len(names) else 0.0)
            canvas.disc(x, y, radius, hue(k / discs))
        return canvas
