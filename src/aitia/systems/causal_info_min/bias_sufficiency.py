"""How far the spurious features explain a model's answers by themselves.

    accuracy ratio         acc(bias-only) / acc(full)                                                              (1)
    chosen probability     E p_bias(yhat_full),    yhat_full what the full model answers                           (2)

The source names the metric and not its normalisation. (1) rises when the full model gives up accuracy, also where it
leans on the bias less; (2) asks whether the bias alone would have given the same answers, and does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError

__all__ = ["Sufficiency", "sufficiency"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Sufficiency:
    """Both normalisations, over all rows and for each type of answer.

    Args:
        accuracy_ratio: (1); not a number where the full model has nothing right.
        chosen_probability: (2).
        by_type: The same for each type, empty where no types were given.
    """

    accuracy_ratio: float
    chosen_probability: float
    by_type: Mapping[str, "Sufficiency"] = field(default_factory=dict)


def sufficiency(bias: Values, full: Values, target: Values, types: Any = None) -> Sufficiency:
    """The sufficiency of the bias for a model.

    Args:
        bias: p_bias, (n, answers).
        full: p of the model, (n, answers).
        target: Scores of the answers, (n, answers).
        types: The type of each row, (n,), such as what kind of answer is asked for.

    Raises:
        DataError: If shapes differ.

    Example:
        >>> bias, full = np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([[0.8, 0.2], [0.1, 0.9]])
        >>> found = sufficiency(bias, full, np.eye(2))
        >>> found.accuracy_ratio, round(found.chosen_probability, 3)
        (0.5, 0.65)
    """
    if not bias.shape == full.shape == target.shape or bias.ndim != 2 or not len(bias):
        raise DataError(f"three tables (rows, answers) of one shape, got {bias.shape}, {full.shape} and {target.shape}")
    rows = np.arange(len(bias))
    chosen = full.argmax(axis=1)
    right = target[rows, chosen].mean()
    ratio = float(target[rows, bias.argmax(axis=1)].mean() / right) if right > 0 else float("nan")
    by_type = {}
    if types is not None:
        labels = np.asarray(types).astype(str)
        if labels.shape != (len(bias),):
            raise DataError(f"one type for each of {len(bias)} rows, got shape {labels.shape}")
        by_type = {
            str(label): sufficiency(bias[labels == label], full[labels == label], target[labels == label])
            for label in np.unique(labels)
        }
    return Sufficiency(ratio, float(bias[rows, chosen].mean()), by_type)
