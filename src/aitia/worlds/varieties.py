"""A standard language and its dialects: parallel sentences, regular sound shifts, replaced words, and a known tree.

    standard ─┬─ west ─┬─ west-coast
              │        └─ west-hill
              ├─ east ─┬─ east-coast
              │        └─ east-hill
              └─ island

A word is a concept's two or three syllables of a consonant and a vowel. On each edge of the tree letters change place
with each other, everywhere and in every word (a regular shift, so it can be undone), and some concepts get a word of
their own:

    form(concept, child) = shift(form(concept, parent)),   or a new word                                             (1)

Every dialect ends with 4 consonants and 2 vowels moved and the same share of concepts replaced; dialects of one branch
have the vowels, half of the consonants and half of the replacements in common. A sentence is a few concepts, drawn
independently by Zipf's law, and `do(variety=...)` says the same in another variety: parallel sentences are
counterfactuals.

Source:
    Elshabrawy, When Alignment Hurts: Decoupling Representational Spaces in Multilingual Models, arXiv 2508.12803
    (2025), for a standard variety beside its dialects as the setting; the generator is ours.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import Codes, TextWorld, Values, Wording, code_of

__all__ = ["STANDARD", "VarietiesWorld"]

STANDARD = "standard"
PARENTS: Mapping[str, str] = MappingProxyType(
    {
        "west": STANDARD,
        "east": STANDARD,
        "west-coast": "west",
        "west-hill": "west",
        "east-coast": "east",
        "east-hill": "east",
        "island": STANDARD,
    }
)
"""The tree, each node by its parent; west and east are spoken no more."""
CONSONANTS, VOWELS = "bdfghklmnprstvz", "aeiou"


class VarietiesWorld(TextWorld):
    """Sentences of a standard and five dialects; see the module.

    Args:
        concepts: How many there are; the first are the most frequent.
        words: Concepts of a sentence.
        replaced: Share of the concepts for which a dialect has a word of its own.
        zipf: Exponent of the law of concepts; 0 makes all alike frequent.
        borrowing: Probability that a word of a dialect is said as in the standard.
        world_seed: Draws words, shifts and replacements.

    Attributes:
        varieties: The standard, then the dialects.
        shifts: Of each dialect, the letter that each letter of the standard becomes; letters that stay are left out.
        replacements: Of each dialect, the concepts that have a word of their own.

    Raises:
        OptionError: If a number is out of range.

    Example:
        >>> world = VarietiesWorld(words=3)
        >>> fact = world.sample(1, seed=1, do={"variety": "standard"})
        >>> said = world.counterfactual(fact, "do(variety=island)")
        >>> print(world.render(fact)[0], "|", world.render(said)[0])
        zefe gusema lugi | zufu gesuma legi
        >>> world.meaning(fact)[0]
        'c003 c014 c031'
    """

    name: ClassVar[str] = "varieties"

    def __init__(
        self,
        *,
        concepts: int = 200,
        words: int = 4,
        replaced: float = 0.2,
        zipf: float = 1.0,
        borrowing: float = 0.0,
        world_seed: int = 0,
    ) -> None:
        if not 2 <= concepts <= 2000 or not 1 <= words <= 50:
            raise OptionError(f"there are 2 to 2000 concepts and 1 to 50 words, got {concepts} and {words}")
        if not 0 <= replaced <= 1 or not 0 <= borrowing <= 1 or not 0 <= zipf <= 5:
            raise OptionError(
                f"replaced and borrowing are shares and zipf is 0 to 5, got {replaced}, {borrowing} and {zipf}"
            )
        self.words, self.replaced, self.zipf, self.borrowing = words, replaced, zipf, borrowing
        self.glosses = tuple(f"c{k:03d}" for k in range(concepts))
        self.varieties = (STANDARD, *(node for node in PARENTS if node not in PARENTS.values()))
        share = 1.0 / (np.arange(concepts) + 1.0) ** zipf
        self._shares: Values = share / share.sum()
        self._grow(np.random.default_rng([world_seed, concepts]))

    def _grow(self, rng: np.random.Generator) -> None:
        """Words, shifts and replacements along the tree."""
        count, taken = len(self.glosses), set[str]()
        trees = {STANDARD: [_new_word(rng, taken) for _ in range(count)]}
        moved: dict[str, dict[str, str]] = {STANDARD: {}}
        own: dict[str, set[int]] = {STANDARD: set()}
        for node, parent in PARENTS.items():
            branch, twig = node in PARENTS.values(), parent != STANDARD
            shift = _swaps(rng, moved[parent], pairs=1 if branch or twig else 2, vowels=not twig)
            share = self.replaced * (0.5 if branch or twig else 1.0)
            free = sorted(set(range(count)) - own[parent])
            new = set(rng.choice(free, min(round(share * count), len(free)), replace=False).tolist())
            moved[node], own[node] = moved[parent] | shift, own[parent] | new
            table = {ord(letter): other for letter, other in shift.items()}
            shifted = [word.translate(table) for word in trees[parent]]
            taken.update(shifted)
            trees[node] = [_new_word(rng, taken) if k in new else word for k, word in enumerate(shifted)]
        self.forms: Mapping[str, tuple[str, ...]] = {name: tuple(trees[name]) for name in self.varieties}
        self.shifts: Mapping[str, Mapping[str, str]] = {name: moved[name] for name in self.varieties[1:]}
        self.replacements: Mapping[str, tuple[str, ...]] = {
            name: tuple(self.glosses[k] for k in sorted(own[name])) for name in self.varieties[1:]
        }

    # -- the world -----------------------------------------------------------------------------------------------------

    @property
    def concepts(self) -> tuple[Latent, ...]:
        """`variety`, and `concept_1`, ..., one for each word."""
        spoken = Latent("variety", 0.0, len(self.varieties) - 1.0, kind="categorical", labels=self.varieties)
        meant = (
            Latent(f"concept_{k + 1}", 0.0, len(self.glosses) - 1.0, kind="categorical", labels=self.glosses)
            for k in range(self.words)
        )
        return (spoken, *meant)

    @property
    def graph(self) -> Graph:
        """No edge: what is said does not depend on where."""
        return Graph(nodes=self.names)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word of every variety."""
        return tuple(sorted({word for forms in self.forms.values() for word in forms}))

    @property
    def syllables(self) -> tuple[str, ...]:
        """All that words are made of."""
        return tuple(consonant + vowel for consonant in CONSONANTS for vowel in VOWELS)

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """Varieties are alike probable, concepts follow Zipf's law."""
        if name == "variety":
            return code_of(noise, np.full(len(self.varieties), 1 / len(self.varieties)))
        return code_of(noise, self._shares)

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """The words of the concepts in the variety of the row; some are borrowed."""
        forms = np.array([self.forms[name] for name in self.varieties])
        variety = np.asarray(concepts["variety"], dtype=np.int64)
        columns = []
        for k in range(self.words):
            borrowed = wording.chance(f"borrow {k}", self.borrowing)
            columns.append(forms[np.where(borrowed, 0, variety), np.asarray(concepts[f"concept_{k + 1}"], np.int64)])
        return [" ".join(row) for row in zip(*columns, strict=True)]

    # -- what is true of it --------------------------------------------------------------------------------------------

    def meaning(self, sample: Sample) -> list[str]:
        """The concepts of each row, words apart by a space: a source to translate from, the same in every variety."""
        codes = np.stack([sample[f"concept_{k + 1}"].astype(np.int64) for k in range(self.words)], axis=1)
        return [" ".join(self.glosses[code] for code in row) for row in codes]

    def distance(self, one: str, other: str) -> float:
        """Share of the letters that differ between two varieties, place by place, in words as often as they are said.

        Raises:
            OptionError: If there is no such variety.
        """
        if unknown := {one, other} - set(self.varieties):
            raise OptionError(f"there is no variety {min(unknown)!r}, there are {', '.join(self.varieties)}")
        differ = [
            sum(x != y for x, y in zip_longest(a, b)) / max(len(a), len(b))
            for a, b in zip(self.forms[one], self.forms[other], strict=True)
        ]
        return float(self._shares @ np.array(differ))


def _new_word(rng: np.random.Generator, taken: set[str]) -> str:
    """A word that was not given before; it gets longer where the short ones run out."""
    tries = 0
    while True:
        syllables = int(rng.integers(2, 4)) + tries // 50
        word = "".join(rng.choice(list(CONSONANTS)) + rng.choice(list(VOWELS)) for _ in range(syllables))
        if word not in taken:
            taken.add(word)
            return word
        tries += 1


def _swaps(rng: np.random.Generator, moved: Mapping[str, str], pairs: int, vowels: bool) -> dict[str, str]:
    """Pairs of consonants, and of vowels, that change places; none that has moved before."""
    chosen: list[Any] = rng.choice([c for c in CONSONANTS if c not in moved], 2 * pairs, replace=False).tolist()
    if vowels:
        chosen += rng.choice(list(VOWELS), 2, replace=False).tolist()
    shift: dict[str, str] = {}
    for one, other in zip(chosen[::2], chosen[1::2], strict=True):
        shift |= {one: other, other: one}
    return shift
