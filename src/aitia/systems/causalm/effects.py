"""What CausaLM finds: effects with their intervals over texts, and what probes still read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.stats.concept_effects import icace
from aitia.systems.causalm.calibration import set_anew

__all__ = [
    "ALONE",
    "CALIBRATED",
    "LINEAR",
    "LINEARLY",
    "ConceptEffect",
    "Erasure",
    "conexp_sizes",
    "estimates",
    "table_of",
]

Values = NDArray[np.float64]
LINEAR = "original, mean"
"""The classifier that the linear baselines are compared with, where the others pool by attention."""
ALONE = "closed form alone"
"""Without an adversary: the closed form of the adjusted method on phi_O."""
LINEARLY = (ALONE, "LEACE", "INLP")
"""What takes the concept out of the mean state of phi_O without training the encoder."""
CALIBRATED = "calibrated TReATE"


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
    taken: Mapping[str, Values] | None = None,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[ConceptEffect, ...]:
    """Every estimate that what was said allows, with intervals over texts.

    Args:
        said: What each classifier says of the texts, (n, classes).
        edited: What `original` and `counterfactual` say of the same texts with the concept set anew.
        codes: Of the concept in each text, (n,), for CONEXP and the calibrated estimates.
        taken: What each classifier takes from the texts of each value, (values, classes); see `calibration.py`.
        confidence: Coverage of each interval.
        resamples: Of the bootstrap over texts.
        seed: Of the bootstrap.
    """
    original = said["original"]
    n = len(original)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]

    def over_texts(name: str, each: Values, **more: Any) -> ConceptEffect:
        low, high = np.quantile(draws @ each / len(each), ends)
        return ConceptEffect(name, float(each.mean()), float(low), float(high), **more)

    def moved(name: str, before: Values, after: Values, factor: float = 1.0, **more: Any) -> ConceptEffect:
        return over_texts(name, factor * np.abs(icace(before, after)).sum(axis=1), **more)

    found = [
        moved("TReATE", original, said["counterfactual"], note="concept present against concept removed"),
        moved("flip-scaled TReATE", original, said["counterfactual"], 2.0, note="twice the TReATE; ours"),
    ]
    linear = said.get(LINEAR, original)
    calibrated: dict[str, Values] = {}
    if codes is not None:
        for name, values in (taken or {}).items():
            if np.isfinite(values).all() and len(values) > 1:
                calibrated[name] = _moved_anew(linear if name in LINEARLY else original, values, codes)
    if "counterfactual" in calibrated:
        note = "one value against another, from what unlearning takes from the texts of each; ours"
        found.append(over_texts(CALIBRATED, calibrated["counterfactual"], note=note))
    if edited is not None:
        found.append(moved("true ATE", original, edited["original"], note="from counterfactual texts"))
        left = "how far counterfactual texts still move the classifier that should not know the concept"
        found.append(moved("left in f_CF", said["counterfactual"], edited["counterfactual"], causal=False, note=left))
    if codes is not None and len(np.unique(codes)) > 1:
        low, high = np.quantile(conexp_sizes(original, codes, draws), ends)
        size = float(conexp_sizes(original, codes, np.ones((1, n), dtype=np.int64))[0])
        found.append(ConceptEffect("CONEXP", size, float(low), float(high), False, "a correlation"))
    note = "linear erasure of the mean state of phi_O, head trained anew"
    for name in (each for each in LINEARLY if each in said):
        found.append(moved(name, linear, said[name], note=note))
        if name in calibrated:
            found.append(over_texts(f"{name}, calibrated", calibrated[name], note=note))
    if "placebo" in said:
        found.append(moved("placebo TReATE", original, said["placebo"], causal=False, note="a shuffled concept"))
    if "placebo" in calibrated:
        note = "a shuffled concept"
        found.append(over_texts("calibrated placebo TReATE", calibrated["placebo"], causal=False, note=note))
    return tuple(found)


def _moved_anew(said: Values, taken: Values, codes: NDArray[np.int64]) -> Values:
    """(n,): how far each text moves with the concept set anew, the mean over the other values."""
    each = np.zeros(len(said))
    for value in range(len(taken)):
        each += np.abs(icace(said, set_anew(said, taken, codes, value))).sum(axis=1)
    return each / (len(taken) - 1)  # set to the value that it has, a text stays


def table_of(found: Sequence[ConceptEffect], target: str, outcome: str) -> Table:
    """A line an estimate, TReATE first; the control is the placebo's, no number where there is none."""
    by_name = {effect.name: effect.estimate for effect in found}
    controls = [
        by_name.get("calibrated placebo TReATE" if "calibrated" in effect.name else "placebo TReATE", float("nan"))
        for effect in found
    ]
    columns: dict[str, Any] = {
        "target": [target] * len(found),
        "outcome": [outcome] * len(found),
        "effect": [effect.estimate for effect in found],
        "low": [effect.low for effect in found],
        "high": [effect.high for effect in found],
        "control": controls,
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
