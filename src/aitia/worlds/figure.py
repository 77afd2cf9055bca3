"""A figure in a lit room: pose, size, clothes, wall, lamp, and the shadow on the floor.

A figure of size S that leans by the angle θ from the vertical, under light that falls at angle φ, throws the shadow of
the top of its head as far from its feet as

    shadow = S sin(θ - φ) / cos φ                                                                              (1)

to the right where that is positive. Size causes the hue of the clothes, by a linear mechanism that the configuration
can change. The environments are rooms: they differ in the laws of wall and lamp.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.worlds.canvas import Canvas, hue
from aitia.worlds.captions import ACROSS, Told
from aitia.worlds.layers import Layers
from aitia.worlds.painting import shade
from aitia.worlds.sample import Latent
from aitia.worlds.static_scenes import Effect, StaticWorld

__all__ = ["FigureWorld"]

Values = NDArray[np.float64]

_SKIN = (0.93, 0.76, 0.62)
_HUES = ("red", "yellow", "green", "blue", "violet")
_LEAN = ("far to the left", "to the left", "not at all", "to the right", "far to the right")
_TALL = ("very short", "short", "middling", "tall", "very tall")
_BRIGHT = ("very dark", "dark", "middling", "bright", "very bright")
_ARMS = ("hanging", "low", "level", "raised", "high")


class FigureWorld(StaticWorld):
    """Pose, size and light -> shadow; size -> hue. The complex form adds raised arms, a hat and the lamp's brightness.

    Args:
        form: `simple` or `complex`.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> world = FigureWorld("complex")
        >>> world.graph.parents("hue"), world.graph.parents("shadow")
        (('size',), ('light', 'pose', 'size'))
        >>> crowned = world.sample(2, do={"hat": "crown"})
        >>> crowned["hat"].tolist()
        [2.0, 2.0]
    """

    name: ClassVar[str] = "figure"
    told: ClassVar[Mapping[str, Told]] = MappingProxyType(
        {
            "background": Told(("the wall is {}", "there is a {} wall", "it stands in a {} room"), _HUES),
            "light": Told(("the lamp hangs {}", "the lamp is {}", "it is lit from a lamp {}"), ACROSS),
            "pose": Told(("the figure leans {}", "somebody leans {}", "the person is bent {}"), _LEAN),
            "size": Told(("the figure is {}", "it is a {} figure", "a {} person stands there"), _TALL),
            "hue": Told(("the clothes are {}", "it wears {} clothes", "it is dressed in {} cloth"), _HUES),
            "brightness": Told(("the room is {}", "it is a {} place", "the air is {}"), _BRIGHT),
            "arms": Told(("the arms are {}", "it holds its arms {}", "its hands are {}"), _ARMS),
            "hat": Told(("the hat is: {}", "on its head: {}", "as a hat: {}")),
            "shadow": Told(("the shadow falls {}", "the shadow is {}", "the floor is dark {}"), ACROSS),
        }
    )
    own_edges: ClassVar[tuple[tuple[str, str], ...]] = (("size", "hue"), ("background", "brightness"))
    effects: Mapping[str, Effect] = MappingProxyType({"shadow": Effect(("light", "pose", "size"), "m")})

    @property
    def causes(self) -> tuple[Latent, ...]:
        """Room, then figure."""
        more = (
            Latent("brightness", 0.0, 1.0),
            Latent("arms", -0.7, 1.1, "rad"),
            Latent("hat", 0.0, 2.0, kind="categorical", labels=("none", "cap", "crown")),
        )
        return (
            Latent("background", 0.0, 0.75),
            Latent("light", -0.5, 0.5, "rad"),
            Latent("pose", -0.35, 0.35, "rad"),
            Latent("size", 0.7, 1.1, "m"),
            Latent("hue", 0.0, 0.75),
            *(more if self.is_complex else ()),
        )

    @property
    def changing(self) -> tuple[str, ...]:
        """The room."""
        return ("background", "light", *(("brightness",) if self.is_complex else ()))

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """(1); the floor is rough."""
        light, lean = z["light"], z["pose"]
        along = np.cos(light)
        along = np.where(np.abs(along) < 1e-3, 1e-3, along)
        return z["size"] * (np.sin(lean - light) / along + noise)

    def paint(self, z: Mapping[str, Values], size: int) -> Layers:
        """Wall, floor and lamp, the shadow on the floor, and the figure from its feet up."""
        n, foot = len(z["size"]), -0.62
        bright = self.share_of("brightness", z) if self.is_complex else np.full(n, 0.7)
        lit = (0.55 + 0.45 * np.clip(bright, 0.0, 1.0))[:, None]
        canvas = Layers(n, size, lit * hue(z["background"], 0.35, 0.95))
        canvas.part("floor")
        canvas.box(0.0, -1.0, 1.1, 0.55, 0.0, lit * np.array([0.8, 0.74, 0.68]))
        canvas.part("lamp", "light", "brightness")
        lamp = 1.5 * np.tan(np.clip(z["light"], -1.3, 1.3))
        canvas.disc(lamp, 0.86, 0.21, (1.0, 0.97, 0.75), 0.15 + 0.7 * np.clip(bright, 0.0, 1.0))
        canvas.disc(lamp, 0.86, 0.1, shade((0.6, 0.5, 0.2), (1.0, 0.95, 0.5), bright))
        dark, below = (0.22, 0.2, 0.24), foot - 0.12
        canvas.part("shadow", "shadow")
        canvas.segment(0.0, foot - 0.04, z["shadow"], below, 0.1, dark)
        canvas.ellipse(z["shadow"], below, 0.1, 0.065, 0.0, dark)
        canvas.part("figure", "pose", "size", "hue", "arms", "hat")
        self._paint_figure(canvas, z, foot)
        return canvas

    def _paint_figure(self, canvas: Canvas, z: Mapping[str, Values], foot: float) -> None:
        lean, tall = z["pose"], z["size"]
        clothes = hue(z["hue"], 0.85, 0.85)

        def at(across: Values | float, up: float) -> tuple[Values, Values]:
            """A place in the figure's own frame, in units of its size, up from between the feet."""
            x = tall * (across * np.cos(lean) + up * np.sin(lean))
            return x, foot + tall * (up * np.cos(lean) - across * np.sin(lean))

        def limb(start: tuple[Values, Values], end: tuple[Values, Values], width: float, color: ArrayLike) -> None:
            canvas.segment(*start, *end, width * tall, color)

        arms = z["arms"] if self.is_complex else np.full(len(tall), -0.5)
        cloth = (0.16, 0.17, 0.3)
        for side in (-1.0, 1.0):
            limb(at(0.03 * side, 0.45), at(0.11 * side, 0.02), 0.1, cloth)
            hand = at(side * (0.09 + 0.3 * np.cos(arms)), 0.68)
            up = 0.3 * tall * np.sin(arms)
            hand = hand[0] + up * np.sin(lean), hand[1] + up * np.cos(lean)
            limb(at(0.09 * side, 0.68), hand, 0.1, cloth)
            canvas.disc(*hand, 0.06 * tall, _SKIN)
        limb(at(0.0, 0.46), at(0.0, 0.66), 0.24, clothes)
        head = at(0.0, 0.9)
        canvas.disc(*head, 0.12 * tall, _SKIN)
        if self.is_complex:
            cap, crown = (z["hat"] == 1).astype(np.float64), (z["hat"] == 2).astype(np.float64)
            canvas.box(*at(0.05, 0.96), 0.2 * tall, 0.035 * tall, -lean, (0.1, 0.2, 0.6), cap)
            canvas.box(*at(0.0, 1.02), 0.12 * tall, 0.06 * tall, -lean, (0.1, 0.2, 0.6), cap)
            for side in (-0.09, 0.0, 0.09):
                left, tip, right = at(side - 0.06, 0.94), at(side * 1.3, 1.13), at(side + 0.06, 0.94)
                x, y = (np.stack([p[axis] for p in (left, tip, right)], axis=1) for axis in (0, 1))
                canvas.triangle(x, y, (0.95, 0.7, 0.05), crown)
