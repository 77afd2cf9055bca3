"""A ball thrown through still or moving air.

    v' = g - (c/m) (v - wind),  x' = v                                                                              (1)

Every step is the exact solution over one frame, so no error builds up. Velocity comes before position: it causes it,
and the graph, which has one node for a latent with its past, has no cycle. The friction is linear in the velocity
(Stokes), in place of the quadratic law, whose two components would cause each other.

Source:
    Goldstein, Poole, Safko, Classical Mechanics, 3rd ed. (2002), section 1.1.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.graph.graph import Graph
from aitia.worlds.canvas import Canvas, hue
from aitia.worlds.motion import MotionWorld, Range
from aitia.worlds.painting import gauge, shade, share
from aitia.worlds.rollout import Frame
from aitia.worlds.sample import Latent

__all__ = ["ProjectileWorld"]

Values = NDArray[np.float64]


class ProjectileWorld(MotionWorld):
    """A ball thrown from the edge of a cliff; the complex form adds mass, drag and wind.

    Without drag the path is the parabola x = s cos(a) t, y = s sin(a) t - g t²/2. The environments are planets.

    Example:
        >>> world = ProjectileWorld()
        >>> world.graph.parents("y")
        ('velocity_y',)
        >>> world.render(world.sample(2)).shape
        (2, 16, 64, 64, 3)
    """

    name: ClassVar[str] = "projectile"
    dt: ClassVar[float] = 0.1
    environments = ("mars", "earth", "neptune")
    changes: Mapping[str, tuple[str, ...]] = {"earth": ("gravity",), "neptune": ("gravity",)}
    ranges: Mapping[str, Range | Mapping[str, Range]] = {
        "speed": (5.0, 9.0),
        "angle": (0.6, 1.2),
        "gravity": {"mars": (3.4, 4.0), "earth": (9.3, 10.3), "neptune": (10.7, 11.7)},
        "mass": (0.5, 2.0),
        "drag": (0.0, 0.8),
        "wind": (-3.0, 3.0),
    }

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Constants, then velocities and positions."""
        air = [self.constant("mass", "kg"), self.constant("drag", "kg/s"), self.constant("wind", "m/s")]
        time = self.dt * (self.frames - 1)
        return (
            self.constant("speed", "m/s"),
            self.constant("angle", "rad", "angle"),
            self.constant("gravity", "m/s²"),
            *(air if self.is_complex else []),
            Latent("velocity_x", -3.0 if self.is_complex else 1.8, 8.0, "m/s", varies=True),
            Latent("velocity_y", 2.8 - 11.7 * time, 8.5, "m/s", varies=True),
            Latent("x", -3.0 * time if self.is_complex else 0.0, 7.5 * time, "m", varies=True),
            Latent("y", 2.8 * time - 5.85 * time**2, 8.5 * time, "m", varies=True),
        )

    @property
    def graph(self) -> Graph:
        """Throw and gravity move the velocities, velocities the positions."""
        edges = [(a, b) for b in ("velocity_x", "velocity_y") for a in ("speed", "angle")]
        edges += [("gravity", "velocity_y"), ("velocity_x", "x"), ("velocity_y", "y")]
        if self.is_complex:
            edges += [(a, b) for a in ("mass", "drag") for b in ("velocity_x", "velocity_y", "x", "y")]
            edges.append(("wind", "velocity_x"))
        return Graph(edges, self.names)

    def step(self, name: str, frame: Frame) -> Values:
        """The exact motion over one frame."""
        if frame.t == 0 and name in ("x", "y"):
            return np.zeros(len(frame))
        if frame.t == 0:
            turn = np.cos if name == "velocity_x" else np.sin
            return np.asarray(frame["speed"] * turn(frame["angle"]))
        decay = self.dt * frame["drag"] / frame["mass"] if self.is_complex else np.zeros(len(frame))
        before = frame.before(name)
        if name == "velocity_x":
            wind = frame["wind"] if self.is_complex else 0.0
            return wind + (before - wind) * np.exp(-decay) + self.kicks * frame.noise
        if name == "velocity_y":
            return before * np.exp(-decay) - frame["gravity"] * self.dt * _phi(decay) + self.kicks * frame.noise
        weight = _later_weight(decay)
        velocity = f"velocity_{name}"
        return before + self.dt * (weight * frame[velocity] + (1 - weight) * frame.before(velocity))

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The ball with a streak for its velocity, the barrel that threw it, a bar and the sky for gravity."""
        g = share(self.latent("gravity"), z["gravity"])
        canvas = Canvas(len(g), size, shade((0.55, 0.75, 0.95), (0.95, 0.7, 0.45), g))
        time = self.dt * (self.frames - 1)
        across, up = 1.2 / (6.0 * time), 1.8 / (17.5 * time)
        start_x, start_y = -0.5, 0.1
        x, y = start_x + across * z["x"], start_y + up * z["y"]
        canvas.box(-0.75, -0.5, 0.25, 0.55, 0.0, (0.45, 0.35, 0.25))
        long = 0.04 * z["speed"]
        canvas.segment(
            start_x,
            start_y,
            start_x - long * np.cos(z["angle"]),
            start_y - long * np.sin(z["angle"]),
            0.08,
            (0.2, 0.2, 0.2),
        )
        canvas.segment(x, y, x - 0.035 * z["velocity_x"], y - 0.035 * z["velocity_y"], 0.05, (1.0, 1.0, 1.0))
        if self.is_complex:
            canvas.disc(x, y, 0.09 * np.cbrt(z["mass"]), hue(0.9 * z["drag"]))
            canvas.segment(0.4, 0.85, 0.4 + 0.15 * z["wind"], 0.85, 0.07, (0.9, 0.1, 0.5))
        else:
            canvas.disc(x, y, 0.1, (0.8, 0.1, 0.1))
        gauge(canvas, 0, g, (0.1, 0.1, 0.5))
        return canvas


def _phi(a: Values) -> Values:
    """(1 - exp(-a)) / a, 1 at 0."""
    small = np.abs(a) < 1e-8
    safe = np.where(small, 1.0, a)
    return np.where(small, 1 - a / 2, -np.expm1(-safe) / safe)


def _later_weight(a: Values) -> Values:
    """w with mean velocity w v(t) + (1 - w) v(t-1) over a frame in which it relaxes at rate a: 1/(1-exp(-a)) - 1/a."""
    small = np.abs(a) < 1e-3  # 1/a - 1/a loses digits; the next term of the series is a³/720
    safe = np.where(small, 1.0, a)
    return np.where(small, 0.5 + a / 12, -1 / np.expm1(-safe) - 1 / safe)
