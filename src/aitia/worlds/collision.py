"""Two balls that meet.

    J = (1 + e) (v_a - v_b).n / (1/m_a + 1/m_b);  v_a -= J n / m_a,  v_b += J n / m_b                               (1)

The impact falls between frames and is taken at its own instant, so no error builds up. It is reckoned from how the
balls start (`impact`, `impulse`): a ball that is moved by hand later does not collide anew.

Source:
    Goldstein, Poole, Safko, Classical Mechanics, 3rd ed. (2002), section 1.1, for the momentum that is kept.
"""

import math
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
from aitia.worlds.world import Form

__all__ = ["CollisionWorld"]

Values = NDArray[np.float64]


class CollisionWorld(MotionWorld):
    """Two balls that meet: head on in the simple form, at an angle in the complex one, where some miss.

    `impact` is the time at which they touch, reckoned from how they start; past the video where they do not. `impulse`
    is what they exchange along `normal`, the line from the first ball's centre to the second's.

    Example:
        >>> world = CollisionWorld()
        >>> world.graph.parents("impulse")
        ('mass_a', 'mass_b', 'speed_a', 'speed_b', 'restitution', 'impact')
    """

    name: ClassVar[str] = "collision"
    dt: ClassVar[float] = 0.1
    environments = ("steel", "rubber", "clay")
    changes: Mapping[str, tuple[str, ...]] = {"rubber": ("restitution",), "clay": ("restitution",)}
    ranges: Mapping[str, Range | Mapping[str, Range]] = {
        "mass_a": (0.5, 2.0),
        "mass_b": (0.5, 2.0),
        "speed_a": (0.5, 0.9),
        "speed_b": (-0.3, 0.1),
        "restitution": {"steel": (0.9, 1.0), "rubber": (0.6, 0.8), "clay": (0.0, 0.3)},
        "heading": (-0.3, 0.3),
        "offset": (-0.3, 0.3),
    }
    starts: ClassVar[tuple[float, float]] = (-0.8, 0.1)
    """Where the two balls start, in metres; the first is `offset` higher than the second."""
    radius: ClassVar[float] = 0.2
    """Of both balls in the simple form, in metres."""

    def __init__(self, form: Form = "simple", *, frames: int = 16) -> None:
        super().__init__(form, frames=frames)

    @property
    def never(self) -> float:
        """The `impact` of balls that do not meet: twice the length of the video, in seconds."""
        return 2 * self.dt * self.frames

    @property
    def axes(self) -> tuple[str, ...]:
        """`x`, and in the complex form `y`."""
        return ("x", "y") if self.is_complex else ("x",)

    @property
    def latents(self) -> tuple[Latent, ...]:
        """How the balls start, what their meeting does, and how they move."""
        more = [
            self.constant("heading", "rad", "angle"),
            self.constant("offset", "m"),
            Latent("radius_a", 0.135, 0.26, "m"),
            Latent("radius_b", 0.135, 0.26, "m"),
        ]
        reach = self.dt * (self.frames - 1)
        return (
            self.constant("mass_a", "kg"),
            self.constant("mass_b", "kg"),
            self.constant("speed_a", "m/s"),
            self.constant("speed_b", "m/s"),
            self.constant("restitution"),
            *(more if self.is_complex else []),
            Latent("impact", 0.2, self.never, "s"),
            *([Latent("normal", -math.pi, math.pi, "rad", "angle")] if self.is_complex else []),
            Latent("impulse", 0.0, 2.4, "kg m/s"),
            *(Latent(f"velocity_{ball}{axis}", -1.5, 1.5, "m/s", varies=True) for ball in "ab" for axis in self.axes),
            *(Latent(f"{axis}_{ball}", -reach, reach, "m", varies=True) for ball in "ab" for axis in self.axes),
        )

    @property
    def graph(self) -> Graph:
        """Starts -> impact -> impulse -> velocities -> positions."""
        aim = ["speed_a", "speed_b"]
        if self.is_complex:
            aim += ["heading", "offset", "radius_a", "radius_b"]
        edges = [(a, "impact") for a in aim]
        if self.is_complex:
            edges += [("mass_a", "radius_a"), ("mass_b", "radius_b")]
            edges += [(a, "normal") for a in ("speed_a", "speed_b", "heading", "offset", "impact")]
        into = ["mass_a", "mass_b", "speed_a", "speed_b", "restitution", "impact"]
        edges += [(a, "impulse") for a in (*into, *(["heading", "normal"] if self.is_complex else []))]
        for ball in "ab":
            for axis in self.axes:
                velocity, position = f"velocity_{ball}{axis}", f"{axis}_{ball}"
                start = [f"speed_{ball}"] if axis == "x" or ball == "a" else []
                start += ["heading"] if self.is_complex and ball == "a" else []
                push = ["normal"] if self.is_complex else []
                edges += [(a, velocity) for a in (*start, f"mass_{ball}", "impact", "impulse", *push)]
                edges += [(velocity, position), ("impact", position)]
                edges += [("offset", position)] if position == "y_a" else []
        return Graph(edges, self.names)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """What the balls' start makes of their meeting."""
        if name.startswith("radius"):
            return 0.175 * np.cbrt(parents[f"mass_{name[-1]}"]) * (1.0 + 0.16 * noise)
        if name == "impact":
            return self._impact(parents)
        if name == "normal":
            # r is from b to a at the impact, or as the balls start where there is none.
            (x, y), (vx, vy) = self._apart(parents), self._closing(parents)
            at = np.where(parents["impact"] < self.never, parents["impact"], 0.0)
            return np.arctan2(-(y + vy * at), -(x + vx * at))
        if name == "impulse":
            vx, vy = self._closing(parents)
            nx, ny = self._normal(parents)
            closing = vx * nx + vy * ny
            exchanged = (1 + parents["restitution"]) * closing / (1 / parents["mass_a"] + 1 / parents["mass_b"])
            return np.where(parents["impact"] < self.never, np.maximum(exchanged, 0.0), 0.0)
        return super().mechanism(name, parents, noise, env)

    def step(self, name: str, frame: Frame) -> Values:
        """The exact motion over one frame, the collision at its own instant."""
        if name.startswith("velocity"):
            return self._velocity(name[-2], name[-1], frame)
        axis, ball = name.split("_")
        if frame.t == 0:
            start = self.starts["ab".index(ball)] if axis == "x" else 0.0
            return (frame["offset"] if name == "y_a" else np.zeros(len(frame))) + start
        velocity = f"velocity_{ball}{axis}"
        before = np.clip(frame["impact"] - self.dt * (frame.t - 1), 0.0, self.dt)
        return frame.before(name) + before * frame.before(velocity) + (self.dt - before) * frame[velocity]

    def _apart(self, z: Mapping[str, Values]) -> tuple[Values, Values]:
        """Place of the first ball as seen from the second, at time 0."""
        n = len(z["speed_a"])
        return np.full(n, self.starts[0] - self.starts[1]), z["offset"] if self.is_complex else np.zeros(n)

    def _closing(self, z: Mapping[str, Values]) -> tuple[Values, Values]:
        """Velocity of the first ball as seen from the second, at time 0."""
        heading = z["heading"] if self.is_complex else np.zeros(len(z["speed_a"]))
        return z["speed_a"] * np.cos(heading) - z["speed_b"], z["speed_a"] * np.sin(heading)

    def _impact(self, z: Mapping[str, Values]) -> Values:
        """The first root of |r + v t| = sum of the radii."""
        (x, y), (vx, vy) = self._apart(z), self._closing(z)
        touch = z["radius_a"] + z["radius_b"] if self.is_complex else np.full(len(x), 2 * self.radius)
        toward, fast = x * vx + y * vy, vx**2 + vy**2
        inside = toward**2 - fast * (x**2 + y**2 - touch**2)
        meet = (toward < 0) & (inside >= 0)
        root = np.sqrt(np.where(meet, inside, 0.0))
        time = (-toward - root) / np.where(fast > 0, fast, 1.0)
        return np.where(meet, np.clip(time, 0.0, self.never), self.never)

    def _normal(self, z: Mapping[str, Values] | Frame) -> tuple[Values, Values]:
        if not self.is_complex:
            return np.ones(len(z["impact"])), np.zeros(len(z["impact"]))
        return np.cos(z["normal"]), np.sin(z["normal"])

    def _velocity(self, ball: str, axis: str, frame: Frame) -> Values:
        own = np.zeros(len(frame))
        if ball == "a" and self.is_complex:
            own = frame["speed_a"] * (np.cos if axis == "x" else np.sin)(frame["heading"])
        elif axis == "x":
            own = frame[f"speed_{ball}"]
        push = frame["impulse"] * self._normal(frame)["xy".index(axis)] / frame[f"mass_{ball}"]
        after = self.dt * frame.t >= frame["impact"]
        return own + np.where(after, push if ball == "b" else -push, 0.0)

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """Two balls whose colour is their mass, with velocity streaks; bars for what has no shape."""
        n = len(z["mass_a"])
        canvas = Canvas(n, size, (0.1, 0.1, 0.14))
        scale = 1 / (0.1 + 1.0 * self.dt * self.frames)
        for ball, tint in (("a", (1.0, 0.35, 0.2)), ("b", (0.2, 0.6, 1.0))):
            x = scale * z[f"x_{ball}"]
            y = scale * z[f"y_{ball}"] if self.is_complex else np.zeros(n)
            color = shade((0.95, 0.95, 0.9), tint, share(self.latent(f"mass_{ball}"), z[f"mass_{ball}"]))
            radius = scale * (z[f"radius_{ball}"] if self.is_complex else self.radius)
            canvas.disc(x, y, radius, color)
            vx = z[f"velocity_{ball}x"]
            vy = z[f"velocity_{ball}y"] if self.is_complex else np.zeros(n)
            canvas.segment(x, y, x + 0.2 * vx, y + 0.2 * vy, 0.05, (0.3, 0.9, 0.4))
        bars = [
            "restitution",
            "impulse",
            "impact",
            "speed_a",
            "speed_b",
            *(["heading", "offset"] if self.is_complex else []),
        ]
        for place, name in enumerate(bars):
            gauge(canvas, place, 0.4 * share(self.latent(name), z[name]), hue(place / len(bars)))
        if self.is_complex:
            turn_x, turn_y = 0.15 * np.cos(z["normal"]), 0.15 * np.sin(z["normal"])
            canvas.segment(0.8, 0.8, 0.8 + turn_x, 0.8 + turn_y, 0.05, (0.9, 0.9, 0.2))
        return canvas
