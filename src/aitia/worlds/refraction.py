"""Light that enters glass.

    sin(exit) = sin(incidence) / n,    displacement = t sin(incidence - exit) / cos(exit)                           (1)

Source:
    Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed. (2014), chapter 33.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.canvas import hue
from aitia.worlds.captions import AMOUNT, Told
from aitia.worlds.layers import Layers
from aitia.worlds.painting import shade
from aitia.worlds.physics import positive
from aitia.worlds.sample import Latent
from aitia.worlds.static_scenes import Effect, StaticWorld

__all__ = ["RefractionWorld"]

Values = NDArray[np.float64]

_DENSE = ("very thin", "thin", "middling", "dense", "very dense")
_FLAT = ("very steep", "steep", "middling", "flat", "very flat")
_THICK = ("very thin", "thin", "middling", "thick", "very thick")
_HUES = ("red", "yellow", "green", "blue", "violet")


class RefractionWorld(StaticWorld):
    """Light that enters glass: index and incidence -> exit angle.

    In the complex form the glass is a slab: its thickness and the ray's angle within set how far the ray comes out
    beside its old line. Light of another hue is refracted otherwise, so the hue causes the index.

    Args:
        form: `simple` or `complex`.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> world = RefractionWorld("complex")
        >>> world.graph.parents("displacement"), world.graph.parents("index")
        (('incidence', 'thickness', 'exit_angle'), ('hue',))
    """

    name: ClassVar[str] = "refraction"
    told: ClassVar[Mapping[str, Told]] = MappingProxyType(
        {
            "index": Told(("the glass is {}", "it is {} glass", "the light enters {} glass"), _DENSE),
            "incidence": Told(("the ray comes in {}", "the light falls in {}", "from above the way is {}"), _FLAT),
            "thickness": Told(("the slab is {}", "it is a {} slab", "the ray passes a {} slab"), _THICK),
            "hue": Told(("the light is {}", "it is {} light", "a {} beam is sent"), _HUES),
            "exit_angle": Told(("the ray goes on {}", "within the glass it is {}", "inside the way is {}"), _FLAT),
            "displacement": Told(
                ("the shift is {}", "it comes out with a {} shift", "it is moved by a {} way"), AMOUNT
            ),
        }
    )
    own_edges: ClassVar[tuple[tuple[str, str], ...]] = (("hue", "index"),)

    @property
    def causes(self) -> tuple[Latent, ...]:
        """The glass and the ray."""
        more = (Latent("thickness", 0.4, 0.8, "m"), Latent("hue", 0.0, 0.75))
        return (
            Latent("index", 1.2, 2.0),
            Latent("incidence", 0.2, 1.1, "rad"),
            *(more if self.is_complex else ()),
        )

    @property
    def effects(self) -> Mapping[str, Effect]:
        """Where the ray goes."""
        bent = {"exit_angle": Effect(("index", "incidence"), "rad")}
        if not self.is_complex:
            return bent
        return {**bent, "displacement": Effect(("incidence", "thickness", "exit_angle"), "m")}

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """(1), the first of them Snell's law; the surface is not quite flat."""
        incidence = z["incidence"]
        if name == "exit_angle":
            inside: Values = np.arcsin(np.clip(np.sin(incidence) / positive(z["index"]), -1.0, 1.0)) * (1 + noise)
            return inside
        along = np.cos(z["exit_angle"])
        along = np.where(np.abs(along) < 1e-3, 1e-3, along)
        return z["thickness"] * np.sin(incidence - z["exit_angle"]) / along * (1 + noise)

    def paint(self, z: Mapping[str, Values], size: int) -> Layers:
        """The glass, bluer where it is denser, the ray before, within and behind it, and where it would have gone."""
        n, x0, y0 = len(z["index"]), -0.2, 0.25
        canvas = Layers(n, size, (0.2, 0.21, 0.27))
        thick = z["thickness"] if self.is_complex else np.full(n, 1.5)
        canvas.part("glass")
        glass = shade((0.82, 0.93, 0.95), (0.12, 0.3, 0.62), self.share_of("index", z))
        canvas.box(0.0, y0 - thick / 2, 1.1, thick / 2, 0.0, glass)
        canvas.box(x0, 0.05, 0.012, 0.85, 0.0, (0.5, 0.5, 0.5))
        ray = hue(z["hue"], 0.75, 1.0) if self.is_complex else np.array([1.0, 0.35, 0.2])
        into_x, into_y = np.sin(z["incidence"]), -np.cos(z["incidence"])
        canvas.part("old line", "incidence")
        canvas.segment(x0, y0, x0 + 0.9 * into_x, y0 + 0.9 * into_y, 0.025, (0.65, 0.65, 0.65), 0.7)
        canvas.part("ray", "incidence", *(("hue",) if self.is_complex else ()))
        canvas.segment(x0 - 1.2 * into_x, y0 - 1.2 * into_y, x0, y0, 0.07, ray)
        down = thick / np.maximum(np.cos(np.clip(z["exit_angle"], -1.4, 1.4)), 0.1)
        inside = np.minimum(down, 1.25)
        canvas.part("ray within", "exit_angle")
        canvas.segment(
            x0, y0, x0 + inside * np.sin(z["exit_angle"]), y0 - inside * np.cos(z["exit_angle"]), 0.07, ray * 0.8
        )
        if self.is_complex:
            # The line beside the old one at this distance, from the lower face on.
            aside = z["displacement"]
            passed = (thick - aside * into_x) / np.maximum(-into_y, 0.1)
            x = x0 + aside * into_y + passed * into_x
            y = y0 - aside * into_x + passed * into_y
            canvas.part("ray behind", "displacement")
            canvas.segment(x, y, x + 1.5 * into_x, y + 1.5 * into_y, 0.07, ray)
        return canvas
