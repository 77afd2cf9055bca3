"""What worlds of text share: concepts as latents, and wording that is noise.

    x = write(concepts, w),    w uniform on [0, 1)                                  (1)

All that a text owes to chance (which phrase, which filler, in what order) is a function of one latent w, `wording`:
each place in a text draws its own number from w, by the name of the place. A concept that is set anew therefore
rewrites the places that depend on it and not a word elsewhere, and `counterfactual` gives the very text that would have
been written.

Source:
    Feder, Oved, Shalit and Reichart, CausaLM, Computational Linguistics 47 (2021), section 3, for text as the effect of
    concepts; the generator is ours.
"""

import zlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import OptionError
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.world import Seen, World

__all__ = ["WORDING", "TextWorld", "Wording", "code_of"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

WORDING = "wording"
"""Name of the latent that holds all chance of the writing."""


class Wording:
    """The numbers behind the choices of a text, one stream of n numbers for each named place.

    Args:
        values: (n,) of the latent `wording`.

    Example:
        >>> wording = Wording(np.array([0.25, 0.5]))
        >>> bool((wording.number("first") == wording.number("first")).all())
        True
        >>> wording.pick("first", 10).shape
        (2,)
    """

    def __init__(self, values: ArrayLike) -> None:
        self._bits = np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)

    def number(self, place: str) -> Values:
        """(n,) even in [0, 1), independent between places."""
        key = (zlib.crc32(place.encode()) * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & (2**64 - 1)
        mixed = self._bits ^ np.uint64(key)
        for multiplier in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(multiplier)
        mixed ^= mixed >> np.uint64(31)
        number: Values = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
        return number

    def pick(self, place: str, options: int | Sequence[Any]) -> Codes:
        """(n,) numbers of options, all alike probable."""
        count = options if isinstance(options, int) else len(options)
        drawn: Codes = (self.number(place) * count).astype(np.int64)
        return drawn

    def chance(self, place: str, probability: float) -> NDArray[np.bool_]:
        """(n,) whether something of this probability happens."""
        happens: NDArray[np.bool_] = self.number(place) < probability
        return happens

    def order(self, place: str, count: int) -> Codes:
        """(n, count) orders of so many things, all alike probable."""
        orders: Codes = np.argsort(np.stack([self.number(f"{place} {k}") for k in range(count)], axis=1), axis=1)
        return orders


def code_of(u: Values, shares: ArrayLike) -> Values:
    """The categories of even noise u: where it falls in the cumulated shares.

    Args:
        u: (n,) in [0, 1).
        shares: (k,) or one line a row, (n, k); each line sums to 1.

    Example:
        >>> code_of(np.array([0.1, 0.5, 0.95]), [0.2, 0.7, 0.1]).tolist()
        [0.0, 1.0, 2.0]
    """
    edges = np.cumsum(np.atleast_2d(np.asarray(shares, dtype=np.float64)), axis=1)[:, :-1]
    code: Values = (np.asarray(u)[:, None] >= edges).sum(axis=1).astype(np.float64)
    return code


class TextWorld(World):
    """A world whose rows are seen as texts; see the module.

    A subclass gives `concepts`, `graph` over them and `wording`, `concept` and `write`.
    """

    seen: ClassVar[Seen] = "text"

    @property
    @abstractmethod
    def concepts(self) -> tuple[Latent, ...]:
        """The latents besides `wording`."""

    @property
    def latents(self) -> tuple[Latent, ...]:
        """The concepts, and `wording`."""
        return (*self.concepts, Latent(WORDING, 0.0, 1.0, visible=False))

    @abstractmethod
    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """The mechanism of a concept; noise is even in [0, 1) for a category and standard normal for a number."""

    @abstractmethod
    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """(1): the texts, words apart by one space.

        Args:
            concepts: (n,) each; codes of a category as whole numbers.
            wording: The numbers behind every choice.
        """

    @property
    @abstractmethod
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a text may hold, sorted."""

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1) for `wording` and categories, standard normal for numbers."""
        if name == WORDING or self.latent(name).labels:
            return rng.random(n)
        return rng.standard_normal(n)

    @property
    def noise_laws(self) -> dict[str, str]:
        """The law of each noise, in words."""
        even = {latent.name for latent in self.latents if latent.labels} | {WORDING}
        return {name: "even in [0, 1)" if name in even else "standard normal" for name in self.names}

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """`concept`, and the noise itself for `wording`."""
        return noise if name == WORDING else self.concept(name, parents, noise, env)

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """The texts, (n,) of str; a text has no size, and one view.

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the text: leave out view={view!r}")
        concepts = {
            latent.name: sample[latent.name].astype(np.int64) if latent.labels else sample[latent.name]
            for latent in self.concepts
        }
        texts = np.empty(len(sample), dtype=object)
        texts[:] = list(self.write(concepts, Wording(sample[WORDING])))
        return texts
