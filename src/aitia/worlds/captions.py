"""What is true of a picture, in words.

A continuous latent is told by the level that its value lies in, out of equally wide ones over its range; a label by
itself. Which of several wordings a row has is chance that follows from the noise of the row: a counterfactual keeps it,
so the caption of what would have been differs in what has changed and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError, unknown_variable
from aitia.worlds.options import one_of
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import Wording

__all__ = ["ACROSS", "AMOUNT", "Style", "Told", "captions_of", "shuffled"]

Style = Literal["plain", "varied", "unseen"]
ACROSS = ("far to the left", "to the left", "in the middle", "to the right", "far to the right")
AMOUNT = ("very small", "small", "middling", "large", "very large")


@dataclass(frozen=True)
class Told:
    """How a latent is told.

    Args:
        wordings: Two or more, each with one `{}` for the level. The first is the plain one, the last is kept for
            captions of the style `unseen`.
        levels: Words for the values, the lowest first; none for a latent with labels, which are the words.
    """

    wordings: tuple[str, ...]
    levels: tuple[str, ...] = ()

    def words(self, latent: Latent, values: NDArray[np.float64]) -> list[str]:
        """The level of each value; what lies out of the range has the level at that end."""
        levels = self.levels or latent.labels
        place = values if latent.labels else (values - latent.low) / (latent.high - latent.low) * len(levels)
        return [levels[k] for k in np.clip(place, 0, len(levels) - 1).astype(int)]


def captions_of(
    sample: Sample,
    latents: Sequence[Latent],
    told: Mapping[str, Told],
    style: Style = "plain",
    about: Sequence[str] | None = None,
) -> list[str]:
    """A caption for each row: what is told of each latent, apart by commas.

    Args:
        sample: The rows.
        latents: Of their world.
        told: How each is told; others stay untold.
        style: `plain` has one wording and order; `varied` all wordings but the last, in any order; `unseen` the last.
        about: The latents that are told, None for all that can be.

    Raises:
        OptionError: If there is no such style, or nothing is to be told.
        UnknownVariableError: If a latent cannot be told.
    """
    one_of("the style of captions", style, get_args(Style))
    known = {latent.name: latent for latent in latents if latent.name in told}
    names = tuple(known) if about is None else tuple(about)
    for name in names:
        if name not in known:
            raise unknown_variable(name, tuple(known), "captions")
    if not names:
        raise OptionError("a caption tells of one latent at least, got about=()")
    wording = Wording(sample.noise[latents[0].name])
    said = []
    for name in names:
        texts = told[name].wordings
        which = wording.pick(f"wording of {name}", len(texts) - 1)
        which = which * 0 + {"plain": 0, "unseen": len(texts) - 1}[style] if style != "varied" else which
        words = told[name].words(known[name], sample[name])
        said.append([texts[k].format(word) for k, word in zip(which, words, strict=True)])
    rows = [list(row) for row in zip(*said, strict=True)]
    return [", ".join(row) for row in (shuffled(rows, wording) if style != "plain" else rows)]


def shuffled(rows: Sequence[Sequence[str]], wording: Wording) -> list[list[str]]:
    """Each row in an order that its wording draws."""
    order = wording.order("order of a caption", len(rows[0]))
    return [[row[k] for k in place] for row, place in zip(rows, order, strict=True)]
