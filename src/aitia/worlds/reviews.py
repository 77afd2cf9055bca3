"""Short restaurant reviews whose aspects depend on each other, with the exact text of every edit.

    ambiance = food with probability p, else even,    noise = ambiance with probability p, else even                 (1)
    rating   = round( 3 + 1.2 food + 0.9 service + 0.4 ambiance + 0.2 noise + N(0, 0.4^2) ), held in 1..5            (2)

with aspects in (-1, 0, 1), for negative, unknown and positive. A text is a shuffled row of clauses: one for each aspect
that is not unknown, from twelve templates with an intensifier, and one to four fillers. The rating is not written.

`edit` changes one aspect as a person who rewrites a text does: every other aspect stays as it is. That is the
counterfactual under an intervention on all four aspects at once; do(food) alone would also move what depends on food.

Source:
    Abraham et al., CEBaB: Estimating the causal effects of real-world concepts on NLP model behavior, NeurIPS 2022, for
    the aspects and their edits; Gat et al., Faithful explanations of black-box NLP models using LLM-generated
    counterfactuals, ICLR 2024, for their use. The generator is ours. It has at least one filler, for a text that
    mentions no aspect must not be empty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError, join_names, unknown_variable
from aitia.graph.graph import Graph
from aitia.worlds.review_words import ASPECTS, FILLERS, INTENSIFIERS, TEMPLATES, VALUES, Template
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import TextWorld, Wording, code_of

__all__ = ["ReviewsWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

WEIGHTS = (1.2, 0.9, 0.4, 0.2)
"""Of the aspects in (2)."""
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
        return self.with_codes(sample, aspect, self._codes(value, len(sample)))

    def _codes(self, value: str | Sequence[str], n: int) -> Codes:
        given = [value] * n if isinstance(value, str) else [str(one) for one in value]
        if len(given) != n or not set(given) <= set(VALUES):
            raise OptionError(
                f"a value is one of {join_names(VALUES)}, for all {n} rows or one for each, got {value!r}"
            )
        return np.array([VALUES.index(one) for one in given], dtype=np.int64)

    def with_codes(self, sample: Sample, aspect: str, codes: Codes) -> Sample:
        """The same as `edit`, with a code of `VALUES` for each row."""
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


def _clause(template: Template, intensifier: str, value: int) -> str:
    """Empty for an aspect that is unknown."""
    frame, negative, positive = template
    word = (negative, "", positive)[value]
    return frame.format(f"{intensifier} {word}".strip()) if word else ""
