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
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.errors import DataError, GraphError, OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.graph.lagged import lagged_name
from aitia.worlds.canvas import Canvas, hue
from aitia.worlds.mechanisms import (
    DomainShift,
    FromMapping,
    Kind,
    Mechanism,
    Parameters,
    check_shifts,
    directed_cycle,
    draw_noise,
    environment_names,
    known_options,
    make,
    one_of,
    shift_rows,
)
from aitia.worlds.motion import film
from aitia.worlds.temporal import TemporalWorld
from aitia.worlds.world import Latent, Sample, Seen

__all__ = ["DomainShift", "LatentProcessWorld", "LogEntry", "Mechanism", "ProcessConfig"]

Values = NDArray[np.float64]
Image = NDArray[np.uint8]
ProcessNoise = Literal["gaussian", "laplace", "uniform", "modulated"]
Parent = tuple[str, int]

_EDGE = re.compile(r"\s*(?P<cause>[^\[\]\s]+)(?:\[t(?:-(?P<lag>\d+))?\])?\s*->\s*(?P<effect>[^\[\]\s]+)(?:\[t\])?\s*")


@dataclass(frozen=True)
class LogEntry:
    """An intervention, as text, and the frames in which it holds: from the first up to, not including, the second."""

    do: str
    frames: tuple[int, int]

    def __post_init__(self) -> None:
        frames = tuple(self.frames)
        if len(frames) != 2 or not all(isinstance(frame, int) for frame in frames):
            raise OptionError(f"frames of an intervention are two whole numbers, got {self.frames!r}")
        object.__setattr__(self, "frames", frames)
        Intervention.parse(self.do)


@dataclass(frozen=True)
class ProcessConfig(FromMapping):
    """What a `LatentProcessWorld` is made from.

    Args:
        latents: How many, 1 to 8, called z1, z2, ...; or their names.
        edges: Such as `z1[t-1] -> z2` or, within a frame, `z1 -> z2`. None draws them along the order of the latents.
        add: Edges on top of these.
        remove: Edges to leave out, self-lags among them.
        self_lags: Whether each latent depends on its own last `lags` values.
        lags: Longest lag, below `frames`.
        lagged_density: Probability of a drawn lagged edge between two latents.
        instantaneous_density: Probability of a drawn edge within a frame.
        frames: Of a video.
        mechanism: Kind of the mechanisms that `mechanisms` does not name.
        mechanisms: Mechanisms of single latents.
        noise: Family of ε.
        noise_scale: s of (1).
        environments: How many, called e1, e2, ...; or their names, the first one being that from which others differ.
        changing: Latents whose mean and scale are drawn anew in each environment but the first; None takes all.
        shifts: The changes themselves, instead of drawn ones.
        log: Interventions on some of the frames; `LatentProcessWorld.logged` carries them out.
        iid: Leaves out every lagged edge, so that frames are independent: a control.
        world_seed: Of the edges, weights and shifts that are drawn.

    Raises:
        GraphError: If the edges make a cycle; the message names it.
        UnknownVariableError: If an edge, mechanism, shift or intervention names a latent that is not there.
        OptionError: If an option is out of range, or a mechanism has another arity than its parents.

    Example:
        >>> config = ProcessConfig.from_dict({"latents": 2, "edges": ["z1[t-1] -> z2", "z1 -> z2"]})
        >>> config.parents("z2")
        (('z1', 0), ('z1', 1), ('z2', 1))
    """

    latents: int | tuple[str, ...] = 4
    edges: tuple[str, ...] | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    self_lags: bool = True
    lags: int = 1
    lagged_density: float = 0.5
    instantaneous_density: float = 0.3
    frames: int = 16
    mechanism: Kind = "linear"
    mechanisms: Mapping[str, Mechanism] = field(default_factory=dict)
    noise: ProcessNoise = "gaussian"
    noise_scale: float = 0.5
    environments: int | tuple[str, ...] = 1
    changing: tuple[str, ...] | None = None
    shifts: tuple[DomainShift, ...] | None = None
    log: tuple[LogEntry, ...] = ()
    iid: bool = False
    world_seed: int = 0

    def __post_init__(self) -> None:
        for name in ("lags", "frames", "world_seed"):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int) or given < 0:
                raise OptionError(f"{name} is a whole number, zero or more, got {given!r}")
        for name in ("edges", "add", "remove", "changing", "latents", "environments"):
            if isinstance(getattr(self, name), str):
                raise OptionError(f"{name} is a list of texts, got the one text {getattr(self, name)!r}")
        if wrong := [each for each in self.mechanisms.values() if not isinstance(each, Mechanism)]:
            raise OptionError(f"mechanisms holds a Mechanism for each latent, got {wrong[0]!r}")
        one_of("a mechanism", self.mechanism, get_args(Kind))
        one_of("noise", self.noise, get_args(ProcessNoise))
        if not 1 <= len(self.names) <= 8 or len(set(self.names)) < len(self.names):
            raise OptionError(f"a process has 1 to 8 latents of different names, got {self.latents!r}")
        if not 1 <= self.lags < self.frames:
            raise OptionError(f"lags is at least 1 and below frames, got {self.lags} lags and {self.frames} frames")
        for density in (self.lagged_density, self.instantaneous_density):
            if not 0 <= density <= 1:
                raise OptionError(f"a density lies in [0, 1], got {density}")
        if not (math.isfinite(self.noise_scale) and self.noise_scale > 0):
            raise OptionError(f"noise_scale is positive, got {self.noise_scale}")
        environment_names(self.environments)
        self._check_names()
        if cycle := directed_cycle(self.names, {(cause, effect) for cause, effect, _ in self._all if cause != effect}):
            raise GraphError(
                f"the edges make the cycle {' -> '.join(cycle)}; lagged edges count too, only those from a latent to "
                "itself do not: remove one"
            )
        for name in self.names:
            self.mechanism_of(name).check(name, [lagged_name(*parent) for parent in self.parents(name)])

    def _check_names(self) -> None:
        used = [*self.mechanisms, *(self.changing or ())]
        used += [target for entry in self.log for target in Intervention.parse(entry.do)]
        for name in used:
            if name not in self.names:
                raise unknown_variable(name, self.names, "process")
        check_shifts(self.shifts or (), self.names, self.domains, "process")
        for entry in self.log:
            start, stop = entry.frames
            if not 0 <= start < stop <= self.frames:
                raise OptionError(f"frames {start} to {stop} are not among the {self.frames} of this process")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The configuration that a JSON or YAML file holds.

        A mechanism is a kind or a mapping of `Mechanism`, a shift one of `DomainShift`, a log entry one of `LogEntry`.

        Raises:
            OptionError: If an option is unknown.
        """
        given = known_options(cls, data)
        if given.get("log") is not None:
            given["log"] = tuple(make(LogEntry, entry) for entry in given["log"])
        return super().from_dict(given)

    # -- what it says --------------------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the latents."""
        if isinstance(self.latents, int):
            return tuple(f"z{i + 1}" for i in range(self.latents))
        return tuple(self.latents)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """Names of the environments."""
        return environment_names(self.environments)

    @cached_property
    def _all(self) -> tuple[tuple[str, str, int], ...]:
        """Every edge: cause, effect, lag."""
        rng, edges = np.random.default_rng([self.world_seed, 51]), set()
        if self.edges is None:
            for lag in range(self.lags + 1):
                density = self.lagged_density if lag else self.instantaneous_density
                for j, effect in enumerate(self.names):
                    edges |= {(cause, effect, lag) for cause in self.names[:j] if rng.random() < density}
        if self.self_lags:
            edges |= {(name, name, lag) for name in self.names for lag in range(1, self.lags + 1)}
        edges |= {self._edge(text) for text in (*(self.edges or ()), *self.add)}
        for text in self.remove:
            if (edge := self._edge(text)) not in edges:
                raise GraphError(f"the edge {text!r} cannot be removed: it is not there")
            edges.remove(edge)
        return tuple(sorted(edge for edge in edges if edge[2] == 0 or not self.iid))

    def _edge(self, text: str) -> tuple[str, str, int]:
        if not isinstance(text, str) or not (match := _EDGE.fullmatch(text)):
            raise GraphError(f"an edge is text such as 'z1[t-1] -> z2', got {text!r}")
        cause, effect, lag = match["cause"], match["effect"], int(match["lag"] or 0)
        for name in (cause, effect):
            if name not in self.names:
                raise unknown_variable(name, self.names, "process")
        if lag > self.lags:
            raise OptionError(f"the edge {text!r} has lag {lag}, the process {self.lags}: set lags={lag}")
        if cause == effect and lag == 0:
            raise GraphError(f"the edges make the cycle {cause} -> {cause}: {text!r} is within a frame")
        return cause, effect, lag

    def parents(self, name: str) -> tuple[Parent, ...]:
        """Causes of a latent with their lags, by lag and then in the order of the latents."""
        found = [(cause, lag) for cause, effect, lag in self._all if effect == name]
        return tuple(sorted(found, key=lambda parent: (parent[1], self.names.index(parent[0]))))

    def mechanism_of(self, name: str) -> Mechanism:
        """The mechanism of a latent."""
        return self.mechanisms.get(name, Mechanism(self.mechanism))

    def shifts_of(self, environment: str) -> tuple[DomainShift, ...]:
        """What differs in an environment, given or drawn."""
        if self.shifts is not None:
            return tuple(shift for shift in self.shifts if shift.environment == environment)
        if environment == self.domains[0]:
            return ()
        place = self.domains.index(environment)
        drawn = []
        for name in self.names if self.changing is None else self.changing:
            rng = np.random.default_rng([self.world_seed, 52, place, zlib.crc32(name.encode())])
            mean, scale = rng.uniform(-1.0, 1.0), np.exp(rng.uniform(-1.0, 1.0))
            drawn.append(DomainShift(environment, name, float(mean), float(scale)))
        return tuple(drawn)


class LatentProcessWorld(TemporalWorld):
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
    seen: ClassVar[Seen] = "video"

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
        return Graph(sorted({(a, b) for a, b, _ in self.config._all if a != b}), self.config.names)

    @property
    def lagged_graph(self) -> Graph:
        """The edges into frame t, with nodes such as `z1[t-1]`; `aitia.graph.unroll` repeats them."""
        nodes = [lagged_name(name, lag) for lag in range(self.config.lags, -1, -1) for name in self.config.names]
        return Graph([(lagged_name(a, lag), lagged_name(b, 0)) for a, b, lag in self.config._all], nodes)

    @property
    def lagged_adjacency(self) -> NDArray[np.int8]:
        """(lags, d, d); [k - 1, i, j] = 1 means that latent i acts on latent j after k frames."""
        d, names = len(self.config.names), self.config.names
        matrix = np.zeros((self.config.lags, d, d), dtype=np.int8)
        for cause, effect, lag in self.config._all:
            if lag:
                matrix[lag - 1, names.index(cause), names.index(effect)] = 1
        return matrix

    @property
    def instantaneous_adjacency(self) -> NDArray[np.int8]:
        """(d, d); [i, j] = 1 means that latent i acts on latent j within a frame."""
        names = self.config.names
        matrix = np.zeros((len(names), len(names)), dtype=np.int8)
        for cause, effect, lag in self.config._all:
            if not lag:
                matrix[names.index(cause), names.index(effect)] = 1
        return matrix

    @property
    def noise_laws(self) -> Mapping[str, str]:
        """The law of each latent's noise, as text."""
        laws = {
            "gaussian": "standard normal",
            "laplace": "Laplace of variance 1",
            "uniform": "uniform of variance 1",
            "modulated": "standard normal times 0.3 + 1.4 |tanh(mean of the lagged parents)|",
        }
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

    def step(
        self,
        name: str,
        t: int,
        now: Mapping[str, Values],
        past: Mapping[str, Values],
        noise: Values,
        env: NDArray[np.int64],
    ) -> Values:
        """One frame of (1)."""
        parents = self.config.parents(name)
        given = np.zeros((len(noise), len(parents)))
        for place, (cause, lag) in enumerate(parents):
            if lag == 0:
                given[:, place] = now[cause]
            elif lag <= t:
                given[:, place] = past[cause][:, t - lag]
        scale = np.full(len(noise), self.config.noise_scale)
        if self.config.noise == "modulated":
            earlier = [place for place, (_, lag) in enumerate(parents) if 0 < lag <= t]
            if earlier:
                scale = scale * (0.3 + 1.4 * np.abs(np.tanh(given[:, earlier].mean(axis=1))))
        value = self._function(name, "", given)
        shifts = [shift for label in self.environments[1:] for shift in self.config.shifts_of(label)]
        own = [shift for shift in shifts if shift.latent == name]
        shift_rows(
            value, scale, own, self.environments, env, lambda label, here: self._function(name, label, given[here])
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

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> Image:
        """Videos, (n, frames, size, size, 3).

        Raises:
            OptionError: If a view is named: there is one, which has no name.
        """
        if view is not None:
            raise OptionError(f"this world has one view, which has no name, got view={view!r}")
        return film(sample, self.frames, size, self._paint)

    def _paint(self, z: Mapping[str, Values], size: int) -> Canvas:
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
