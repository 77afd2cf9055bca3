"""Short restaurant reviews whose aspects depend on each other, with the exact text of every edit.

    ambiance = food with probability p, else even,    noise = ambiance with probability p, else even                 (1)
    rating   = round( 3 + 1.2 food + 0.9 service + 0.4 ambiance + 0.2 noise + N(0, 0.4^2) ), held in 1..5            (2)

with aspects in (-1, 0, 1), for negative, unknown and positive. A text is a shuffled row of clauses: one for each aspect
that is not unknown, from twelve templates with an intensifier, and one to four fillers. The rating is not written.

`edit` changes one aspect as a person who rewrites a text does: every other aspect stays as it is. That is the
counterfactual under an intervention on all four aspects at once; do(food) alone would also move what depends on food.

`ReviewEditor` stands in for a language model that is asked for such edits, faults included. It is a simulator: it knows
the world, and how few faults it makes says nothing of any language model.

Source:
    Abraham et al., CEBaB: Estimating the causal effects of real-world concepts on NLP model behavior, NeurIPS 2022, for
    the aspects and their edits; Gat et al., Faithful explanations of black-box NLP models using LLM-generated
    counterfactuals, ICLR 2024, for their use. The generator is ours. It has at least one filler, for a text that
    mentions no aspect must not be empty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.graph.graph import Graph
from aitia.worlds.texts import TextWorld, Wording, code_of
from aitia.worlds.world import Latent, Sample, stream

__all__ = ["ReviewEditor", "ReviewsWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

ASPECTS = ("food", "service", "ambiance", "noise")
VALUES = ("negative", "unknown", "positive")
WEIGHTS = (1.2, 0.9, 0.4, 0.2)
"""Of the aspects in (2)."""
INTENSIFIERS = ("", "really", "very", "rather", "quite", "so")

Template = tuple[str, str, str]
"""A clause with a place for the intensifier and its word, the negative word, the positive word."""

TEMPLATES: Mapping[str, tuple[Template, ...]] = {
    "food": (
        ("the food was {}", "bland", "delicious"),
        ("my meal tasted {}", "stale", "fresh"),
        ("every dish was {}", "greasy", "flavorful"),
        ("the pasta came out {}", "mushy", "tender"),
        ("i found the steak {}", "overcooked", "juicy"),
        ("the soup was {}", "watery", "rich"),
        ("dessert turned out {}", "soggy", "heavenly"),
        ("the fish tasted {}", "rancid", "tasty"),
        ("what we ate was {}", "inedible", "scrumptious"),
        ("the chicken was {}", "dry", "succulent"),
        ("their bread is {}", "hard", "crisp"),
        ("the sauce seemed {}", "oily", "balanced"),
    ),
    "service": (
        ("the waiter was {}", "rude", "polite"),
        ("service was {}", "slow", "fast"),
        ("our server seemed {}", "careless", "attentive"),
        ("the staff were {}", "unfriendly", "friendly"),
        ("the hostess looked {}", "annoyed", "welcoming"),
        ("they handled our order in a {} way", "sloppy", "professional"),
        ("the bartender was {}", "dismissive", "helpful"),
        ("the manager acted {}", "arrogant", "gracious"),
        ("the people serving us were {}", "impatient", "patient"),
        ("refills came {}", "late", "promptly"),
        ("our waitress was {}", "forgetful", "thoughtful"),
        ("the way they treated us was {}", "cold", "warm"),
    ),
    "ambiance": (
        ("the decor was {}", "tacky", "elegant"),
        ("the dining room felt {}", "cramped", "spacious"),
        ("the place looked {}", "shabby", "stylish"),
        ("the lighting was {}", "harsh", "cozy"),
        ("inside it is {}", "dingy", "charming"),
        ("the tables were {}", "filthy", "spotless"),
        ("the interior seemed {}", "dated", "modern"),
        ("the atmosphere was {}", "gloomy", "romantic"),
        ("the patio looked {}", "neglected", "lovely"),
        ("the view was {}", "ugly", "gorgeous"),
        ("the furniture felt {}", "worn", "comfortable"),
        ("the whole room seemed {}", "sterile", "inviting"),
    ),
    "noise": (
        ("it was {} in there", "loud", "quiet"),
        ("the music was {}", "deafening", "soft"),
        ("the noise level was {}", "unbearable", "pleasant"),
        ("the crowd was {}", "rowdy", "calm"),
        ("talking across the table was {}", "impossible", "easy"),
        ("the bar next to us was {}", "raucous", "hushed"),
        ("the kitchen sounded {}", "clattering", "muted"),
        ("the speakers were {}", "blaring", "unobtrusive"),
        ("conversations around us were {}", "shrill", "discreet"),
        ("the hall was {}", "echoing", "silent"),
        ("sound in the room was {}", "jarring", "soothing"),
        ("the evening was {}", "noisy", "peaceful"),
    ),
}
FILLERS = (
    "we came on a friday",
    "i went there with two friends",
    "parking took a while",
    "it is close to my office",
    "we had booked for seven",
    "my sister picked this spot",
    "we sat near the window",
    "the bill was about what i expected",
    "this was my second time here",
    "we stayed for two hours",
    "it was my birthday",
    "the menu has four pages",
)
MOST_FILLERS = 4


class ReviewsWorld(TextWorld):
    """Reviews with four aspects and a rating; see the module.

    Args:
        copied: p of (1), from 0 (aspects independent) to 1.

    Raises:
        OptionError: If p is no probability.

    Example:
        >>> world = ReviewsWorld()
        >>> world.graph.parents("noise"), world.concept_names
        (('ambiance',), ('food', 'service', 'ambiance', 'noise'))
        >>> fact = world.sample(1, seed=3)
        >>> print(world.render(fact.take([0]))[0][84:])
        the tables were very filthy . the pasta came out quite mushy . sound in the room was rather jarring .
        >>> print(world.render(world.edit(fact, "food", "positive"))[0][84:])
        the tables were very filthy . the pasta came out quite tender . sound in the room was rather jarring .
    """

    name: ClassVar[str] = "reviews"
    concept_names: ClassVar[tuple[str, ...]] = ASPECTS

    def __init__(self, copied: float = 0.5) -> None:
        if not 0 <= copied <= 1:
            raise OptionError(f"the probability that an aspect copies its parent is from 0 to 1, got {copied}")
        self.copied = copied

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """The aspects, and the rating."""
        aspects = (Latent(name, 0.0, 2.0, kind="categorical", labels=VALUES) for name in ASPECTS)
        ratings = tuple(str(k) for k in range(1, 6))
        return (*aspects, Latent("rating", 0.0, 4.0, kind="categorical", labels=ratings))

    @cached_property
    def graph(self) -> Graph:
        """(1) and (2)."""
        edges = ["food -> ambiance", "ambiance -> noise", *(f"{name} -> rating" for name in ASPECTS)]
        return Graph("; ".join(edges), self.names)

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1) and (2)."""
        if name == "rating":
            from scipy.special import ndtri

            mean = 3 + sum(weight * (parents[aspect] - 1) for aspect, weight in zip(ASPECTS, WEIGHTS, strict=True))
            rated: Values = np.clip(np.rint(mean + 0.4 * ndtri(np.maximum(noise, 1e-300))), 1, 5) - 1
            return rated
        shares = np.full((len(noise), len(VALUES)), 1 / len(VALUES))
        for values in parents.values():
            own = np.eye(len(VALUES))[values.astype(np.int64)]
            shares = self.copied * own + (1 - self.copied) * shares
        return code_of(noise, shares)

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """The clauses in their order; every clause ends in a full stop that stands by itself."""
        count = wording.pick("fillers", MOST_FILLERS) + 1
        written: list[list[str]] = []
        for aspect in ASPECTS:
            template = wording.pick(f"{aspect} template", TEMPLATES[aspect])
            intensifier = wording.pick(f"{aspect} intensifier", INTENSIFIERS)
            written.append(
                [
                    _clause(TEMPLATES[aspect][t], INTENSIFIERS[i], int(value))
                    for t, i, value in zip(template, intensifier, concepts[aspect], strict=True)
                ]
            )
        which = wording.order("filler", len(FILLERS))
        written += [
            [FILLERS[f] if place < c else "" for f, c in zip(which[:, place], count, strict=True)]
            for place in range(MOST_FILLERS)
        ]
        order = wording.order("clauses", len(written))
        return [
            " ".join(f"{written[part][row]} ." for part in parts if written[part][row])
            for row, parts in enumerate(order)
        ]

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a text may hold, sorted."""
        clauses = [_clause(t, "", value) for of in TEMPLATES.values() for t in of for value in (0, 2)]
        return tuple(sorted({".", *" ".join((*clauses, *INTENSIFIERS, *FILLERS)).split()}))

    def edit(self, sample: Sample, aspect: str, value: str | Sequence[str]) -> Sample:
        """The rows with one aspect set and every other kept, wording too; the rating follows.

        Args:
            sample: The rows.
            aspect: Which one.
            value: `negative`, `unknown` or `positive`, for all rows or one for each.

        Raises:
            UnknownVariableError: If there is no such aspect.
            OptionError: If a value is none of the three, or there is another number of them.
        """
        return self._set(sample, aspect, self._codes(value, len(sample)))

    def _codes(self, value: str | Sequence[str], n: int) -> Codes:
        given = [value] * n if isinstance(value, str) else [str(one) for one in value]
        if len(given) != n or not set(given) <= set(VALUES):
            raise OptionError(
                f"a value is one of {join_names(VALUES)}, for all {n} rows or one for each, got {value!r}"
            )
        return np.array([VALUES.index(one) for one in given], dtype=np.int64)

    def _set(self, sample: Sample, aspect: str, codes: Codes) -> Sample:
        if aspect not in ASPECTS:
            raise unknown_variable(aspect, ASPECTS, "review")
        latents = dict(sample.latents) | {aspect: codes.astype(np.float64)}
        latents["rating"] = self.mechanism(
            "rating", {name: latents[name] for name in ASPECTS}, sample.noise["rating"], sample.env
        )
        return replace(sample, latents=latents)

    def aspects(self, sample: Sample) -> dict[str, list[str]]:
        """The labels of the aspects of each row."""
        return {name: [VALUES[int(code)] for code in sample[name]] for name in ASPECTS}


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
            edited = self.world._set(edited, name, np.where(hit, moved, edited[name]).astype(np.int64))
        answer = self.world.render(edited)
        idle = fault >= 1 - self.unchanged
        return [text if lazy else str(new) for text, new, lazy in zip(texts, answer, idle, strict=True)]


def _clause(template: Template, intensifier: str, value: int) -> str:
    """Empty for an aspect that is unknown."""
    frame, negative, positive = template
    word = (negative, "", positive)[value]
    return frame.format(f"{intensifier} {word}".strip()) if word else ""
