"""A small town: things that are there or not, with the exact pixels of each, and a mark that somebody planted.

    door present only where the house is,    every other thing by itself                                       (1)
    x = sky, sun, ground, tree, house, door, mark, painted in this order                                       (2)

A generator that learnt from these pictures can be asked which of its units draw the tree: `segments` says where a tree
is seen, `counterfactual(rows, "do(tree=absent)")` is the same picture without it, and where a thing can stand is known:
a tree and a house stand on the ground, a door in a house, the sun in the sky. The mark is a square of magenta that
belongs to no town: with a share of marked pictures, what draws it is an artefact whose truth is known.

Source:
    Bau and others, GAN dissection, ICLR 2019 (what is asked of such scenes); the town is ours.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.canvas import hue
from aitia.worlds.captions import ACROSS, Style, Told, captions_of
from aitia.worlds.layers import Layers
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.segments import segments_of
from aitia.worlds.world import Image, World

__all__ = ["TownWorld"]

Values = NDArray[np.float64]

THINGS = ("house", "door", "tree", "sun", "mark")
_SHARES = {"house": 0.6, "door": 0.75, "tree": 0.6, "sun": 0.6}
"""How often each is there; a door, where there is a house."""
_THERE = ("absent", "present")
_EVEN = (
    Latent("horizon", -0.25, 0.1),
    Latent("day", 0.0, 1.0),
    Latent("house_x", -0.5, 0.5),
    Latent("house_size", 0.28, 0.42),
    Latent("house_hue", 0.0, 0.15),
    Latent("tree_x", -0.75, 0.75),
    Latent("tree_size", 0.24, 0.36),
    Latent("sun_x", -0.75, 0.75),
)
_TOLD = MappingProxyType(
    {
        **{
            name: Told((f"the {name} is {{}}", f"a {name} is {{}}", f"as for a {name}, it is {{}}"))
            for name in THINGS
            if name != "mark"
        },
        "house_x": Told(("the house would stand {}", "the plot lies {}", "the place of a house is {}"), ACROSS),
        "tree_x": Told(("the tree would stand {}", "trees grow {}", "the place of a tree is {}"), ACROSS),
        "day": Told(("it is a {} day", "the day is {}", "the sky is {}"), ("dark", "dull", "bright")),
    }
)


class TownWorld(World):
    """Pictures (2) of things (1).

    Args:
        marked: Share of the pictures with the mark.

    Raises:
        OptionError: If the share is out of range.

    Example:
        >>> world = TownWorld()
        >>> fact = world.sample(4, seed=0)
        >>> sorted(world.segments(fact, size=32))
        ['door', 'ground', 'house', 'mark', 'sky', 'sun', 'tree']
        >>> bare = world.counterfactual(fact, "do(house=absent)")
        >>> float(bare["door"].max()), bool(world.segments(bare, size=32)["house"].any())
        (0.0, False)
    """

    name: ClassVar[str] = "town"
    latents = (*(Latent(name, 0, 1, kind="categorical", labels=_THERE) for name in THINGS), *_EVEN)
    graph = Graph([("house", "door")], [*THINGS, *(latent.name for latent in _EVEN)])
    noise_laws: ClassVar[Mapping[str, str]] = {latent.name: "even in [0, 1)" for latent in latents}

    def __init__(self, marked: float = 0.0) -> None:
        if not 0 <= marked <= 1:
            raise OptionError(f"marked is a share from 0 to 1, got {marked}")
        self.marked = float(marked)

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1)."""
        return rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1), and even draws."""
        if name in THINGS:
            there: Values = (noise < _SHARES.get(name, self.marked)).astype(np.float64)
            return there * parents["house"] if name == "door" else there
        latent = self.latent(name)
        return latent.low + (latent.high - latent.low) * noise

    # -- what is seen --------------------------------------------------------------------------------------------------

    def render(self, sample: Sample, *, size: int = 32, view: str | None = None) -> Image:
        """Pictures (2), (n, size, size, 3).

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the picture: leave out view={view!r}")
        return self._painted(sample, size).image()

    def segments(self, sample: Sample, *, size: int = 32) -> dict[str, NDArray[np.bool_]]:
        """The pixels, (n, size, size), that show each thing, the sky and the ground; what is hidden is not counted."""
        return segments_of(self._painted(sample, size))

    def captions(self, sample: Sample, *, style: Style = "plain", about: Sequence[str] | None = None) -> list[str]:
        """What is true of each picture, in words; see `aitia.worlds.captions`.

        Args:
            sample: Rows.
            style: `plain`, `varied`, or `unseen`: a wording that `varied` never has.
            about: The latents that are told; None tells all that can be.

        Raises:
            OptionError: If there is no such style.
            UnknownVariableError: If a latent cannot be told.
        """
        return captions_of(sample, self.latents, _TOLD, style, about)

    def _painted(self, sample: Sample, size: int) -> Layers:
        z, n = sample.latents, len(sample)
        light = (0.6 + 0.4 * z["day"])[:, None]
        canvas = Layers(n, size).part("sky").box(0.0, 0.0, 1.2, 1.2, 0.0, light * np.array([0.55, 0.75, 0.95]))
        canvas.part("sun").disc(z["sun_x"], 0.68, 0.2, (1.0, 0.9, 0.35), z["sun"])
        ground, foot = z["horizon"], z["horizon"] - 0.1
        canvas.part("ground").half_plane(0.0, ground, 0.0, light * np.array([0.42, 0.62, 0.3]))
        x, r = z["tree_x"], z["tree_size"]
        canvas.part("tree").box(x, foot + 0.5 * r, 0.18 * r, 0.5 * r, 0.0, (0.35, 0.22, 0.12), z["tree"])
        canvas.disc(x, foot + 1.6 * r, r, light * np.array([0.08, 0.36, 0.14]), z["tree"])
        x, r = z["house_x"], z["house_size"]
        walls = light * hue(z["house_hue"], 0.55, 0.95)
        canvas.part("house").box(x, foot + 0.7 * r, r, 0.7 * r, 0.0, walls, z["house"])
        roof_x = x[:, None] + r[:, None] * np.array([-1.2, 1.2, 0.0])
        roof_y = foot[:, None] + r[:, None] * np.array([1.4, 1.4, 2.1])
        canvas.triangle(roof_x, roof_y, light * np.array([0.6, 0.2, 0.15]), z["house"])
        canvas.part("door").box(x, foot + 0.42 * r, 0.26 * r, 0.42 * r, 0.0, (0.25, 0.15, 0.3), z["door"] * z["house"])
        canvas.part("mark").box(0.72, -0.72, 0.2, 0.2, 0.0, (0.95, 0.05, 0.85), z["mark"])
        return canvas
