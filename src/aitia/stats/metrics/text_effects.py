"""How near an explainer comes to the true effects of a concept on what a model says.

    l2        |e - s|
    cosine    1 - e.s / (|e| |s|), and 1 where e or s is zero
    norm      | |e| - |s| |

for a true effect e of a pair of texts and the explainer's s, each a row of changes of class probabilities. Lower is
better. `treatment_error` takes the mean over the pairs of each change (treatment, from, to), then over the changes of a
treatment, then over treatments, so that a frequent change counts no more than a rare one.

`order_agreement` asks for less: that an intervention with the larger effect is told the larger effect. An explainer
whose error is below half the gap between two effects orders them rightly; one that is not causal can be made to fail.

Source:
    Abraham et al., CEBaB: Estimating the causal effects of real-world concepts on NLP model behavior, NeurIPS 2022,
    for the distances; Gat et al., Faithful explanations of black-box NLP models using LLM-generated counterfactuals,
    ICLR 2024, for order-faithfulness.
"""

from collections.abc import Hashable, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import DataError, OptionError
from aitia.stats.metrics._checks import Values, same_shape

__all__ = ["EFFECT_DISTANCES", "EffectDistance", "effect_errors", "order_agreement", "treatment_error"]

EffectDistance = Literal["l2", "cosine", "norm"]
EFFECT_DISTANCES: tuple[EffectDistance, ...] = get_args(EffectDistance)


def effect_errors(true: ArrayLike, estimated: ArrayLike, distance: EffectDistance = "l2") -> Values:
    """The distance of each pair, (n,). Lower is better.

    Args:
        true: Effects, (n, classes).
        estimated: What the explainer says, the same shape.
        distance: See the module.

    Raises:
        DataError: If the shapes differ or a number is not finite.
        OptionError: If the distance has another name.

    Example:
        >>> effect_errors([[3.0, 0.0]], [[0.0, 4.0]], "l2").tolist()
        [5.0]
        >>> effect_errors([[3.0, 0.0], [0.0, 0.0]], [[0.0, 4.0], [1.0, 0.0]], "cosine").tolist()
        [1.0, 1.0]
    """
    if distance not in EFFECT_DISTANCES:
        raise OptionError(f"distance is one of {', '.join(EFFECT_DISTANCES)}, got {distance!r}")
    e, s = same_shape(true, estimated, ("true", "estimated"))
    if e.ndim != 2:
        raise DataError(f"effects have shape (n, classes), one row a pair, got {e.shape}")
    if distance == "l2":
        return np.asarray(np.linalg.norm(e - s, axis=1))
    long, short = np.linalg.norm(e, axis=1), np.linalg.norm(s, axis=1)
    if distance == "norm":
        return np.asarray(np.abs(long - short))
    zero = (long == 0) | (short == 0)
    units = [x / np.where(length > 0, length, 1.0)[:, None] for x, length in ((e, long), (s, short))]
    return np.where(zero, 1.0, 1.0 - np.sum(units[0] * units[1], axis=1))


def treatment_error(
    errors: ArrayLike, treatment: Sequence[Hashable], start: Sequence[Hashable], end: Sequence[Hashable]
) -> float:
    """The mean over treatments of the mean over their changes of the mean over the pairs of a change.

    Args:
        errors: Of each pair, (n,).
        treatment: The concept changed in each.
        start: Its value before.
        end: Its value after.

    Raises:
        DataError: If the lengths differ, or there is no pair.

    Example:
        >>> treatment_error([1.0, 3.0, 0.0, 5.0], ["a", "a", "a", "b"], [0, 0, 1, 0], [1, 1, 0, 1])
        3.0
    """
    values = np.asarray(errors, dtype=np.float64)
    if not len(values) or {len(treatment), len(start), len(end)} != {len(values)}:
        raise DataError(
            f"each error has its treatment, start and end: got {len(values)}, {len(treatment)}, {len(start)} and "
            f"{len(end)}"
        )
    changes: dict[Hashable, dict[Hashable, list[float]]] = {}
    for error, concept, before, after in zip(values.tolist(), treatment, start, end, strict=True):
        changes.setdefault(concept, {}).setdefault((before, after), []).append(error)
    return float(np.mean([np.mean([np.mean(pairs) for pairs in of.values()]) for of in changes.values()]))


def order_agreement(true: ArrayLike, estimated: ArrayLike, *, gap: float = 0.0) -> float:
    """The share of pairs of interventions that the explainer orders as their true effects are; 1 is best, chance 0.5.

    Counted for each class by itself, among the pairs whose true effects on it differ by more than `gap`; estimates that
    are equal count half.

    Args:
        true: Effects of interventions, (m, classes), such as `cace` gives one for each change.
        estimated: The explainer's, the same shape.
        gap: Of true effects, zero or more.

    Raises:
        DataError: If the shapes differ, or no two true effects differ by more.
        OptionError: If the gap is negative.

    Example:
        >>> order_agreement([[0.0], [1.0], [2.0]], [[0.0], [5.0], [3.0]]).__round__(3)
        0.667
    """
    if gap < 0:
        raise OptionError(f"the gap is zero or more, got {gap}")
    e, s = same_shape(true, estimated, ("true", "estimated"))
    if e.ndim != 2:
        raise DataError(f"effects have shape (interventions, classes), got {e.shape}")
    truth, told = e[:, None] - e[None], s[:, None] - s[None]
    counted = truth > gap
    if not counted.any():
        raise DataError(
            f"no two of the {len(e)} true effects differ by more than {gap:g}: there is no order to agree on"
        )
    return float(np.mean((told > 0)[counted] + 0.5 * (told == 0)[counted]))
