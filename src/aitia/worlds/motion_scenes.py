"""Bodies in motion, as short videos: a projectile, two balls that collide, a mass on a spring.

    ProjectileWorld   v' = g - (c/m) (v - wind),  x' = v
    CollisionWorld    J = (1 + e) (v_a - v_b).n / (1/m_a + 1/m_b);  v_a -= J n / m_a,  v_b += J n / m_b
    SpringMassWorld   m x'' + c x' + k x = -m g

Mass, gravity, restitution and their like are constant over the frames; velocities and positions vary. Every step is the
exact solution over one frame, so no error builds up. A law differs between environments: gravity, restitution, damping.

The graph has one node for a latent with its past, and no cycle. Velocity therefore comes before position, except on the
spring, where the position follows from its own last two values and the velocity from the position. The balls' impact is
reckoned from how they start (`impact`, `impulse`): a ball that is moved by hand later does not collide anew.

Source:
    Goldstein, Poole, Safko, Classical Mechanics, 3rd ed. (2002), sections 1.1 and 3.11; constant friction linear in the
    velocity (Stokes) in place of the quadratic law, whose two components would cause each other.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.canvas import Canvas, hue
from aitia.worlds.world import Latent, Sample, Seen, TemporalWorld

__all__ = ["CollisionWorld", "MotionWorld", "ProjectileWorld", "SpringMassWorld", "film"]

Values = NDArray[np.float64]
Image = NDArray[np.uint8]
Form = Literal["simple", "complex"]
Range = tuple[float, float]

_AT_ONCE = 512
"""Frames painted together: enough to be fast, few enough to stay in the cache."""


def film(sample: Sample, frames: int, size: int, paint: Callable[[Mapping[str, Values], int], Canvas]) -> Image:
    """The videos of a sample, (n, frames, size, size, 3).

    Args:
        sample: Rows whose latents are (n,) or (n, frames).
        frames: Of each video.
        size: Pixels on a side.
        paint: From latents, one value a picture, and the size to a canvas of these pictures.
    """
    rows, parts = max(1, _AT_ONCE // frames), []
    for start in range(0, len(sample), rows):
        part = sample.take(slice(start, start + rows))
        z = {
            name: (values if values.ndim == 2 else np.repeat(values, frames)).ravel()
            for name, values in part.latents.items()
        }
        parts.append(paint(z, size).image().reshape(len(part), frames, size, size, 3))
    return np.concatenate(parts)


class MotionWorld(TemporalWorld):
    """A temporal world seen as video whose constant latents are uniform on a range, the environment's where it differs.

    A subclass gives `ranges`, `moving`, `graph`, `step` and `paint`.

    Args:
        form: `simple` or `complex`, the latter with more latents.
        frames: Of a video.
        kicks: Standard deviation of the noise that is added at every frame, in the latent's unit; 0 for exact motion.

    Raises:
        OptionError: If an option is out of range.
    """

    seen: ClassVar[Seen] = "video"
    dt: ClassVar[float]
    """Seconds from frame to frame."""
    ranges: Mapping[str, Range | Mapping[str, Range]]
    """Of the constant latents that have no parents: the range of the uniform law, or one for each environment."""

    def __init__(self, form: Form = "simple", *, frames: int = 16, kicks: float = 0.0) -> None:
        if form not in ("simple", "complex"):
            raise OptionError(f"form is simple or complex, got {form!r}")
        if frames < 2:
            raise OptionError(f"a moving scene has at least 2 frames, got {frames}")
        if not (math.isfinite(kicks) and kicks >= 0):
            raise OptionError(f"kicks is a standard deviation, zero or more, got {kicks}")
        self.form, self.frames, self.kicks = form, frames, kicks

    @abstractmethod
    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The pictures of these latents, one value each a picture."""

    @property
    def is_complex(self) -> bool:
        """Whether the form is `complex`."""
        return self.form == "complex"

    @property
    def noise_laws(self) -> Mapping[str, str]:
        """The law of each latent's noise, as text."""
        return {
            latent.name: "standard normal, one a frame" if latent.varies else "uniform on [0, 1]"
            for latent in self.latents
        }

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Uniform on [0, 1] for a constant latent, standard normal for one that varies."""
        return rng.standard_normal((n, self.frames)) if self.latent(name).varies else rng.random(n)

    def uniform(self, name: str, noise: Values, env: NDArray[np.int64]) -> Values:
        """The constant latent whose noise this is, by its range."""
        given = self.ranges[name]
        if isinstance(given, Mapping):
            ends = np.array([given[label] for label in self.environments])[env]
            drawn: Values = ends[:, 0] + (ends[:, 1] - ends[:, 0]) * noise
            return drawn
        return given[0] + (given[1] - given[0]) * noise

    def constant(self, name: str, unit: str = "", kind: Literal["continuous", "angle"] = "continuous") -> Latent:
        """The latent of a name in `ranges`."""
        given = self.ranges[name]
        ends = list(given.values()) if isinstance(given, Mapping) else [given]
        return Latent(name, min(low for low, _ in ends), max(high for _, high in ends), unit, kind)

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> Image:
        """Videos, (n, frames, size, size, 3).

        Raises:
            OptionError: If a view is named: there is one, which has no name.
        """
        if view is not None:
            raise OptionError(f"this world has one view, which has no name, got view={view!r}")
        return film(sample, self.frames, size, self.paint)


def gauge(canvas: Canvas, place: int, share: Values | float, color: Sequence[float] | Values) -> None:
    """A bar at the left edge, filled to a share of its height: how a constant that has no shape is shown.

    Args:
        canvas: Where it is drawn.
        place: Number of the bar, from 0, left to right.
        share: Between 0 and 1, cut there.
        color: Of the bar.
    """
    x, height = -0.93 + 0.11 * place, 0.05 + 0.6 * np.clip(share, -0.05, 1.05)
    canvas.box(x, -0.95 + height / 2, 0.035, height / 2, 0.0, color)


def share(latent: Latent, values: Values) -> Values:
    """Where values lie in the range of their latent, 0 to 1."""
    return (values - latent.low) / (latent.high - latent.low)


def shade(first: Sequence[float], second: Sequence[float], at: Values) -> Values:
    """Colours between two, (n, 3): the first where `at` is 0, the second where it is 1."""
    weight = np.clip(at, -0.1, 1.1)[:, None]
    mixed: Values = np.clip((1 - weight) * np.asarray(first) + weight * np.asarray(second), 0, 1)
    return mixed


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

    def step(
        self,
        name: str,
        t: int,
        now: Mapping[str, Values],
        past: Mapping[str, Values],
        noise: Values,
        env: NDArray[np.int64],
    ) -> Values:
        """The exact motion over one frame."""
        if name in self.ranges:
            return self.uniform(name, noise, env)
        if t == 0 and name in ("x", "y"):
            return np.zeros(len(noise))
        if t == 0:
            turn = np.cos if name == "velocity_x" else np.sin
            return np.asarray(now["speed"] * turn(now["angle"]))
        decay = self.dt * now["drag"] / now["mass"] if self.is_complex else np.zeros(len(noise))
        before = past[name][:, -1]
        if name == "velocity_x":
            wind = now["wind"] if self.is_complex else 0.0
            return wind + (before - wind) * np.exp(-decay) + self.kicks * noise
        if name == "velocity_y":
            return before * np.exp(-decay) - now["gravity"] * self.dt * _phi(decay) + self.kicks * noise
        weight = _later_weight(decay)
        velocity = f"velocity_{name}"
        return before + self.dt * (weight * now[velocity] + (1 - weight) * past[velocity][:, -1])

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

    def step(
        self,
        name: str,
        t: int,
        now: Mapping[str, Values],
        past: Mapping[str, Values],
        noise: Values,
        env: NDArray[np.int64],
    ) -> Values:
        """The exact motion over one frame, the collision at its own instant."""
        if name in self.ranges:
            return self.uniform(name, noise, env)
        if name.startswith("radius"):
            return 0.175 * np.cbrt(now[f"mass_{name[-1]}"]) * (1.0 + 0.16 * noise)
        if name == "impact":
            return self._impact(now)
        if name == "normal":
            # r is from b to a at the impact, or as the balls start where there is none.
            (x, y), (vx, vy) = self._apart(now), self._closing(now)
            at = np.where(now["impact"] < self.never, now["impact"], 0.0)
            return np.arctan2(-(y + vy * at), -(x + vx * at))
        if name == "impulse":
            vx, vy = self._closing(now)
            nx, ny = self._normal(now)
            closing = vx * nx + vy * ny
            exchanged = (1 + now["restitution"]) * closing / (1 / now["mass_a"] + 1 / now["mass_b"])
            return np.where(now["impact"] < self.never, np.maximum(exchanged, 0.0), 0.0)
        if name.startswith("velocity"):
            return self._velocity(name[-2], name[-1], t, now)
        axis, ball = name.split("_")
        if t == 0:
            start = self.starts["ab".index(ball)] if axis == "x" else 0.0
            return (now["offset"] if name == "y_a" else np.zeros(len(noise))) + start
        velocity = f"velocity_{ball}{axis}"
        before = np.clip(now["impact"] - self.dt * (t - 1), 0.0, self.dt)
        return past[name][:, -1] + before * past[velocity][:, -1] + (self.dt - before) * now[velocity]

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

    def _normal(self, z: Mapping[str, Values]) -> tuple[Values, Values]:
        if not self.is_complex:
            return np.ones(len(z["impact"])), np.zeros(len(z["impact"]))
        return np.cos(z["normal"]), np.sin(z["normal"])

    def _velocity(self, ball: str, axis: str, t: int, z: Mapping[str, Values]) -> Values:
        own = np.zeros(len(z["impact"]))
        if ball == "a" and self.is_complex:
            own = z["speed_a"] * (np.cos if axis == "x" else np.sin)(z["heading"])
        elif axis == "x":
            own = z[f"speed_{ball}"]
        push = z["impulse"] * self._normal(z)["xy".index(axis)] / z[f"mass_{ball}"]
        after = self.dt * t >= z["impact"]
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


class SpringMassWorld(MotionWorld):
    """A mass on a damped spring, released at rest; the complex form hangs it in gravity and pushes it off.

    With γ = c/2m, ω² = k/m - γ² and the rest at -m g/k, the frames obey exactly

        x(t) = 2 exp(-γ dt) cos(ω dt) x(t-1) - exp(-2γ dt) x(t-2)        (about the rest)

    so the position needs no velocity as its cause; `velocity` is the derivative at each frame. A mass that was held by
    hand starts again with the speed that its last two positions mean. The environments are the medium.

    Example:
        >>> SpringMassWorld().graph.parents("position")
        ('stiffness', 'mass', 'damping', 'stretch')
    """

    name: ClassVar[str] = "spring-mass"
    dt: ClassVar[float] = 0.1
    environments = ("air", "water", "oil")
    changes: Mapping[str, tuple[str, ...]] = {"water": ("damping",), "oil": ("damping",)}
    ranges: Mapping[str, Range | Mapping[str, Range]] = {
        "stiffness": (10.0, 40.0),
        "mass": (0.5, 2.0),
        "damping": {"air": (0.0, 0.2), "water": (0.5, 1.5), "oil": (3.0, 6.0)},
        "stretch": (0.3, 1.0),
        "gravity": (1.0, 4.0),
        "push": (-2.0, 2.0),
    }

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Constants, then position and velocity."""
        more = [self.constant("gravity", "m/s²"), self.constant("push", "m/s")]
        low, high = (-2.6, 1.4) if self.is_complex else (-1.0, 1.0)
        return (
            self.constant("stiffness", "N/m"),
            self.constant("mass", "kg"),
            self.constant("damping", "kg/s"),
            self.constant("stretch", "m"),
            *(more if self.is_complex else []),
            Latent("position", low, high, "m", varies=True),
            Latent("velocity", -12.0, 12.0, "m/s", varies=True),
        )

    @property
    def graph(self) -> Graph:
        """Constants -> position -> velocity."""
        law = ["stiffness", "mass", "damping", *(["gravity"] if self.is_complex else [])]
        start = ["stretch", *(["push"] if self.is_complex else [])]
        edges = [(a, "position") for a in (*law, *start)]
        edges += [(a, "velocity") for a in (*law, *start[1:], "position")]
        return Graph(edges, self.names)

    def step(
        self,
        name: str,
        t: int,
        now: Mapping[str, Values],
        past: Mapping[str, Values],
        noise: Values,
        env: NDArray[np.int64],
    ) -> Values:
        """The exact motion over one frame."""
        if name in self.ranges:
            return self.uniform(name, noise, env)
        push = now["push"] if self.is_complex else np.zeros(len(noise))
        if t == 0:
            return now["stretch"] if name == "position" else push
        rest = -now["mass"] * now["gravity"] / now["stiffness"] if self.is_complex else np.zeros(len(noise))
        decay = np.exp(-self.dt * now["damping"] / (2 * now["mass"]))
        c, s, gamma = self._swing(now)
        last = past["position"][:, -1] - rest
        if name == "position":
            if t == 1:
                moved = decay * ((c + gamma * s) * last + s * push)
            else:
                moved = 2 * decay * c * last - decay**2 * (past["position"][:, -2] - rest)
            return rest + moved + self.kicks * noise
        here = now["position"] - rest
        departed = (here / decay - (c + gamma * s) * last) / s
        return decay * ((c - gamma * s) * departed - (now["stiffness"] / now["mass"]) * s * last)

    def _swing(self, z: Mapping[str, Values]) -> tuple[Values, Values, Values]:
        """cos(ω dt), sin(ω dt)/ω and γ; cosh and sinh where the spring is overdamped."""
        gamma = z["damping"] / (2 * z["mass"])
        square = z["stiffness"] / z["mass"] - gamma**2
        angle = self.dt * np.sqrt(np.abs(square))
        small = angle < 1e-6
        safe = np.where(small, 1.0, angle)
        c = np.where(square > 0, np.cos(angle), np.cosh(angle))
        s = self.dt * np.where(small, 1.0, np.where(square > 0, np.sin(safe), np.sinh(safe)) / safe)
        return c, s, gamma

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The mass under its spring, whose width is the stiffness; the medium's colour is the damping."""
        damping = share(self.latent("damping"), z["damping"])
        canvas = Canvas(len(damping), size, shade((0.9, 0.95, 1.0), (0.35, 0.3, 0.1), damping))
        spot = self.latent("position")
        y = -0.65 + 1.1 * share(spot, z["position"])
        canvas.box(0.25, 0.95, 0.6, 0.05, 0.0, (0.2, 0.2, 0.2))
        canvas.segment(0.25, 0.95, 0.25, y, 0.02 + 0.004 * z["stiffness"], (0.3, 0.5, 0.3))
        half = 0.17 * np.cbrt(z["mass"])
        canvas.box(0.25, y, half, half, 0.0, (0.75, 0.15, 0.15))
        canvas.segment(0.62, y, 0.62, y + 0.06 * z["velocity"], 0.06, (0.1, 0.1, 0.7))
        gauge(canvas, 0, share(self.latent("stretch"), z["stretch"]), (0.8, 0.4, 0.1))
        if self.is_complex:
            gauge(canvas, 1, share(self.latent("gravity"), z["gravity"]), (0.5, 0.1, 0.6))
            gauge(canvas, 2, share(self.latent("push"), z["push"]), (0.1, 0.5, 0.5))
        return canvas
