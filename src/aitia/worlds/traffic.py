"""Cars in one lane that follow each other, and a crossing with a signal.

The intelligent-driver model, with gap s and closing speed Δv to the car ahead:

    a(v, s, Δv) = a [1 - (v/v0)^4 - (s*/s)²],    s* = s0 + max(0, v T + v Δv / (2 sqrt(a b)))                       (1)
    v(t) = max(0, v(t-1) + a dt),    x(t) = x(t-1) + v(t) dt                                                     (2)

At a red signal a driver who can still stop takes the line for a standing car. Friction scales a and b and bounds the
braking, so weather is the environment. At rest in a platoon of speed v the gap is (s0 + v T) / sqrt(1 - (v/v0)^4).

A driver knows where the own car is from its `start` and the speeds since, so that speed causes position and not the
other way round, which leaves no cycle: a car that is held at a speed drives it, and those behind react.

Source:
    Treiber, Hennecke, Helbing, Congested Traffic States in Empirical Observations and Microscopic Simulations, Physical
    Review E 62 (2000), equations 3 to 5.
"""

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.canvas import Canvas, hue
from aitia.worlds.motion import MotionWorld
from aitia.worlds.painting import gauge, shade, share
from aitia.worlds.rollout import Frame
from aitia.worlds.sample import Latent
from aitia.worlds.world import Form

__all__ = ["TrafficWorld", "equilibrium_gap"]

Values = NDArray[np.float64]

_ACCELERATION, _BRAKING, _JAM, _HEADWAY = 1.5, 2.0, 2.0, 1.0
"""a and b of (1) in m/s² on dry road, s0 in metres, T in seconds."""
_GRIP = 8.0
"""Hardest braking on dry road, m/s²."""
_LONG, _BETWEEN = 4.5, 11.0
"""Length of a car, and how far apart two start, front to front, in metres."""
_CYCLE = 8.0
"""Seconds from green to green."""


def equilibrium_gap(speed: Values | float, desired: Values | float, headway: Values | float = _HEADWAY) -> Values:
    """The gap in metres that a driver keeps in a platoon of constant speed, where (1) is zero."""
    gap: Values = (_JAM + np.asarray(speed) * headway) / np.sqrt(1 - (np.asarray(speed) / desired) ** 4)
    return gap


class TrafficWorld(MotionWorld):
    """One to four cars in a lane; the complex form adds a crossing with a signal, and how much distance drivers keep.

    Car 1 leads. Cars are as fast as their driver `desired` at the start.

    Args:
        form: `simple` or `complex`.
        cars: How many, 1 to 4.
        frames: Of a video.
        kicks: Standard deviation of the drivers' error of acceleration, m/s².

    Raises:
        OptionError: If an option is out of range.

    Example:
        >>> world = TrafficWorld()
        >>> world.graph.parents("position_2")
        ('start_2', 'speed_2')
        >>> world.graph.parents("speed_2")
        ('friction', 'desired_2', 'start_2', 'position_1', 'speed_1')
    """

    name: ClassVar[str] = "traffic"
    dt: ClassVar[float] = 0.3
    environments = ("dry", "rain", "snow")
    changes: Mapping[str, tuple[str, ...]] = {"rain": ("friction",), "snow": ("friction",)}

    def __init__(self, form: Form = "simple", *, cars: int = 2, frames: int = 16, kicks: float = 0.0) -> None:
        super().__init__(form, frames=frames, kicks=kicks)
        if cars not in (1, 2, 3, 4):
            raise OptionError(f"a lane holds 1 to 4 cars, got {cars}")
        self.cars = cars
        each = range(1, cars + 1)
        self.ranges = {
            "friction": {"dry": (0.8, 1.0), "rain": (0.5, 0.7), "snow": (0.2, 0.4)},
            **{f"desired_{i}": (3.0, 8.0) for i in each},
            **{f"start_{i}": (self._from(i), self._from(i) + 2.0) for i in each},
            **({"headway": (0.6, 2.0), "phase": (0.0, _CYCLE)} if self.is_complex else {}),
        }

    @property
    def road(self) -> float:
        """Metres of road in the picture."""
        return _BETWEEN * self.cars + 36.0

    @property
    def line(self) -> float:
        """Where the stop line is, in metres."""
        return _BETWEEN * self.cars + 10.0

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Weather and drivers, the signal, positions and speeds."""
        cars, time = range(1, self.cars + 1), self.dt * (self.frames - 1)
        crossing = [("headway", "s"), ("phase", "s")] if self.is_complex else []
        signal = [Latent("signal", 0.0, 1.0, varies=True)]
        return (
            self.constant("friction"),
            *(self.constant(f"desired_{i}", "m/s") for i in cars),
            *(self.constant(f"start_{i}", "m") for i in cars),
            *(self.constant(name, unit) for name, unit in crossing),
            *(signal if self.is_complex else []),
            *(Latent(f"position_{i}", self._from(i), self._from(i) + 2 + 8 * time, "m", varies=True) for i in cars),
            *(Latent(f"speed_{i}", 0.0, 8.0, "m/s", varies=True) for i in cars),
        )

    @property
    def graph(self) -> Graph:
        """Leader -> follower, speed -> position; signal -> every car."""
        edges = []
        for i in range(1, self.cars + 1):
            own = f"speed_{i}"
            edges += [("friction", own), (f"desired_{i}", own)]
            # Where the own car is matters to it only if something is ahead.
            edges += [(f"start_{i}", own)] if i > 1 or self.is_complex else []
            edges += [(own, f"position_{i}"), (f"start_{i}", f"position_{i}")]
            if i > 1:
                edges += [(f"position_{i - 1}", own), (f"speed_{i - 1}", own)]
            if self.is_complex:
                edges += [("headway", own), ("signal", own)]
        if self.is_complex:
            edges.append(("phase", "signal"))
        return Graph(edges, self.names)

    def step(self, name: str, frame: Frame) -> Values:
        """One frame of (2)."""
        if name == "signal":
            return (np.mod(self.dt * frame.t + frame["phase"], _CYCLE) >= _CYCLE / 2).astype(np.float64)
        i = int(name[-1])
        if name.startswith("position"):
            return frame.before(name) + self.dt * frame[f"speed_{i}"] if frame.t else frame[f"start_{i}"]
        if frame.t == 0:
            return frame[f"desired_{i}"]
        change = self._acceleration(i, frame) + self.kicks * frame.noise
        return np.maximum(0.0, frame.before(name) + self.dt * np.maximum(change, -_GRIP * frame["friction"]))

    def _from(self, i: int) -> float:
        return 4.0 + _BETWEEN * (self.cars - i)

    def _acceleration(self, i: int, frame: Frame) -> Values:
        """(1), with the nearer of the leader and a red signal ahead."""
        friction = frame["friction"]
        headway = frame["headway"] if self.is_complex else np.full(len(frame), _HEADWAY)
        a, b = _ACCELERATION * friction, _BRAKING * friction
        speed = frame.before(f"speed_{i}")
        free: Values = 1 - (speed / np.maximum(frame[f"desired_{i}"], 1e-6)) ** 4
        if i == 1 and not self.is_complex:
            return a * free
        near = np.zeros(len(frame))
        at = frame[f"start_{i}"] + self.dt * frame.past(f"speed_{i}")[:, 1:].sum(axis=1)
        if i > 1:
            ahead, fast = frame.before(f"position_{i - 1}"), frame.before(f"speed_{i - 1}")
            near = _nearness(speed, ahead - _LONG - at, speed - fast, headway, a, b)
        if self.is_complex:
            left = self.line - at
            stops = (frame["signal"] > 0.5) & (left > speed**2 / (2 * _GRIP * friction))
            near = np.where(stops, np.maximum(near, _nearness(speed, left, speed, headway, a, b)), near)
        return a * (free - near)

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The lane from above: a car's colour is the desired speed, a bar below its speed, a dot above its start."""
        friction = share(self.latent("friction"), z["friction"])
        canvas = Canvas(len(friction), size, shade((0.95, 0.95, 1.0), (0.25, 0.5, 0.2), friction))
        canvas.box(0.0, 0.0, 1.1, 0.2, 0.0, (0.3, 0.3, 0.33))
        scale = 2 / self.road
        if self.is_complex:
            where = scale * self.line - 1
            canvas.box(where + 0.16, 0.0, 0.11, 1.1, 0.0, (0.3, 0.3, 0.33))
            canvas.box(where, 0.0, 0.015, 0.2, 0.0, (1.0, 1.0, 1.0))
            canvas.disc(where - 0.1, 0.75, 0.14, shade((0.1, 0.8, 0.2), (0.95, 0.1, 0.1), z["signal"]))
            angle = 2 * math.pi * z["phase"] / _CYCLE
            canvas.disc(-0.6, 0.7, 0.17, (1.0, 1.0, 1.0))
            canvas.segment(-0.6, 0.7, -0.6 + 0.14 * np.cos(angle), 0.7 + 0.14 * np.sin(angle), 0.05, (0.0, 0.0, 0.0))
            gauge(canvas, 0, share(self.latent("headway"), z["headway"]), (0.5, 0.1, 0.6))
        for i in range(1, self.cars + 1):
            x = scale * (z[f"position_{i}"] - _LONG / 2) - 1
            desired = share(self.latent(f"desired_{i}"), z[f"desired_{i}"])
            canvas.box(x, 0.0, scale * _LONG / 2, 0.11, 0.0, hue(0.8 * desired))
            canvas.disc(scale * z[f"start_{i}"] - 1, 0.3, 0.05, (1.0, 0.9, 0.1))
            lane = -0.3 - 0.13 * i
            canvas.segment(-0.75, lane, -0.7 + 0.18 * z[f"speed_{i}"], lane, 0.08, hue((i - 1) / 4))
        return canvas


def _nearness(speed: Values, gap: Values, closing: Values, headway: Values | float, a: Values, b: Values) -> Values:
    """(s*/s)² of (1); a gap that is used up counts as 10 cm."""
    wanted = _JAM + np.maximum(0.0, speed * headway + speed * closing / (2 * np.sqrt(a * b)))
    nearness: Values = (wanted / np.maximum(gap, 0.1)) ** 2
    return nearness
