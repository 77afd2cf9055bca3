"""Scores that need no model: what the sentences tell by their counts, and the order in time.

PMI(s, t) = log [ N(s before t) N / (N(s) N(t)) ]        over the clips of the fit, one added to each count      (3)
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.systems.ireason.pairs import Pairs

__all__ = ["Counts", "just_before", "recall_by_chance"]

Values = NDArray[np.float64]


class Counts:
    """Counts of sentences and of their pairs, after `fit`."""

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], tuple[int, int]] = {}

    def fit(self, pairs: Pairs) -> "Counts":
        """Counts pairs, and of those with an annotation how many are cause and effect."""
        many, caused = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for (i, j), label in zip(pairs.said.tolist(), pairs.label.tolist(), strict=True):
            key = (pairs.sentences[i], pairs.sentences[j])
            many[key] += 1
            caused[key] += label == 1
        self.pairs = {key: (count, caused[key]) for key, count in sorted(many.items())}
        return self

    def pmi(self, pairs: Pairs) -> Values:
        """(n,) of (3)."""
        first, second, total = Counter[str](), Counter[str](), 0
        for (one, other), (count, _) in self.pairs.items():
            first[one] += count
            second[other] += count
            total += count
        return self._each(
            pairs, lambda s, t: math.log(
                (self.pairs.get((s, t), (0, 0))[0] + 1) * (total + 1) / ((first[s] + 1) * (second[t] + 1))
            )
        )  # fmt: skip

    def rate(self, pairs: Pairs) -> Values:
        """(n,) how often the same two sentences were cause and effect in the fit: all that sentences tell."""
        total = sum(count for count, _ in self.pairs.values())
        caused = sum(hits for _, hits in self.pairs.values())
        prior = caused / total if total else 0.5

        def rate(s: str, t: str) -> float:
            count, hits = self.pairs.get((s, t), (0, 0))
            return (hits + prior) / (count + 1)

        return self._each(pairs, rate)

    def _each(self, pairs: Pairs, function: Any) -> Values:
        return np.array([function(pairs.sentences[i], pairs.sentences[j]) for i, j in pairs.said.tolist()])

    def to_json(self) -> list[list[Any]]:
        """As JSON values."""
        return [[*key, *counts] for key, counts in self.pairs.items()]

    @classmethod
    def from_json(cls, told: Sequence[Sequence[Any]]) -> "Counts":
        """What `to_json` gave."""
        found = cls()
        found.pairs = {(s, t): (int(count), int(caused)) for s, t, count, caused in told}
        return found


def just_before(pairs: Pairs) -> Values:
    """(n,) the later the candidate begins, the higher: the order in time."""
    found: Values = -pairs.times[:, 4]
    return found


def recall_by_chance(candidates: int, causes: int, k: int) -> float:
    """How often one of the causes is among the first k of candidates in an order by chance."""
    k = min(k, candidates)
    return 1 - math.comb(candidates - causes, k) / math.comb(candidates, k)
