"""Explainers held against the true effects of edits: errors with intervals, and the order of effects.

An explainer may see a text, its concepts and the value asked for; the counterfactual text is for the truth alone.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.table import Kind, Table
from aitia.errors import DataError, OptionError
from aitia.stats.concept_effects import cace, icace
from aitia.stats.metrics.text_effects import (
    EFFECT_DISTANCES,
    EffectDistance,
    effect_errors,
    order_agreement,
    treatment_error,
)

__all__ = ["EffectPairs", "ExplainerErrors"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EffectPairs:
    """Texts and what each would be with one concept changed.

    Args:
        texts: (n,).
        counterfactuals: (n,).
        treatment: The concept that differs in each pair.
        start: Its value in the text.
        end: Its value in the counterfactual.
        groups: What each text is a version of: rows of a group are drawn again together, and no match is of the same.
            None takes each text as its own.

    Raises:
        DataError: If lengths differ, the two texts of a pair are the same, or the concept does not change.
    """

    texts: Sequence[str]
    counterfactuals: Sequence[str]
    treatment: Sequence[str]
    start: Sequence[Any]
    end: Sequence[Any]
    groups: Sequence[Hashable] | None = None

    def __post_init__(self) -> None:
        parts = [self.texts, self.counterfactuals, self.treatment, self.start, self.end]
        sizes = {len(part) for part in [*parts, *([] if self.groups is None else [self.groups])]}
        if len(sizes) > 1 or not len(self.texts):
            raise DataError(
                f"pairs have a text, counterfactual, treatment, start and end each, got {sorted(sizes)} of them"
            )
        for row, (text, other) in enumerate(zip(self.texts, self.counterfactuals, strict=True)):
            if text == other:
                raise DataError(f"pair {row} is the same text twice, {text[:60]!r}: drop it")
        for row, (before, after) in enumerate(zip(self.start, self.end, strict=True)):
            if before == after:
                raise DataError(f"pair {row} does not change {self.treatment[row]!r}, which stays {before!r}: drop it")

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """(treatment, start, end) of each pair."""
        return list(zip(self.treatment, self.start, self.end, strict=True))


class ExplainerErrors:
    """What explainers said of pairs, beside the truth.

    Args:
        pairs: The pairs.
        before: What the black box says of their texts, (n, classes).
        after: Of their counterfactuals.
        said: For each explainer the effects it told, (n, classes).
        resamples: Of the bootstrap, over groups.
        seed: Of the bootstrap.

    Raises:
        DataError: If a shape differs.
        OptionError: If there is no resample.

    Example:
        >>> pairs = EffectPairs(["a", "b"], ["c", "d"], ["food", "food"], [0, 1], [1, 0])
        >>> truth = [[0.6, 0.4], [0.1, 0.9]]
        >>> errors = ExplainerErrors(pairs, [[0.5, 0.5], [0.5, 0.5]], truth, {"nothing": np.zeros((2, 2))})
        >>> round(errors.error("nothing", "norm"), 3)
        0.354
    """

    def __init__(
        self,
        pairs: EffectPairs,
        before: ArrayLike,
        after: ArrayLike,
        said: Mapping[str, ArrayLike],
        *,
        resamples: int = 1000,
        seed: int = 0,
    ) -> None:
        if resamples < 1:
            raise OptionError(f"a bootstrap needs at least one resample, got {resamples}")
        self.pairs, self.true = pairs, icace(before, after)
        self.said = {name: np.asarray(effects, dtype=np.float64) for name, effects in said.items()}
        if len(self.true) != len(pairs):
            raise DataError(f"there are {len(pairs)} pairs and {len(self.true)} answers to them")
        self.distances = {
            name: {distance: effect_errors(self.true, effects, distance) for distance in EFFECT_DISTANCES}
            for name, effects in self.said.items()
        }
        self.resamples, self.seed = resamples, seed

    def error(self, name: str, distance: EffectDistance = "l2") -> float:
        """Mean over treatments of the mean over changes of the mean over pairs. Lower is better."""
        pairs = self.pairs
        return treatment_error(self.distances[name][distance], pairs.treatment, pairs.start, pairs.end)

    def average_error(self, name: str, distance: EffectDistance = "l2") -> float:
        """As `error`, of the average effects of each change in place of the single ones (CaCE)."""
        true, said = self._averages(name)
        changes = list(cace(self.true, self.pairs.changes))
        treatment, start, end = zip(*changes, strict=True)
        return treatment_error(effect_errors(true, said, distance), treatment, start, end)

    def order(self, name: str) -> float:
        """`order_agreement` of the average effects of the changes. Higher is better, chance is 0.5."""
        return order_agreement(*self._averages(name))

    def _averages(self, name: str) -> tuple[Values, Values]:
        groups = self.pairs.changes
        true, said = (cace(effects, groups) for effects in (self.true, self.said[name]))
        return np.stack(list(true.values())), np.stack(list(said.values()))

    def interval(self, name: str, distance: EffectDistance = "l2", confidence: float = 0.95) -> tuple[float, float]:
        """Percentile bootstrap interval of `error`; the pairs of a group are drawn together."""
        means = self._resampled(name, distance)
        low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
        return float(low), float(high)

    def lead(self, name: str, other: str, distance: EffectDistance = "l2") -> tuple[float, float, float]:
        """How far the error of `other` is above that of `name`, with its paired 95 % bootstrap interval."""
        means = self._resampled(other, distance) - self._resampled(name, distance)
        low, high = np.quantile(means, [0.025, 0.975])
        return self.error(other, distance) - self.error(name, distance), float(low), float(high)

    def _resampled(self, name: str, distance: EffectDistance) -> Values:
        """(resamples,) of `error`; a change of which no pair was drawn is left out of its mean."""
        pairs = self.pairs
        groups = list(pairs.groups) if pairs.groups is not None else list(range(len(pairs)))
        place = {group: k for k, group in enumerate(dict.fromkeys(groups))}
        counts = np.random.default_rng(self.seed).multinomial(
            len(place), np.full(len(place), 1 / len(place)), size=self.resamples
        )
        weights = counts[:, [place[group] for group in groups]]
        changes = list(dict.fromkeys(pairs.changes))
        member = np.array([[change == one for one in changes] for change in pairs.changes], dtype=np.float64)
        drawn = weights @ member
        means = (weights * self.distances[name][distance]) @ member / np.where(drawn > 0, drawn, 1.0)
        treatments = list(dict.fromkeys(pairs.treatment))
        of = np.array([[change[0] == one for one in treatments] for change in changes], dtype=np.float64)
        there = (drawn > 0).astype(np.float64) @ of
        by_treatment = (means * (drawn > 0)) @ of / np.where(there > 0, there, 1.0)
        return np.asarray(by_treatment.sum(axis=1) / np.maximum((there > 0).sum(axis=1), 1))

    def table(self) -> Table:
        """One row an explainer, by its L2 error: errors with the interval of L2, CaCE error, and order agreement."""
        rows: list[list[float]] = []
        names = sorted(self.said, key=self.error)
        several = len(set(self.pairs.changes)) > 1
        for name in names:
            low, high = self.interval(name)
            order = self.order(name) if several else float("nan")
            others = [self.error(name, "cosine"), self.error(name, "norm"), self.average_error(name)]
            rows.append([self.error(name), low, high, *others, order])
        heads = ("l2", "low", "high", "cosine", "norm", "average l2", "order")
        columns = dict(zip(heads, np.array(rows).T, strict=True))
        return Table.of({"explainer": names, **columns}, kinds=dict.fromkeys(columns, Kind.NUMBER))
