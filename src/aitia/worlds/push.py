"""Two things, one of which pushes the other: who is the cause can be seen, and cannot be guessed from any text.

    first even among eight things, second even among the six of another colour;  hitter even among the two;
    mover = the other one                                                                                           (1)

A picture shows the two things and a grey trail behind the hitter, which is the only sign of who pushes whom. Place,
direction and distance are drawn evenly. do(hitter=...) draws the same scene with the trail at the other end.

A sentence says "A pushes B" with a forward connective, or "B moves because of A" with a backward one; the reversed
sentence exchanges the two things. Since the hitter is drawn apart from what the things are, no answer that looks at the
texts alone is right in more than half of the rows.

Source:
    Weng, Li, Wang, Huang and Zhao, What's missing in vision-language models? Probing their struggles with causal order
    reasoning, 2025, for sentences that differ in the order of cause and effect alone; the generator is ours.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import OptionError, join_names
from aitia.graph.graph import Graph
from aitia.worlds.captions import Style
from aitia.worlds.layers import Layers
from aitia.worlds.options import one_of
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.segments import segments_of
from aitia.worlds.texts import WORDING, Wording, code_of
from aitia.worlds.world import Image, World

__all__ = ["CONNECTIVES", "PushWorld"]

Values = NDArray[np.float64]

COLORS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {"red": (0.9, 0.15, 0.15), "green": (0.1, 0.7, 0.25), "blue": (0.2, 0.35, 0.95), "yellow": (0.95, 0.85, 0.1)}
)
SHAPES = ("disc", "square")
THINGS = tuple(f"{color} {shape}" for shape in SHAPES for color in COLORS)
"""The eight things, as texts name them."""
CONNECTIVES: Mapping[str, bool] = MappingProxyType(
    {
        "pushes": True, "moves because of": False, "moves": True, "is pushed by": False,
        "drives": True, "is driven by": False,
    }
)  # fmt: skip
"""By connective whether the cause stands before it."""
USUAL = tuple(CONNECTIVES)[:2]
"""Those that rows are told with; the others are there to be asked for."""
JOINED = ("{} and {}", "{} with {}", "{} beside {}")
BOTH = ("first", "second")


class PushWorld(World):
    """Pictures of a push, and sentences about them; see the module.

    Example:
        >>> world = PushWorld()
        >>> fact = world.sample(1, seed=0)
        >>> world.captions(fact), world.sentences(fact, "pushes")
        (['green disc and blue disc'], [('green disc pushes blue disc', 'blue disc pushes green disc')])
        >>> other = world.counterfactual(fact, "do(hitter=first)")
        >>> world.sentences(other, "moves because of")[0][0]
        'green disc moves because of blue disc'
    """

    name: ClassVar[str] = "push"
    latents = (
        Latent("first", 0.0, 7.0, kind="categorical", labels=THINGS),
        Latent("second", 0.0, 7.0, kind="categorical", labels=THINGS),
        Latent("hitter", 0.0, 1.0, kind="categorical", labels=BOTH),
        Latent("mover", 0.0, 1.0, kind="categorical", labels=BOTH),
        Latent("choice", 0.0, 1.0, kind="categorical", labels=("sentence", "reverse")),
        Latent("x", -0.12, 0.12, visible=False),
        Latent("y", -0.12, 0.12, visible=False),
        Latent("angle", -0.5, 0.5, "rad", visible=False),
        Latent("distance", 0.66, 0.74, visible=False),
        Latent(WORDING, 0.0, 1.0, visible=False),
    )
    graph = Graph("first -> second; hitter -> mover; choice; x; y; angle; distance; wording")
    noise_laws: ClassVar[Mapping[str, str]] = {latent.name: "even in [0, 1)" for latent in latents}

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1)."""
        return rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1), and even draws; which of the two columns of `rows` has the true sentence is drawn by itself."""
        if name == "second":
            turn = np.floor(6 * noise)  # three other colours, two shapes
            second: Values = 4 * (turn % 2) + (parents["first"] + 1 + turn // 2) % 4
            return second
        if name == "mover":
            return 1 - parents["hitter"]
        latent = self.latent(name)
        if latent.labels:
            return code_of(noise, np.full(len(latent.labels), 1 / len(latent.labels)))
        return latent.low + (latent.high - latent.low) * noise

    # -- what is seen --------------------------------------------------------------------------------------------------

    def render(self, sample: Sample, *, size: int = 28, view: str | None = None) -> Image:
        """Pictures, (n, size, size, 3): the trail, then the two things.

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the picture: leave out view={view!r}")
        return self._painted(sample, size).image()

    def segments(self, sample: Sample, *, size: int = 28) -> dict[str, NDArray[np.bool_]]:
        """The pixels, (n, size, size), that show the `trail`, the `first` and the `second` thing."""
        return segments_of(self._painted(sample, size))

    def _painted(self, sample: Sample, size: int) -> Layers:
        z = sample.latents
        canvas = Layers(len(sample), size, (0.08, 0.08, 0.1)).part("trail")
        to_x, to_y = np.cos(z["angle"]), np.sin(z["angle"])
        ends = {}
        for name, sign in zip(BOTH, (-0.5, 0.5), strict=True):
            ends[name] = z["x"] + sign * z["distance"] * to_x, z["y"] + sign * z["distance"] * to_y
        for code, (name, sign) in enumerate(zip(BOTH, (-1.0, 1.0), strict=True)):
            x, y = ends[name]
            here = (z["hitter"] == code).astype(np.float64)
            canvas.segment(x, y, x + 0.66 * sign * to_x, y + 0.66 * sign * to_y, 0.2, (0.55, 0.55, 0.55), here)
        for name in BOTH:
            thing = z[name].astype(np.int64)
            color = np.array(list(COLORS.values()))[thing % 4]
            canvas.part(name).disc(*ends[name], 0.3, color, (thing < 4).astype(np.float64))
            canvas.box(*ends[name], 0.28, 0.28, 0.0, color, (thing >= 4).astype(np.float64))
        return canvas

    def captions(self, sample: Sample, *, style: Style = "plain") -> list[str]:
        """What is in each picture, in an order that says nothing: "red disc and blue square".

        Args:
            sample: Rows.
            style: `plain`, `varied`, or `unseen`: a wording that `varied` never has.

        Raises:
            OptionError: If there is no such style.
        """
        one_of("the style of captions", style, get_args(Style))
        wording = Wording(sample[WORDING])
        swapped, which = wording.chance("order", 0.5), wording.pick("joined", 2)
        fixed = {"plain": 0, "unseen": 2}.get(style)
        texts = []
        pairs = zip(self._things(sample, "first"), self._things(sample, "second"), strict=True)
        for row, (first, second) in enumerate(pairs):
            pair = (second, first) if swapped[row] else (first, second)
            texts.append(JOINED[int(which[row]) if fixed is None else fixed].format(*pair))
        return texts

    def sentences(self, sample: Sample, connective: str | Sequence[str] | None = None) -> list[tuple[str, str]]:
        """Who pushes whom: the true sentence of each row, and the reversed one.

        Args:
            sample: Rows.
            connective: One of `CONNECTIVES` for all rows, one for each, or None for what `connectives` gives.

        Raises:
            OptionError: If there is no such connective.
        """
        said = self.connectives(sample) if connective is None else connective
        said = [said] * len(sample) if isinstance(said, str) else list(said)
        if unknown := [each for each in said if each not in CONNECTIVES]:
            raise OptionError(f"a connective is one of {join_names(CONNECTIVES, 10)}, got {unknown[0]!r}")
        hitter, mover = self._of_role(sample, "hitter"), self._of_role(sample, "mover")
        pairs = []
        for each, cause, effect in zip(said, hitter, mover, strict=True):
            before, after = (cause, effect) if CONNECTIVES[each] else (effect, cause)
            pairs.append((f"{before} {each} {after}", f"{after} {each} {before}"))
        return pairs

    def connectives(self, sample: Sample) -> list[str]:
        """The connective of each row, one of the two usual ones, as its wording draws it."""
        return [USUAL[k] for k in Wording(sample[WORDING]).pick("connective", USUAL)]

    def rows(self, sample: Sample, size: int = 28) -> Data:
        """Pictures with `sentence` and `reverse`, of which `choice` says the true one, `connective`, and a caption."""
        pairs = self.sentences(sample)
        turned = sample["choice"] == 1
        said = [pair[::-1] if turn else pair for pair, turn in zip(pairs, turned, strict=True)]
        columns = {
            "image": self.render(sample, size=size),
            "sentence": [one for one, _ in said],
            "reverse": [other for _, other in said],
            "caption": self.captions(sample),
        }
        kinds = {"image": "picture", "sentence": "text", "reverse": "text", "caption": "text"}
        known = sample.table(names=self.visible)
        return Table.of(columns, kinds=kinds).with_columns(
            {"connective": self.connectives(sample), **{name: known.labels(name) for name in known.names}},
            dict.fromkeys(("connective", *known.names), "label"),
        )

    def _things(self, sample: Sample, name: str) -> list[str]:
        return [THINGS[k] for k in sample[name].astype(np.int64)]

    def _of_role(self, sample: Sample, role: str) -> list[str]:
        pairs = zip(self._things(sample, "first"), self._things(sample, "second"), strict=True)
        return [pair[k] for pair, k in zip(pairs, sample[role].astype(np.int64), strict=True)]
