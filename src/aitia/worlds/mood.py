"""One sentence on how somebody felt, in which the gender of the name goes with the mood.

    mood Y even among five,    P(G = 1 | Y) = b, 1 - b or 1/2,    P(R = 1 | G = 1) = P(R = 0 | G = 0) = 0.7          (1)

for the gender G and the place R; b is the environment's: at 1/2 gender says nothing of the mood, at 0.9 it says a lot.
Three words in ten that would tell the mood tell nothing, which gives a classifier of the mood a reason to use G.

    Y -> R,    Y -> G,    R -> G,    text <- Y, G, R                                                                (2)

factorises (1) with gender last, so that do(gender) rewrites the name and what refers to it, and nothing else: a place
is correlated with gender, and no effect of it.

Source:
    Feder, Oved, Shalit and Reichart, CausaLM: Causal model explanation through counterfactual language models,
    Computational Linguistics 47 (2021), section 4, for moods told with gendered names at several strengths of the
    correlation; the generator is ours.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent
from aitia.worlds.texts import TextWorld, Wording, code_of

__all__ = ["MoodWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

CORRELATIONS: Mapping[str, float] = {"balanced": 0.5, "gentle": 0.7, "aggressive": 0.9, "reversed": 0.1}
AGREES = 0.7
"""Of the place with the gender."""
VAGUE = 0.3
"""Probability that the word for the mood tells nothing."""

MOODS: Mapping[str, tuple[str, ...]] = {
    "joy": ("happy", "glad", "cheerful", "delighted", "joyful", "merry", "thrilled", "pleased"),
    "fear": ("afraid", "scared", "anxious", "terrified", "frightened", "nervous", "alarmed", "worried"),
    "sadness": ("sad", "gloomy", "miserable", "sorrowful", "downcast", "tearful", "heartbroken", "unhappy"),
    "anger": ("angry", "furious", "annoyed", "outraged", "irritated", "bitter", "resentful", "mad"),
    "neutral": ("calm", "settled", "composed", "indifferent", "unmoved", "plain", "steady", "even"),
}
LEANS = {"joy": 1, "fear": 1, "sadness": -1, "anger": -1, "neutral": 0}
"""Which moods go with G = 1."""
VAGUE_WORDS = ("different", "changed", "strange", "odd", "unusual", "restless", "distracted", "absorbed")
NAMES = (
    ("Alice", "Clara", "Diana", "Emma", "Julia", "Laura", "Maria", "Nina", "Paula", "Sarah"),
    ("Adam", "Brian", "David", "Frank", "Henry", "James", "Martin", "Oscar", "Peter", "Simon"),
)
PRONOUNS = ("she", "he")
PLACES = (
    ("kitchen", "library", "office", "museum", "cellar", "hallway", "bakery", "theatre"),
    ("garden", "beach", "meadow", "harbour", "forest", "bridge", "orchard", "valley"),
)
OPENERS = ("today", "yesterday", "lately", "once", "suddenly", "again", "apparently", "recently")
VERBS = ("felt", "seemed", "looked", "sounded", "was", "became", "appeared", "remained")
JOINERS = ("because", "while", "when", "after", "before", "since", "as", "until")
DEEDS = ("waited", "worked", "stood", "walked", "talked", "rested", "stayed", "sat")
CLOSERS = (
    "", "", "alone", "for hours", "with a friend", "in the morning", "all day long", "at the usual time",
)  # fmt: skip


class MoodWorld(TextWorld):
    """Sentences with a mood, a gender and a place; see the module.

    Args:
        correlations: b of (1) for each environment by name; None takes 0.5, 0.7, 0.9 and 0.1.

    Raises:
        OptionError: If there is no environment, or b is no probability.

    Example:
        >>> world = MoodWorld()
        >>> fact = world.sample(1, seed=0, env="aggressive")
        >>> print(world.render(fact)[0])
        once Clara remained odd until Clara stood near the forest
        >>> print(world.render(world.counterfactual(fact, "do(gender=male)"))[0])
        once Brian remained odd until Brian stood near the forest
        >>> world.tags(["today Adam felt glad"])
        ['opener name verb mood']
    """

    name: ClassVar[str] = "mood"
    graph = Graph("mood -> place; mood -> gender; place -> gender; wording")

    def __init__(self, correlations: Mapping[str, float] | None = None) -> None:
        self.correlations = dict(CORRELATIONS if correlations is None else correlations)
        if not self.correlations or any(not 0 <= b <= 1 for b in self.correlations.values()):
            raise OptionError(f"correlations gives a probability for each environment, got {self.correlations}")
        self.environments = tuple(self.correlations)
        self.changes = dict.fromkeys(self.environments[1:], ("place", "gender"))

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """Mood, gender and place."""
        return (
            Latent("mood", 0.0, 4.0, kind="categorical", labels=tuple(MOODS)),
            Latent("gender", 0.0, 1.0, kind="categorical", labels=("female", "male")),
            Latent("place", 0.0, 1.0, kind="categorical", labels=("indoors", "outdoors")),
        )

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(2): P(R | Y) by summing over G in (1), P(G | Y, R) by Bayes' theorem."""
        if name == "mood":
            return code_of(noise, np.full(len(MOODS), 1 / len(MOODS)))
        lean = np.array(list(LEANS.values()))[parents["mood"].astype(np.int64)]
        male = 0.5 + (np.array(list(self.correlations.values()))[env] - 0.5) * lean
        if name == "place":
            outdoors = male * AGREES + (1 - male) * (1 - AGREES)
            return code_of(noise, np.stack([1 - outdoors, outdoors], axis=1))
        if_male = np.where(parents["place"] == 1, AGREES, 1 - AGREES)
        posterior = male * if_male / (male * if_male + (1 - male) * (1 - if_male))
        return code_of(noise, np.stack([1 - posterior, posterior], axis=1))

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """Opener, name, verb, mood, joiner, pronoun or the name again, deed, place, closer."""
        moods, names = tuple(MOODS.values()), wording.pick("name", NAMES[0])
        vague, vague_word = wording.chance("vague", VAGUE), wording.pick("vague word", VAGUE_WORDS)
        mood_word, again = wording.pick("mood word", 8), wording.chance("name again", 0.5)
        opener, verb, joiner = (
            wording.pick(k, w) for k, w in (("opener", OPENERS), ("verb", VERBS), ("join", JOINERS))
        )
        deed, place, closer = (wording.pick(k, w) for k, w in (("deed", DEEDS), ("spot", PLACES[0]), ("end", CLOSERS)))
        texts = []
        for i, (y, g, r) in enumerate(
            zip(*(np.asarray(concepts[k], dtype=np.int64) for k in ("mood", "gender", "place")), strict=True)
        ):
            name = NAMES[g][names[i]]
            texts.append(
                f"{OPENERS[opener[i]]} {name} {VERBS[verb[i]]} "
                f"{VAGUE_WORDS[vague_word[i]] if vague[i] else moods[y][mood_word[i]]} {JOINERS[joiner[i]]} "
                f"{name if again[i] else PRONOUNS[g]} {DEEDS[deed[i]]} near the {PLACES[r][place[i]]} "
                f"{CLOSERS[closer[i]]}".rstrip()
            )
        return texts

    @cached_property
    def _tag_of(self) -> dict[str, str]:
        kinds = {
            "opener": OPENERS, "name": (*NAMES[0], *NAMES[1]), "verb": VERBS,
            "mood": (*(word for words in MOODS.values() for word in words), *VAGUE_WORDS),
            "joiner": JOINERS, "pronoun": PRONOUNS, "deed": DEEDS, "place": (*PLACES[0], *PLACES[1]),
        }  # fmt: skip
        return {word: kind for kind, words in kinds.items() for word in words}

    def tags(self, texts: Sequence[str]) -> list[str]:
        """What each word of each text is, apart by spaces: opener, name, verb, mood, ...; the others are `other`."""
        return [" ".join(self._tag_of.get(word, "other") for word in text.split()) for text in texts]

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a text may hold, sorted."""
        return tuple(sorted({*self._tag_of, "near", "the", *" ".join(CLOSERS).split()}))
