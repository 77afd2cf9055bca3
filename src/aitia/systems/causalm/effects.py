"""What CausaLM finds: effects with their intervals over texts, and what probes still read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.stats.concept_effects import icace

__all__ = ["ALONE", "LINEAR", "ConceptEffect", "Erasure", "conexp_sizes", "estimates", "table_of"]

Values = NDArray[np.float64]
LINEAR = "original, mean"
"""The classifier that the linear baselines are compared with, where the others pool by attention."""
ALONE = "closed form alone"
"""Without an adversary: the closed form of the adjusted method on phi_O."""


@dataclass(frozen=True)
class ConceptEffect:
    """One estimate of how far a concept moves the class probabilities of a text, 0 to 2.

    Args:
        name: Which estimate.
        estimate: Its mean over texts.
        low: Lower end of its bootstrap interval over texts.
        high: Upper end.
        causal: Whether it is meant as an effect; CONEXP is a correlation, the placebo a control.
        note: What to know when reading it.
    """

    name: str
    estimate: float
    low: float
    high: float
    causal: bool = True
    note: str = ""


@dataclass(frozen=True)
class Erasure:
    """What fresh probes read off frozen states, as accuracies on texts that they were not trained on.

    Args:
        encoder: `original`, `counterfactual` or `placebo`.
        linear: Of the treated concept, linear in the mean state that the head for the task sees.
        attention: Of the treated concept, with attention over the tokens.
        chance: Of always saying the most frequent value.
        controls: Of each control concept, linear in the mean state.
    """

    encoder: str
    linear: float
    attention: float
    chance: float
    controls: Mapping[str, float] = field(default_factory=dict)


def estimates(
    said: Mapping[str, Values],
    edited: Mapping[str, Values] | None,
    codes: NDArray[np.int64] | None,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[ConceptEffect, ...]:
    """Every estimate that what was said allows, with intervals over texts.

    Args:
        said: What each classifier says of the texts, (n, classes).
        edited: What `original` and `counterfactual` say of the same texts with the concept set anew.
        codes: Of the concept in each text, (n,), for CONEXP.
        confidence: Coverage of each interval.
        resamples: Of the bootstrap over texts.
        seed: Of the bootstrap.
    """
    original = said["original"]
    n = len(original)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]

    def moved(name: str, before: Values, after: Values, factor: float = 1.0, **more: Any) -> ConceptEffect:
        each = factor * np.abs(icace(before, after)).sum(axis=1)
        low, high = np.quantile(draws @ each / len(each), ends)
        return ConceptEffect(name, float(each.mean()), float(low), float(high), **more)

    found = [
        moved("TReATE", original, said["counterfactual"], note="concept present against concept removed"),
        moved("flip-scaled TReATE", original, said["counterfactual"], 2.0, note="twice the TReATE; ours"),
    ]
    if edited is not None:
        found.append(moved("true ATE", original, edited["original"], note="from counterfactual texts"))
        left = "how far counterfactual texts still move the classifier that should not know the concept"
        found.append(moved("left in f_CF", said["counterfactual"], edited["counterfactual"], causal=False, note=left))
    if codes is not None and len(np.unique(codes)) > 1:
        low, high = np.quantile(conexp_sizes(original, codes, draws), ends)
        size = float(conexp_sizes(original, codes, np.ones((1, n), dtype=np.int64))[0])
        found.append(ConceptEffect("CONEXP", size, float(low), float(high), False, "a correlation"))
    linear, note = said.get(LINEAR, original), "linear erasure of the mean state of phi_O, head trained anew"
    found += [moved(name, linear, said[name], note=note) for name in (ALONE, "LEACE", "INLP") if name in said]
    if "placebo" in said:
        found.append(moved("placebo TReATE", original, said["placebo"], causal=False, note="a shuffled concept"))
    return tuple(found)


def table_of(found: Sequence[ConceptEffect], target: str, outcome: str) -> Table:
    """A line an estimate, TReATE first; the control is the placebo's, no number where there is none."""
    control = next((effect.estimate for effect in found if effect.name == "placebo TReATE"), float("nan"))
    columns: dict[str, Any] = {
        "target": [target] * len(found),
        "outcome": [outcome] * len(found),
        "effect": [effect.estimate for effect in found],
        "low": [effect.low for effect in found],
        "high": [effect.high for effect in found],
        "control": [control] * len(found),
        "by": [effect.name for effect in found],
        "causal": ["yes" if effect.causal else "no" for effect in found],
    }
    numbers = ("effect", "low", "high", "control")
    return Table.of(columns, kinds={name: "number" if name in numbers else "label" for name in columns})


def conexp_sizes(outputs: Values, codes: NDArray[np.int64], draws: NDArray[np.int64]) -> Values:
    """CONEXP in each draw of the texts, (draws,): how far what is said differs between texts with different values.

    The sum over classes of the absolute difference of means; with more than two values the mean over their pairs. A
    draw that lacks a value counts the pairs it has.

    Args:
        outputs: Class probabilities, (n, classes).
        codes: Of the concept, (n,).
        draws: How often each text is drawn, (draws, n).
    """
    members = np.eye(int(codes.max()) + 1)[codes]
    size = draws @ members
    means = np.einsum("bn,nv,nk->bvk", draws, members, outputs, optimize=True) / np.maximum(size, 1)[..., None]
    sizes, pairs = np.zeros(len(draws)), np.zeros(len(draws))
    for a, b in combinations(range(members.shape[1]), 2):
        both = (size[:, a] > 0) & (size[:, b] > 0)
        sizes += both * np.abs(means[:, a] - means[:, b]).sum(axis=1)
        pairs += both
    answer: Values = sizes / np.maximum(pairs, 1)
    return answer
