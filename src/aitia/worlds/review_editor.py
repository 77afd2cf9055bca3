"""An editor of reviews with faults, which stands in for a language model that is asked for edits.

It is a simulator: it knows the world, and how few faults it makes says nothing of any language model.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from aitia.errors import DataError, OptionError
from aitia.worlds.review_words import ASPECTS, VALUES
from aitia.worlds.reviews import ReviewsWorld
from aitia.worlds.sample import Sample, stream

__all__ = ["ReviewEditor"]


class ReviewEditor:
    """Edits of the texts of a sample by its world, with faults; a stand-in for a language model, see the module.

    Called with texts, an aspect, a value for each and a seed. Some edits change one other aspect too, some change
    nothing; the wording stays.

    Args:
        world: Where the sample is from.
        sample: The rows whose texts can be edited.
        confounded: Share of edits that change one other aspect too.
        unchanged: Share of edits that are the text as it was.

    Raises:
        OptionError: If the shares are no probabilities.

    Example:
        >>> world = ReviewsWorld()
        >>> sample = world.sample(50, seed=0)
        >>> editor = ReviewEditor(world, sample, confounded=0.0, unchanged=0.0)
        >>> texts = list(world.render(sample))
        >>> editor(texts, "food", ["positive"] * 50) == list(world.render(world.edit(sample, "food", "positive")))
        True
    """

    def __init__(
        self, world: ReviewsWorld, sample: Sample, *, confounded: float = 0.05, unchanged: float = 0.05
    ) -> None:
        if confounded < 0 or unchanged < 0 or confounded + unchanged > 1:
            raise OptionError(f"shares of faults are probabilities, got {confounded} and {unchanged}")
        self.world, self.sample = world, sample
        self.confounded, self.unchanged = confounded, unchanged
        self._rows = {text: row for row, text in enumerate(world.render(sample))}

    def __call__(self, texts: Sequence[str], aspect: str, values: Sequence[Any], seed: int = 0) -> list[str]:
        """The edited texts.

        Raises:
            DataError: If a text is not of the sample.
            UnknownVariableError: If there is no such aspect.
            OptionError: If a value is none of the three.
        """
        if strangers := [text for text in texts if text not in self._rows]:
            raise DataError(f"this editor knows the texts of its sample alone, not {strangers[0]!r}")
        rows = self.sample.take([self._rows[text] for text in texts])
        edited = self.world.edit(rows, aspect, list(values))
        # One number for each text of the sample, so that an edit does not depend on what else is asked for.
        places = np.array([self._rows[text] for text in texts], dtype=np.int64)
        n, rng = len(self.sample), stream(seed, f"edit {aspect}")
        fault, other, shift = rng.random(n)[places], rng.integers(0, 3, n)[places], rng.integers(1, 3, n)[places]
        others = [name for name in ASPECTS if name != aspect]
        for k, name in enumerate(others):
            hit = (fault < self.confounded) & (other == k)
            moved = (rows[name].astype(np.int64) + shift) % len(VALUES)
            edited = self.world.with_codes(edited, name, np.where(hit, moved, edited[name]).astype(np.int64))
        answer = self.world.render(edited)
        idle = fault >= 1 - self.unchanged
        return [text if lazy else str(new) for text, new, lazy in zip(texts, answer, idle, strict=True)]
