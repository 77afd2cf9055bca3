"""Sentences that name persons, places, firms and products, with the place and type of every name.

    type even among four;  name even among those of the environment, one in five of `fresh` ambiguous              (1)
    cue left, right or none with probability .3, .4, .3;  right where the name is ambiguous                         (2)
    other: a second name of this type in the sentence, or none with probability .6                                  (3)

A name is two words. What type it is of is told by the cue ("doctor X Y", "X Y , a firm from the north"), or, where
there is none, by who knows the name: `labelled` has the first half of the names of each type and `fresh` the second
half, so that what is learnt from labels does not say it, and plain text does (`plain`, over all names). An ambiguous
name is one of two types and is told by its cue alone, on the right.

do(type) writes the same sentence about the name of that number of another type, with that type's cue.

Source:
    The task follows Dukic, Supervised in-context fine-tuning for generative sequence labeling, 2025; the generator is
    ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import WORDING, TextWorld, Wording, code_of

__all__ = ["EntitiesWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]
Spans = list[tuple[int, int, str]]

TYPES = ("person", "place", "firm", "product")
NAMES = 60
"""Names of a type that are of no other."""
SHARED = 4
"""Names of a type that are of its partner too."""
SECOND = 20
AMBIGUOUS = 0.2
CUES = ("left", "right", "none")
SHARES = (0.3, 0.4, 0.3)
NO_OTHER = 0.6
LISTED = 0.05
"""Share of plain lines that say of what type a name is."""
ENUMERATED = 0.2
"""Share of plain lines that name two to four of any type and then, in another order, the same again."""
LEFT = (
    ("doctor", "mister", "aunt", "colonel", "poor old"),
    ("the city of", "the valley of", "downtown", "the harbour of", "greater"),
    ("the makers at", "shares of", "the board of", "the owners of", "a lawyer of"),
    ("a box of", "two bottles of", "the new model of", "a cheap copy of", "a spoon of"),
)
RIGHT = (
    (", a nurse from the south ,", ", who is ninety ,", ", father of three ,", ", born in may ,", ", the singer ,"),
    (
        ", a town by the sea ,",
        ", two hours from here ,",
        ", where it rains ,",
        ", the old capital ,",
        ", a quiet spot ,",
    ),
    (", a firm from the north ,", ", which hires again ,", ", founded last year ,", ", now bankrupt ,", ", the bank ,"),
    (", which tastes sour ,", ", sold in blue bags ,", ", on sale now ,", ", a cream for hands ,", ", easy to clean ,"),
)
FRAMES = (
    "yesterday {} was mentioned again .", "nobody here had heard of {} before .", "they kept talking about {} .",
    "the paper wrote about {} today .", "we should not forget {} this time .", "in the end {} was the reason .",
    "she asked me about {} twice .", "it all began with {} in june .",
)  # fmt: skip
JOINED = (
    "yesterday {} and {} were mentioned .", "nobody compared {} with {} before .", "first came {} , then came {} .",
    "the paper wrote about {} and {} .", "between {} and {} there was a link .", "after {} they spoke of {} .",
)  # fmt: skip
_A = ("ba", "co", "du", "fe", "gi", "ha", "jo", "ku", "le", "mi", "na", "po", "ru", "se", "ti", "vo")
_B = ("ran", "lok", "mer", "tis", "vun", "dal", "gor", "pel", "kim", "sut", "bax", "fen", "nol", "rit", "zum", "hap")
_C = ("ard", "ell", "ico", "ope", "ush")


def _words() -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """First words by type, those of its own before those that it shares, and second words."""
    order = np.random.default_rng(0).permutation(len(_A) * len(_B))
    made = [_A[k % len(_A)] + _B[k // len(_A)] for k in order]
    own = [made[t * NAMES : (t + 1) * NAMES] for t in range(len(TYPES))]
    rest = made[len(TYPES) * NAMES :]
    first = tuple((*own[t], *rest[(t // 2) * SHARED : (t // 2 + 1) * SHARED]) for t in range(len(TYPES)))
    return first, tuple(_A[k % len(_A)] + _C[k % len(_C)] for k in range(SECOND))


FIRST, LAST = _words()
_ENVIRONMENTS = ("all", "labelled", "fresh")


class EntitiesWorld(TextWorld):
    """Sentences with names and their types; see the module.

    `render` gives the texts and `spans` where the names are; `rows` has both.

    Example:
        >>> world = EntitiesWorld()
        >>> fact = world.sample(4, seed=2, env="labelled").take([3])
        >>> text = world.render(fact)[0]
        >>> text, [(text[a:b], kind) for a, b, kind in world.spans(fact)[0]]
        ('we should not forget duran leope , the bank , this time .', [('duran leope', 'firm')])
        >>> print(world.render(world.counterfactual(fact, "do(type=person)"))[0])
        we should not forget posut leope , the singer , this time .
    """

    name: ClassVar[str] = "entities"
    environments = _ENVIRONMENTS
    changes: Mapping[str, tuple[str, ...]] = {"labelled": ("number",), "fresh": ("number",)}
    graph = Graph("type -> cue; number -> cue; other; wording")

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """The type, the number of the name among those of its type, the cue, and the type of a second name."""
        numbers = tuple(str(k) for k in range(NAMES + SHARED))
        return (
            Latent("type", 0.0, len(TYPES) - 1.0, kind="categorical", labels=TYPES),
            Latent("number", 0.0, len(numbers) - 1.0, kind="categorical", labels=numbers, visible=False),
            Latent("cue", 0.0, 2.0, kind="categorical", labels=CUES),
            Latent("other", 0.0, float(len(TYPES)), kind="categorical", labels=("none", *TYPES)),
        )

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1) to (3)."""
        n = len(noise)
        if name == "type":
            return code_of(noise, np.full(len(TYPES), 1 / len(TYPES)))
        if name == "number":
            return code_of(noise, _numbers()[env])
        if name == "other":
            return code_of(noise, [NO_OTHER, *[(1 - NO_OTHER) / len(TYPES)] * len(TYPES)])
        shares = np.tile(SHARES, (n, 1))
        shares[parents["number"] >= NAMES] = (0.0, 1.0, 0.0)
        return code_of(noise, shares)

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """A frame with a name and its cue, or with two names."""
        return [text for text, _ in self._written(concepts, wording)]

    def spans(self, sample: Sample) -> list[Spans]:
        """`(start, stop, type)` of each name of each text, in characters, in their order."""
        concepts = {latent.name: sample[latent.name].astype(np.int64) for latent in self.concepts}
        return [spans for _, spans in self._written(concepts, Wording(sample[WORDING]))]

    def rows(self, sample: Sample, size: int = 64) -> Data:
        """Texts, their `spans`, and what is visible of the sample."""
        plain = super().rows(sample, size)
        return plain.with_known({"spans": self.spans(sample)}, {"spans": "spans"})

    def plain(self, n: int, seed: int = 0) -> list[str]:
        """n lines of text without labels, over all names: sentences about a name, `NAME : TYPE`, or names twice.

        One to three sentences are about a name. One line in five is a list of names that is said again in another
        order: names said again are what teaches a model to copy, and by lists a small decoder learns it in 500 steps,
        in which sentences alone teach it nothing.

        Raises:
            OptionError: If n is below 1.
        """
        if n < 1:
            raise OptionError(f"n is 1 or more, got {n}")
        sample = self.sample(n, seed=seed, env="all")
        random = np.random.default_rng([seed, 1])
        told = [sample, *(replace(sample, latents={**sample.latents, WORDING: random.random(n)}) for _ in range(2))]
        texts, spans = [self.render(part) for part in told], [self.spans(part) for part in told]
        lines = []
        for row, (kind, number) in enumerate(zip(*(sample[k].astype(int) for k in ("type", "number")), strict=True)):
            first, name, said = FIRST[kind][number], "", []
            for text, held in zip((text[row] for text in texts), (held[row] for held in spans), strict=True):
                start, stop = next((a, b) for a, b, _ in held if text[a:b].split()[0] == first)
                name = name or text[start:stop]
                said.append(text[:start] + name + text[stop:])
            how = random.random()
            if how < LISTED:
                lines.append(f"{name} : {TYPES[kind]}")
            elif how < LISTED + ENUMERATED:
                lines.append(_enumerated(random))
            else:
                lines.append(" ".join(said[: random.integers(1, 4)]))
        return lines

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a text may hold, sorted."""
        said = " ".join((*(cue for of in (*LEFT, *RIGHT) for cue in of), *FRAMES, *JOINED))
        names = {word for of in FIRST for word in of} | set(LAST)
        return tuple(sorted(names | ({*said.split()} - {"{}"}) | {*TYPES, ":"}))

    def _written(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> list[tuple[str, Spans]]:
        frame, joined = wording.pick("frame", FRAMES), wording.pick("joined", JOINED)
        which, last = wording.pick("cue", 5), wording.pick("last", LAST)
        other_name, other_last = wording.pick("other", NAMES // 2), wording.pick("other last", LAST)
        swapped = wording.chance("swapped", 0.5)
        found = []
        codes = (np.asarray(concepts[k], dtype=np.int64) for k in ("type", "number", "cue", "other"))
        for i, (kind, number, cue, other) in enumerate(zip(*codes, strict=True)):
            name = f"{FIRST[kind][number]} {LAST[last[i]]}"
            before = f"{LEFT[kind][which[i]]} " if CUES[cue] == "left" else ""
            behind = f" {RIGHT[kind][which[i]]}" if CUES[cue] == "right" else ""
            parts = [(before, name, behind, TYPES[kind])]
            if other:
                # A second name is from the same half as the first, so that no name of the other half is labelled.
                half = (NAMES // 2) * (number >= NAMES // 2)
                parts.append(
                    ("", f"{FIRST[other - 1][half + other_name[i]]} {LAST[other_last[i]]}", "", TYPES[other - 1])
                )
                if swapped[i]:
                    parts.reverse()
            found.append(_placed(JOINED[joined[i]] if other else FRAMES[frame[i]], parts))
        return found


def _enumerated(random: np.random.Generator) -> str:
    """Names of any type, and the same again in another order."""
    types = random.integers(len(TYPES), size=random.integers(2, 5))
    names = [f"{FIRST[t][random.integers(len(FIRST[t]))]} {LAST[random.integers(SECOND)]}" for t in types]
    again = [names[k] for k in random.permutation(len(names))]
    first, then = (f"{' , '.join(of[:-1])} and {of[-1]}" for of in (names, again))
    return f"{first} were mentioned . {then} were mentioned again ."


def _placed(frame: str, parts: Sequence[tuple[str, str, str, str]]) -> tuple[str, Spans]:
    """A frame with its names, and where they stand."""
    text, spans = "", []
    pieces = frame.split("{}")
    for piece, (before, name, behind, kind) in zip(pieces, parts, strict=False):
        text += piece + before
        spans.append((len(text), len(text) + len(name), kind))
        text += name + behind
    return text + pieces[-1], spans


def _numbers() -> NDArray[np.float64]:
    """(environments, names) the share of each number."""
    shares = np.zeros((len(_ENVIRONMENTS), NAMES + SHARED))
    half = NAMES // 2
    shares[0] = 1 / (NAMES + SHARED)
    shares[1, :half] = 1 / half
    shares[2, half:NAMES] = (1 - AMBIGUOUS) / half
    shares[2, NAMES:] = AMBIGUOUS / SHARED
    return shares
