"""A block that is pushed down a slope, as a picture of its start and its end.

    x = v T + a T²/2, or v²/(2|a|) if it stops before T,    v = J/m,    a = g (sin θ - μ cos θ)                     (1)

A push J sets the block going, which is where its mass comes in, and the picture is taken after T = 0.8 s; a block that
friction has stopped stays.

Source:
    Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed. (2014), chapter 6.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.captions import AMOUNT, Told
from aitia.worlds.layers import Layers
from aitia.worlds.painting import shade
from aitia.worlds.physics import GRAVITY, positive
from aitia.worlds.sample import Latent
from aitia.worlds.static_scenes import Effect, StaticWorld

__all__ = ["SlopeWorld"]

Values = NDArray[np.float64]

_STEEP = ("very flat", "flat", "middling", "steep", "very steep")
_ROUGH = ("very smooth", "smooth", "middling", "rough", "very rough")
_HEAVY = ("very light", "light", "middling", "heavy", "very heavy")
_HARD = ("very weak", "weak", "middling", "hard", "very hard")
_FAST = ("very slow", "slow", "middling", "fast", "very fast")


class SlopeWorld(StaticWorld):
    """A block pushed down a slope: angle, friction and mass -> travel.

    The complex form has the push as another cause and the final speed as another effect.

    Args:
        form: `simple` or `complex`.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> SlopeWorld().graph.parents("travel"), SlopeWorld("complex").graph.children("push")
        (('angle', 'friction', 'mass'), ('travel', 'speed'))
    """

    name: ClassVar[str] = "slope"
    told: ClassVar[Mapping[str, Told]] = MappingProxyType(
        {
            "angle": Told(("the slope is {}", "it is a {} slope", "the way down is {}"), _STEEP),
            "friction": Told(("the ground is {}", "the block lies on {} ground", "it slides on {} ground"), _ROUGH),
            "mass": Told(("the block is {}", "it is a {} block", "somebody took a {} block"), _HEAVY),
            "push": Told(("the push is {}", "it gets a {} push", "a {} push sets it going"), _HARD),
            "travel": Told(("the travel is {}", "it goes a {} way", "the way that it makes is {}"), AMOUNT),
            "speed": Told(("it ends {}", "in the end it is {}", "its last speed is {}"), _FAST),
        }
    )
    push: ClassVar[float] = 1.0
    """J of the simple form, N s."""
    time: ClassVar[float] = 0.8
    """T, in seconds."""

    @property
    def causes(self) -> tuple[Latent, ...]:
        """The slope and the block."""
        return (
            Latent("angle", 0.25, 0.6, "rad"),
            Latent("friction", 0.05, 0.6),
            Latent("mass", 0.5, 2.0, "kg"),
            *((Latent("push", 0.5, 1.5, "N s"),) if self.is_complex else ()),
        )

    @property
    def effects(self) -> Mapping[str, Effect]:
        """How far the block goes, and in the complex form how fast it then is."""
        parents = ("angle", "friction", "mass", *(("push",) if self.is_complex else ()))
        return {"travel": Effect(parents, "m"), **({"speed": Effect(parents, "m/s")} if self.is_complex else {})}

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """(1); the slope is not even."""
        push = z["push"] if self.is_complex else np.full(len(noise), self.push)
        start = np.maximum(push, 0.0) / positive(z["mass"])
        rate = GRAVITY * (np.sin(z["angle"]) - z["friction"] * np.cos(z["angle"]))
        # A block that slows down moves until it stops, one that speeds up to the end.
        moving = np.where(rate < 0, np.minimum(start / positive(-rate), self.time), self.time)
        exact = start + rate * moving if name == "speed" else start * moving + rate * moving**2 / 2
        travel: Values = np.maximum(exact, 0.0) * (1 + noise)
        return travel

    def paint(self, z: Mapping[str, Values], size: int) -> Layers:
        """The slope, rougher where it is darker; the block where it started, pale, and where it is after T."""
        angle, n = z["angle"], len(z["angle"])
        along_x, along_y = np.cos(angle), -np.sin(angle)
        scale, half = 0.36, 0.115 * np.cbrt(np.maximum(z["mass"], 0.0))
        foot_x, foot_y, long = 0.95, -0.78, 1.85
        top_x, top_y = foot_x - long * along_x, foot_y - long * along_y
        canvas = Layers(n, size, ((0.86, 0.92, 0.97), (0.97, 0.95, 0.9)))
        canvas.part("slope")
        canvas.box(0.0, -0.94, 1.1, 0.16, 0.0, (0.55, 0.5, 0.45))
        corners_x = np.stack([np.full(n, foot_x), top_x, top_x], axis=1)
        corners_y = np.stack([np.full(n, foot_y), top_y, np.full(n, foot_y)], axis=1)
        rough = shade((0.75, 0.85, 0.95), (0.45, 0.2, 0.1), self.share_of("friction", z))
        canvas.triangle(corners_x, corners_y, (0.72, 0.68, 0.6))
        canvas.segment(top_x, top_y, foot_x, foot_y, 0.1, rough)

        def block(travel: Values | float, color: tuple[float, ...]) -> tuple[Values, Values]:
            """Draws the block this far from the start, in metres, and gives its centre."""
            way = 0.2 + scale * np.asarray(travel)
            x = top_x + way * along_x - (half + 0.03) * along_y
            y = top_y + way * along_y + (half + 0.03) * along_x
            canvas.box(x, y, half, half, -angle, color)
            return x, y

        canvas.part("start", "mass")
        start_x, start_y = block(0.0, (0.95, 0.75, 0.7))
        canvas.part("end", "travel")
        x, y = block(z["travel"], (0.8, 0.15, 0.15))
        if self.is_complex:
            push, speed = 0.3 * z["push"], 0.1 + 0.5 * self.share_of("speed", z)
            canvas.part("push", "push")
            canvas.segment(-0.85, 0.86, -0.85 + push, 0.86, 0.08, (0.15, 0.45, 0.25))
            canvas.disc(start_x, start_y, 0.35 * half, (0.15, 0.45, 0.25))
            canvas.part("speed", "speed")
            canvas.segment(0.1, 0.86, 0.1 + speed, 0.86, 0.08, (0.15, 0.2, 0.7))
            canvas.disc(x, y, 0.35 * half, (0.15, 0.2, 0.7))
        return canvas
