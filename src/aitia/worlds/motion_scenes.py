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

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.graph.graph import Graph
from aitia.worlds.canvas import Canvas, hue
from aitia.worlds.motion import MotionWorld, Range, Values, gauge, shade, share
from aitia.worlds.world import Latent

__all__ = ["ProjectileWorld", "SpringMassWorld"]


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
