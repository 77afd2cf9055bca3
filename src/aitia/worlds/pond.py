"""A ball at a pond: what physics makes of what is said, told in words that name causes alone.

    level        in the air where the ball is held, else afloat if it is of wood and sunk if it is of stone         (1)
    reflection   below the ball, on its side, where it is in the air, else none                                     (2)
    shadow       of a post, on the side away from the sun: right in the morning, left in the evening                (3)

Captions tell colour, material, side, whether the ball is held or dropped, and the time of day. Of these only colour,
side, sky and sun are seen themselves; the material is seen by what it does to a ball that is dropped. So `level` and
`shadow` are one hop away from what is said, `reflection` two. In `train` each colour has a favourite material, with
probability rho: a painter that learnt from such pictures is asked for a dropped ball of the other material, and is
pulled to what it saw.

Source:
    Yu and Lu, LINA, arXiv 2512.13290 (shadows, reflections, floating and falling as what picture models get wrong); the
    pond is ours.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.worlds.captions import Style
from aitia.worlds.layers import Layers
from aitia.worlds.options import one_of
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.segments import segments_of
from aitia.worlds.texts import Wording, code_of
from aitia.worlds.world import Image, World

__all__ = ["PondWorld"]

Values = NDArray[np.float64]

CAUSES: Mapping[str, tuple[str, ...]] = {
    "colour": ("red", "yellow", "green", "violet"),
    "material": ("wood", "stone"),
    "hold": ("held", "dropped"),
    "side": ("left", "right"),
    "time": ("morning", "evening"),
}
"""What captions tell, and its words."""
EFFECTS: Mapping[str, tuple[str, ...]] = {
    "level": ("air", "afloat", "sunk"),
    "reflection": ("none", "left", "right"),
    "shadow": ("left", "right"),
}
"""What physics makes of it."""
FAVOURITES = np.array([1, 0, 1, 0])
"""The favourite material of each colour in `train`."""
WORDINGS = (
    "a {colour} {material} ball {hold} {side} in the {time}",
    "in the {time} a {colour} {material} ball {hold} {side}",
    "a {material} ball in {colour} {hold} {side} in the {time}",
    "in the {time} a {material} ball in {colour} {hold} {side}",
)
"""Of captions: the first is the plain one, the last is kept for the style `unseen`, and all its words are in others."""
_RGB = np.array([[0.9, 0.15, 0.12], [0.95, 0.85, 0.15], [0.15, 0.75, 0.2], [0.65, 0.25, 0.85]])
_SKY = np.array([[0.6, 0.8, 0.95], [0.95, 0.7, 0.55]])
_WATER = np.array([0.16, 0.32, 0.62])
_ACROSS, _RADIUS, _HEIGHTS = 0.5, 0.27, (0.55, 0.04, -0.7)


class PondWorld(World):
    """Pictures of (1) to (3).

    Args:
        rho: How strongly the material goes with the colour in `train`, from 0 to below 1.

    Raises:
        OptionError: If rho is out of range.

    Example:
        >>> world = PondWorld()
        >>> fact = world.sample(1, seed=0, do="do(colour=red, material=wood, hold=dropped)")
        >>> int(fact["level"][0]), int(world.counterfactual(fact, "do(material=stone)")["level"][0])
        (1, 2)
        >>> world.captions(fact)[0][:24]
        'a red wood ball dropped '
    """

    name: ClassVar[str] = "pond"
    environments = ("train", "balanced")
    changes: Mapping[str, tuple[str, ...]] = {"balanced": ("material",)}
    latents = (
        *(Latent(name, 0, len(words) - 1, kind="categorical", labels=words)
          for name, words in {**CAUSES, **EFFECTS}.items()),
        Latent("grain", 0.0, 1.0, visible=False),
    )  # fmt: skip
    graph = Graph(
        "colour -> material; hold -> level; material -> level; level -> reflection; side -> reflection; "
        "time -> shadow; grain"
    )
    noise_laws: ClassVar[Mapping[str, str]] = {latent.name: "even in [0, 1)" for latent in latents}

    def __init__(self, rho: float = 0.9) -> None:
        if not 0 <= rho < 1:
            raise OptionError(f"rho is from 0 to below 1, got {rho}")
        self.rho = float(rho)

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1)."""
        return rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1) to (3), the favourites of `train`, and even draws."""
        if name == "level":
            level: Values = np.where(parents["hold"] == 0, 0.0, 1.0 + parents["material"])
            return level
        if name == "reflection":
            seen: Values = np.where(parents["level"] == 0, 1.0 + parents["side"], 0.0)
            return seen
        if name == "shadow":
            away: Values = 1.0 - parents["time"]
            return away
        if name == "material":
            favourite = np.eye(2)[FAVOURITES[parents["colour"].astype(np.int64)]]
            strength = np.where(env == 0, self.rho, 0.0)[:, None]
            return code_of(noise, (1 - strength) / 2 + strength * favourite)
        return code_of(noise, np.full(len(CAUSES[name]), 1 / len(CAUSES[name]))) if name in CAUSES else noise

    # -- what is seen --------------------------------------------------------------------------------------------------

    def render(self, sample: Sample, *, size: int = 32, view: str | None = None) -> Image:
        """Pictures, (n, size, size, 3); places and light are a little off, as the grain says.

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the picture: leave out view={view!r}")
        return self._painted(sample, size).image()

    def segments(self, sample: Sample, *, size: int = 32) -> dict[str, NDArray[np.bool_]]:
        """The pixels, (n, size, size), of sky, sun, water, post, shadow, reflection and ball."""
        return segments_of(self._painted(sample, size))

    def captions(self, sample: Sample, *, style: Style = "plain", about: Sequence[str] | None = None) -> list[str]:
        """What is said of each picture: causes alone, as "a red wood ball dropped left in the morning".

        Args:
            sample: Rows.
            style: `plain`; `varied`: one of three wordings, as the grain draws it; `unseen`: a wording that `varied`
                never has, of words that it has.
            about: Which causes are told; None tells all.

        Raises:
            OptionError: If there is no such style.
            UnknownVariableError: If something else is to be told.
        """
        one_of("the style of captions", style, get_args(Style))
        told = tuple(CAUSES) if about is None else tuple(about)
        for name in told:
            if name not in CAUSES:
                raise unknown_variable(name, tuple(CAUSES), "captions")
        which = Wording(sample["grain"]).pick("caption", len(WORDINGS) - 1)
        which = which if style == "varied" else which * 0 + {"plain": 0, "unseen": len(WORDINGS) - 1}[style]
        said = []
        for row, wording in enumerate(which):
            words = {name: CAUSES[name][int(sample[name][row])] for name in told}
            text = WORDINGS[wording]
            for part, name in ((" in the {time}", "time"), ("in the {time} ", "time"), (" in {colour}", "colour")):
                text = text if name in words else text.replace(part, "")
            for name in CAUSES:
                text = text if name in words else text.replace(f" {{{name}}}", "")
            said.append(text.format(**words))
        return said

    def _painted(self, sample: Sample, size: int) -> Layers:
        z, grain = sample.latents, Wording(sample["grain"])
        off = np.stack([grain.number(f"place {k}") - 0.5 for k in range(4)], axis=1)
        day = (0.85 + 0.3 * (grain.number("day") - 0.5))[:, None]
        sun, sky = np.where(z["time"] == 0, -0.78, 0.78), _SKY[z["time"].astype(np.int64)]
        canvas = Layers(len(sample), size).part("sky").box(0.0, 0.0, 1.2, 1.2, 0.0, day * sky)
        canvas.part("sun").disc(sun, 0.8 + 0.06 * off[:, 0], 0.2, (1.0, 0.95, 0.6))
        canvas.part("water").box(0.0, -0.6, 1.2, 0.6, 0.0, day * _WATER)
        canvas.part("shadow").box(0.36 * (2 * z["shadow"] - 1), -0.09, 0.34, 0.08, 0.0, (0.03, 0.06, 0.14))
        canvas.part("post").box(0.0, 0.25, 0.06, 0.3, 0.0, (0.3, 0.2, 0.12))
        colour = _RGB[z["colour"].astype(np.int64)]
        mirrored = np.where(z["reflection"] == 1, -1.0, 1.0) * _ACROSS + 0.1 * off[:, 1]
        there = (z["reflection"] > 0).astype(np.float64)
        canvas.part("reflection").disc(mirrored, -0.5, _RADIUS, 0.5 * colour + 0.5 * day * _WATER, there)
        x = (2 * z["side"] - 1) * _ACROSS + 0.1 * off[:, 1]
        y = np.array(_HEIGHTS)[z["level"].astype(np.int64)] + 0.08 * off[:, 2]
        canvas.part("ball").disc(x, y, _RADIUS * (1 + 0.1 * off[:, 3]), colour)
        return canvas
