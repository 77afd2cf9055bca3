"""A mass that swings on a spring.

    m x'' + c x' + k x = -m g                                                                                       (1)

Every step is the exact solution over one frame, so no error builds up.

Source:
    Goldstein, Poole, Safko, Classical Mechanics, 3rd ed. (2002), section 3.11.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.graph.graph import Graph
from aitia.worlds.canvas import Canvas
from aitia.worlds.motion import MotionWorld, Range
from aitia.worlds.painting import gauge, shade, share
from aitia.worlds.rollout import Frame
from aitia.worlds.sample import Latent

__all__ = ["SpringMassWorld"]

Values = NDArray[np.float64]


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

    def step(self, name: str, frame: Frame) -> Values:
        """The exact motion over one frame."""
        stiffness, mass, damping = frame["stiffness"], frame["mass"], frame["damping"]
        push = frame["push"] if self.is_complex else np.zeros(len(frame))
        if frame.t == 0:
            return frame["stretch"] if name == "position" else push
        rest = -mass * frame["gravity"] / stiffness if self.is_complex else np.zeros(len(frame))
        decay = np.exp(-self.dt * damping / (2 * mass))
        c, s, gamma = self._swing(stiffness, mass, damping)
        last = frame.before("position") - rest
        if name == "position":
            if frame.t == 1:
                moved = decay * ((c + gamma * s) * last + s * push)
            else:
                moved = 2 * decay * c * last - decay**2 * (frame.before("position", 2) - rest)
            return rest + moved + self.kicks * frame.noise
        here = frame["position"] - rest
        departed = (here / decay - (c + gamma * s) * last) / s
        return decay * ((c - gamma * s) * departed - (stiffness / mass) * s * last)

    def _swing(self, stiffness: Values, mass: Values, damping: Values) -> tuple[Values, Values, Values]:
        """cos(ω dt), sin(ω dt)/ω and γ; cosh and sinh where the spring is overdamped."""
        gamma = damping / (2 * mass)
        square = stiffness / mass - gamma**2
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
