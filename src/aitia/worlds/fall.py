"""A ball that falls into sand, as a picture of its start and its end.

    d = (2/3) ρ r v² / (P - (4/3) ρ r g),    v² = 2 g h                                                             (1)

A ball of density ρ and radius r falls from height h. The sand stops it by a constant pressure P on its cross-section:
m g (h + d) = P π r² d.

Source:
    Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed. (2014), chapter 7.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.canvas import hue
from aitia.worlds.captions import Told
from aitia.worlds.layers import Layers
from aitia.worlds.painting import arrow_down, shade
from aitia.worlds.physics import positive
from aitia.worlds.sample import Latent
from aitia.worlds.static_scenes import Effect, StaticWorld

__all__ = ["FallWorld"]

Values = NDArray[np.float64]

_HIGH = ("very low", "low", "middling", "high", "very high")
_SMALL = ("very small", "small", "middling", "large", "very large")
_HUES = ("red", "yellow", "green", "blue", "violet")
_WEAK = ("very weak", "weak", "middling", "strong", "very strong")
_DENSE = ("very light", "light", "middling", "dense", "very dense")
_HARD = ("very soft", "soft", "middling", "hard", "very hard")
_FAST = ("very slow", "slow", "middling", "fast", "very fast")
_DEEP = ("very shallow", "shallow", "middling", "deep", "very deep")


class FallWorld(StaticWorld):
    """A ball dropped on sand: height, radius and gravity -> depth; the hue does nothing.

    The complex form adds the ball's density and the sand's resistance, and puts the speed of the impact in between.

    Args:
        form: `simple` or `complex`.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> FallWorld().graph.parents("depth"), FallWorld("complex").graph.parents("speed")
        (('height', 'radius', 'gravity'), ('height', 'gravity'))
    """

    name: ClassVar[str] = "fall"
    told: ClassVar[Mapping[str, Told]] = MappingProxyType(
        {
            "height": Told(("the start is {}", "it is dropped from a {} place", "somebody lets it go {} up"), _HIGH),
            "radius": Told(("the ball is {}", "it is a {} ball", "a {} sphere is dropped"), _SMALL),
            "hue": Told(("the colour is {}", "it is painted {}", "it looks {}"), _HUES),
            "gravity": Told(("gravity is {}", "the pull of the planet is {}", "things fall with {} gravity"), _WEAK),
            "density": Told(("the stuff is {}", "it is made of {} stuff", "its matter is {}"), _DENSE),
            "resistance": Told(("the sand is {}", "it lands in {} sand", "below lies {} sand"), _HARD),
            "speed": Told(("the impact is {}", "it arrives {}", "when it lands it is {}"), _FAST),
            "depth": Told(("the pit is {}", "it makes a {} hole", "it lies in a {} hollow"), _DEEP),
        }
    )
    density: ClassVar[float] = 2000.0
    """ρ of the simple form, kg/m³."""
    resistance: ClassVar[float] = 1e5
    """P of the simple form, Pa."""

    @property
    def causes(self) -> tuple[Latent, ...]:
        """The ball, the planet, the sand."""
        more = (Latent("density", 1000.0, 3000.0, "kg/m³"), Latent("resistance", 1.5e5, 3.5e5, "Pa"))
        return (
            Latent("height", 1.0, 5.0, "m"),
            Latent("radius", 0.12, 0.3, "m"),
            Latent("hue", 0.0, 0.75),
            Latent("gravity", 4.0, 12.0, "m/s²"),
            *(more if self.is_complex else ()),
        )

    @property
    def effects(self) -> Mapping[str, Effect]:
        """How deep the ball goes."""
        if not self.is_complex:
            return {"depth": Effect(("height", "radius", "gravity"), "m")}
        return {
            "speed": Effect(("height", "gravity"), "m/s"),
            "depth": Effect(("radius", "gravity", "density", "resistance", "speed"), "m"),
        }

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """(1); the sand is not even."""
        gravity = z["gravity"]
        if name == "speed":
            speed: Values = np.sqrt(2 * np.maximum(gravity * z["height"], 0.0)) * (1 + noise)
            return speed
        density = z["density"] if self.is_complex else np.full(len(noise), self.density)
        resistance = z["resistance"] if self.is_complex else np.full(len(noise), self.resistance)
        square = z["speed"] ** 2 if self.is_complex else 2 * np.maximum(gravity * z["height"], 0.0)
        work = 2 / 3 * density * z["radius"]
        # A ball whose weight alone is more than the sand bears sinks to a hundred times its stopping distance.
        net = np.maximum(resistance - 2 * work * gravity, 0.01 * np.abs(resistance))
        return work * square / positive(net) * (1 + noise)

    def paint(self, z: Mapping[str, Values], size: int) -> Layers:
        """The ball where it was let go, pale, and where it came to rest, in sand that is cut open."""
        gravity = self.share_of("gravity", z)
        n, sand = len(gravity), -0.2
        canvas = Layers(n, size, shade((0.75, 0.88, 1.0), (0.96, 0.78, 0.62), gravity))
        canvas.part("sand")
        hard = self.share_of("resistance", z) if self.is_complex else np.full(n, 0.3)
        canvas.box(0.0, sand - 0.6, 1.1, 0.6, 0.0, shade((0.9, 0.78, 0.5), (0.5, 0.36, 0.22), hard))
        radius, color = 0.65 * z["radius"], hue(z["hue"])
        start, end = 0.16 * z["height"], sand - 1.2 * z["depth"] + radius
        canvas.part("way", "height")
        canvas.segment(0.0, start, 0.0, sand, 0.025, (0.35, 0.35, 0.4), 0.6)
        canvas.part("pit", "depth")
        pit = np.maximum(sand - end, 0.0)
        canvas.box(0.0, sand - pit / 2 + 0.01, radius + 0.03, pit / 2 + 0.01, 0.0, (0.35, 0.25, 0.17))
        canvas.part("start", "height", "radius", "hue")
        canvas.disc(0.0, start, radius, 0.45 * color + 0.55 * np.array([1.0, 1.0, 1.0]))
        canvas.part("ball", "depth")
        canvas.disc(0.0, end, radius, color)
        canvas.part("arrow", "gravity")
        arrow_down(canvas, 0.75, 0.88, 0.12 + 0.7 * gravity)
        if self.is_complex:
            canvas.part("core", "density")
            canvas.disc(0.0, end, 0.6 * radius, shade((1.0, 1.0, 1.0), (0.05, 0.05, 0.1), self.share_of("density", z)))
            canvas.part("speed", "speed")
            canvas.segment(-0.7, sand, -0.7, sand + 0.1 + 0.9 * self.share_of("speed", z), 0.08, (0.15, 0.5, 0.3))
        return canvas
