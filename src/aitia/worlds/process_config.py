"""The configuration of a latent process: its latents, edges with lags, mechanisms and environments.

Edges are texts such as `z1[t-1] -> z2`. What is not given is drawn from `world_seed`.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self, get_args

import numpy as np

from aitia.do import Intervention
from aitia.errors import GraphError, OptionError, unknown_variable
from aitia.graph.lagged import lagged_name
from aitia.worlds.configured import WorldConfig, directed_cycle
from aitia.worlds.mechanisms import Kind, Mechanism
from aitia.worlds.options import known_options, make
from aitia.worlds.shifts import DomainShift, check_shifts, environment_names

__all__ = ["LogEntry", "ProcessConfig"]

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
class ProcessConfig(WorldConfig):
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
        lists = ("edges", "add", "remove", "changing", "latents", "environments")
        self._check_shared(self.noise, get_args(ProcessNoise), lists)
        if not 1 <= len(self.names) <= 8 or len(set(self.names)) < len(self.names):
            raise OptionError(f"a process has 1 to 8 latents of different names, got {self.latents!r}")
        if not 1 <= self.lags < self.frames:
            raise OptionError(f"lags is at least 1 and below frames, got {self.lags} lags and {self.frames} frames")
        for density in (self.lagged_density, self.instantaneous_density):
            if not 0 <= density <= 1:
                raise OptionError(f"a density lies in [0, 1], got {density}")
        self._check_names()
        if cycle := directed_cycle(
            self.names, {(cause, effect) for cause, effect, _ in self.all_edges if cause != effect}
        ):
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
    def all_edges(self) -> tuple[tuple[str, str, int], ...]:
        """Every edge: cause, effect, lag; given or drawn."""
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
        found = [(cause, lag) for cause, effect, lag in self.all_edges if effect == name]
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
