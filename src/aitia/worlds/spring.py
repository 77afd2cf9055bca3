"""A mass that hangs at rest on a spring.

    x = m g / k,    period = 2π sqrt(x / g)                                                                         (1)

Source:
    Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed. (2014), chapters 7 and 15.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.captions import AMOUNT, Told
from aitia.worlds.layers import Layers
from aitia.worlds.painting import arrow_down, shade
from aitia.worlds.physics import GRAVITY, positive
from aitia.worlds.sample import Latent
from aitia.worlds.static_scenes import Effect, StaticWorld

__all__ = ["SpringWorld"]

Values = NDArray[np.float64]

_STIFF = ("very soft", "soft", "middling", "stiff", "very stiff")
_HEAVY = ("very light", "light", "middling", "heavy", "very heavy")
_WEAK = ("very weak", "weak", "middling", "strong", "very strong")
_LONG = ("very short", "short", "middling", "long", "very long")


class SpringWorld(StaticWorld):
    """A mass that hangs at rest on a spring: stiffness and mass -> extension.

    The complex form has gravity and the spring's own length as causes, and the period of small swings, which is shown
    by the hand of a dial, as an effect of extension and gravity.

    Args:
        form: `simple` or `complex`.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> SpringWorld().graph.parents("extension"), SpringWorld("complex").graph.parents("period")
        (('stiffness', 'mass'), ('gravity', 'extension'))
    """

    name: ClassVar[str] = "spring"
    told: ClassVar[Mapping[str, Told]] = MappingProxyType(
        {
            "stiffness": Told(("the spring is {}", "it is a {} spring", "somebody took a {} spring"), _STIFF),
            "mass": Told(("the mass is {}", "a {} mass hangs on it", "it bears a {} weight"), _HEAVY),
            "gravity": Told(("gravity is {}", "the pull of the planet is {}", "things fall with {} gravity"), _WEAK),
            "length": Told(("the spring by itself is {}", "unloaded it is {}", "at rest it is {}"), _LONG),
            "extension": Told(
                ("the extension is {}", "it is stretched by a {} length", "it gives by a {} way"), AMOUNT
            ),
            "period": Told(("the period is {}", "a swing takes a {} time", "it would swing in a {} time"), _LONG),
        }
    )
    length: ClassVar[float] = 0.4
    """Of the simple form's spring by itself, in metres."""

    @property
    def causes(self) -> tuple[Latent, ...]:
        """The spring, the mass, the planet."""
        more = (Latent("gravity", 4.0, 12.0, "m/s²"), Latent("length", 0.25, 0.55, "m"))
        return (
            Latent("stiffness", 20.0, 60.0, "N/m"),
            Latent("mass", 0.5, 2.0, "kg"),
            *(more if self.is_complex else ()),
        )

    @property
    def effects(self) -> Mapping[str, Effect]:
        """How far the spring is stretched, and in the complex form how slowly it would swing."""
        if not self.is_complex:
            return {"extension": Effect(("stiffness", "mass"), "m")}
        return {
            "extension": Effect(("stiffness", "mass", "gravity"), "m"),
            "period": Effect(("gravity", "extension"), "s"),
        }

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """(1); no spring is quite linear."""
        gravity = z["gravity"] if self.is_complex else np.full(len(noise), GRAVITY)
        if name == "period":
            period: Values = 2 * np.pi * np.sqrt(np.maximum(z["extension"], 0.0) / positive(gravity)) * (1 + noise)
            return period
        return z["mass"] * gravity / positive(z["stiffness"]) * (1 + noise)

    def paint(self, z: Mapping[str, Values], size: int) -> Layers:
        """The spring, stiffer where it is thick and dark; a tick where it would end by itself; the mass."""
        n, top, scale = len(z["mass"]), 0.82, 0.68
        stiff = self.share_of("stiffness", z)
        gravity = self.share_of("gravity", z) if self.is_complex else np.full(n, 0.4)
        canvas = Layers(n, size, shade((0.8, 0.92, 1.0), (0.98, 0.84, 0.7), gravity))
        canvas.part("ceiling")
        canvas.box(0.0, 0.92, 1.1, 0.1, 0.0, (0.4, 0.36, 0.34))
        length = z["length"] if self.is_complex else np.full(n, self.length)
        natural, end = top - scale * length, top - scale * (length + z["extension"])
        canvas.part("mark", *(("length",) if self.is_complex else ()))
        canvas.box(-0.38, natural, 0.13, 0.025, 0.0, (0.05, 0.4, 0.2))
        color, width = shade((0.55, 0.7, 0.6), (0.05, 0.2, 0.25), stiff), 0.03 + 0.05 * np.clip(stiff, -0.5, 1.5)
        turns = 9
        canvas.part("spring", "stiffness", "extension")
        x0, y0 = np.zeros(n), np.full(n, top)
        for turn in range(1, turns + 1):
            x1 = np.full(n, 0.0 if turn == turns else 0.12 * (-1) ** turn)
            y1 = top + (end - top) * turn / turns
            canvas.segment(x0, y0, x1, y1, width, color)
            x0, y0 = x1, y1
        canvas.part("mass", "mass", "extension")
        half = 0.16 * np.cbrt(np.maximum(z["mass"], 0.0))
        canvas.box(0.0, end - half, half, half, 0.0, (0.78, 0.2, 0.18))
        if self.is_complex:
            canvas.part("arrow", "gravity")
            arrow_down(canvas, 0.75, 0.72, 0.12 + 0.6 * gravity)
            canvas.part("dial", "period")
            hand = np.pi * (1.15 - 1.3 * self.share_of("period", z))
            canvas.disc(0.68, -0.66, 0.24, (1.0, 1.0, 1.0))
            canvas.segment(0.68, -0.66, 0.68 + 0.19 * np.cos(hand), -0.66 + 0.19 * np.sin(hand), 0.06, (0.1, 0.1, 0.2))
        return canvas
