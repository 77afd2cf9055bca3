"""What erasing the bias changes in the probability of answers, row by row.

    effect = mean_i [ p_main(y | x_i) / p_bias(y | x_i)^w - p_main(y | x_i) ],    the first normalised over y       (1)

The control is (1) with the p_bias of another row in place of that of row i: what dividing by any such law does.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.table import Table
from aitia.stats.effects import mean_effects

__all__ = ["effect_table"]

MOST = 20
"""Answers that are told where none is named, the most probable ones."""


def effect_table(
    answers: Tensor, bias: Tensor, weight: float, own: Tensor, names: Sequence[str], outcome: str | None
) -> Table:
    """One line for the probability of each row's own answer, and one for that of each answer of the vocabulary.

    Args:
        answers: Log-probabilities of the main head, (n, answers).
        bias: Of the bias-only head, (n, answers).
        weight: w of (1).
        own: Number of each row's own answer, (n,).
        names: Of the outcomes: the own answer, then each answer of the vocabulary.
        outcome: The one to tell; None tells all.
    """
    before = answers.exp()
    change = (answers - weight * bias).softmax(dim=-1) - before
    other = torch.from_numpy(np.random.default_rng(0).permutation(len(bias)))
    shuffled = (answers - weight * bias[other]).softmax(dim=-1) - before
    often = set(before.mean(dim=0).argsort(descending=True)[:MOST].tolist())
    told = [k for k, name in enumerate(names) if outcome == name or (outcome is None and (k == 0 or k - 1 in often))]

    def of(values: Tensor, k: int) -> NDArray[np.float64]:
        column = values.gather(1, own[:, None])[:, 0] if k == 0 else values[:, k - 1]
        return np.asarray(column.double().numpy())

    found = mean_effects(np.stack([of(change, k) for k in told]), [names[k] for k in told])
    columns = {
        "target": ["bias"] * len(told),
        "outcome": [names[k] for k in told],
        "effect": found.column("estimate"),
        "low": found.column("low"),
        "high": found.column("high"),
        "control": np.array([of(shuffled, k).mean() for k in told]),
    }
    return Table.of(columns, kinds={name: "label" if name in ("target", "outcome") else "number" for name in columns})
