"""Grey pictures of one shape each, with a bright patch in a corner that goes with one class: a planted spurious cue.

    shape -> patch,      P(patch present | first shape), P(patch present | other shape) =
        train     .95, .05        balanced   .5, .5        reversed   .05, .95                                     (1)

The shape is the class. A classifier trained where (1) says `train` can read the class off the patch; what it then says
is caused by the patch, and the world knows it: `counterfactual(rows, "do(patch=absent)")` is the same picture without
it. Place, size, turn and greys of the shape are drawn evenly, and so is the grain, which numbers the noise of the
pixels.

Source:
    The cue is that of Geirhos et al., Shortcut learning in deep neural networks, Nature Machine Intelligence 2 (2020).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.captions import ACROSS, Style, Told, captions_of
from aitia.worlds.layers import Layers
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.segments import segments_of
from aitia.worlds.world import Seen, World

__all__ = ["ShapesWorld"]

Values = NDArray[np.float64]

SHAPES = ("disc", "square", "triangle", "cross")
_EVEN = (
    Latent("x", -0.35, 0.35),
    Latent("y", -0.35, 0.35),
    Latent("size", 0.3, 0.5),
    Latent("angle", -0.4, 0.4, "rad"),
    Latent("light", 0.5, 0.85),
    Latent("background", 0.1, 0.3),
    Latent("grain", 0.0, 1.0, visible=False),
)
_TOLD = MappingProxyType(
    {
        "shape": Told(("a {}", "the shape is a {}", "one sees a {}")),
        "patch": Told(("the patch is {}", "a bright patch is {}", "as for a patch, it is {}")),
        "x": Told(("it lies {}", "it stands {}", "it is put {}"), ACROSS),
        "size": Told(("it is {}", "its size is {}", "it looks {}"), ("small", "middling", "large")),
        "light": Told(("its grey is {}", "it has a {} grey", "the grey of it is {}"), ("dark", "middling", "bright")),
    }
)


class ShapesWorld(World):
    """Pictures (1). The class is `shape`, the cue `patch`.

    Args:
        strength: P(patch | first shape) in the environment `train`; elsewhere there 1 - strength.
        grain: Standard deviation of the noise of a pixel, as a share of white.
        patch: Side of the patch, as a share of the picture's.

    Raises:
        OptionError: If a number is out of range.

    Example:
        >>> world = ShapesWorld()
        >>> fact = world.sample(400, env="train")
        >>> present = fact["patch"] == 1
        >>> float(present[fact["shape"] == 0].mean()) > 0.9, float(present[fact["shape"] > 0].mean()) < 0.1
        (True, True)
        >>> world.render(world.counterfactual(fact, "do(patch=absent)"), size=16).shape
        (400, 16, 16, 3)
    """

    name: ClassVar[str] = "shapes"
    seen: ClassVar[Seen] = "image"
    environments = ("train", "balanced", "reversed")
    changes: Mapping[str, tuple[str, ...]] = MappingProxyType({"balanced": ("patch",), "reversed": ("patch",)})

    def __init__(self, strength: float = 0.95, grain: float = 0.08, patch: float = 0.22) -> None:
        if not 0.5 <= strength <= 1:
            raise OptionError(f"strength lies in [0.5, 1], got {strength}")
        if not 0 <= grain <= 1:
            raise OptionError(f"grain lies in [0, 1], got {grain}")
        if not 0 < patch <= 0.5:
            raise OptionError(f"patch lies in (0, 0.5], got {patch}")
        self.strength, self.grain, self.patch = strength, grain, patch

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Shape, patch, and what the picture needs."""
        return (
            Latent("shape", 0, len(SHAPES) - 1, kind="categorical", labels=SHAPES),
            Latent("patch", 0, 1, kind="categorical", labels=("absent", "present")),
            *_EVEN,
        )

    @property
    def graph(self) -> Graph:
        """shape -> patch; everything else by itself."""
        return Graph([("shape", "patch")], [latent.name for latent in self.latents])

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even on [0, 1)."""
        return rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1), and even draws."""
        if name == "shape":
            return np.floor(noise * len(SHAPES))
        if name == "patch":
            with_first = np.array([self.strength, 0.5, 1 - self.strength])[env]
            chance = np.where(parents["shape"] == 0, with_first, 1 - with_first)
            return (noise < chance).astype(np.float64)
        latent = self.latent(name)
        return latent.low + (latent.high - latent.low) * noise

    def render(self, sample: Sample, *, size: int = 16, view: str | None = None) -> NDArray[Any]:
        """Grey pictures, (n, size, size, 3) of bytes with three equal channels; there is one view."""
        picture = self._painted(sample, size).image().astype(np.float64)
        for row, number in enumerate(sample["grain"]):
            rng = np.random.default_rng(int(abs(number) * 2**32))
            picture[row] += 255 * self.grain * rng.standard_normal((size, size, 1))
        return np.clip(picture.round(), 0, 255).astype(np.uint8)

    def segments(self, sample: Sample, *, size: int = 16) -> dict[str, NDArray[np.bool_]]:
        """The pixels, (n, size, size), that show the `shape` and the `patch`."""
        return segments_of(self._painted(sample, size))

    def captions(self, sample: Sample, *, style: Style = "plain", about: Sequence[str] | None = None) -> list[str]:
        """What is true of each picture, in words; see `aitia.worlds.captions`.

        Args:
            sample: Rows.
            style: `plain`, `varied`, or `unseen`: a wording that `varied` never has.
            about: Of shape, patch, x, size and light; None tells all.

        Raises:
            OptionError: If there is no such style.
            UnknownVariableError: If something else is to be told.
        """
        return captions_of(sample, self.latents, _TOLD, style, about)

    def _painted(self, sample: Sample, size: int) -> Layers:
        n, z = len(sample), sample.latents
        canvas = Layers(n, size, np.repeat(z["background"][:, None], 3, axis=1)).part("shape")
        grey = np.repeat(z["light"][:, None], 3, axis=1)
        x, y, r, angle = z["x"], z["y"], z["size"], z["angle"]
        kind = z["shape"].round().astype(int)
        is_ = [np.where(kind == k, 1.0, 0.0) for k in range(len(SHAPES))]
        canvas.disc(x, y, r, grey, is_[0])
        canvas.box(x, y, 0.87 * r, 0.87 * r, angle, grey, is_[1])
        turns = angle[:, None] + np.pi * np.array([0.5, 7 / 6, 11 / 6])
        canvas.triangle(
            x[:, None] + 1.25 * r[:, None] * np.cos(turns), y[:, None] + 1.25 * r[:, None] * np.sin(turns), grey, is_[2]
        )
        for turn in (0.0, np.pi / 2):
            canvas.box(x, y, 1.1 * r, 0.35 * r, angle + turn, grey, is_[3])
        half = self.patch
        canvas.part("patch").box(-1 + half, 1 - half, half, half, 0.0, (1.0, 1.0, 1.0), z["patch"].round())
        return canvas
