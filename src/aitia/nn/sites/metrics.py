"""What a trace measures: from the output of a model to one number a row."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import InterventionError

__all__ = ["LogProbability", "LogitDifference", "Metric", "measured"]

Values = NDArray[np.float64]

Metric = Callable[[Any], Tensor]
"""From the model's output to one number a row, (rows,)."""


class LogitDifference:
    """How much more the model says one thing than another: logit of `right` minus logit of `wrong`, at the last place.

    Prompts of different length are padded on the left.

    Args:
        right: A token or class for each row, or one for all.
        wrong: The same; None takes the logit of `right` alone.

    Example:
        >>> LogitDifference([0, 1], 2)(torch.tensor([[1.0, 2.0, 5.0], [1.0, 2.0, 5.0]]))
        tensor([-4., -3.])
    """

    last_position_only = True

    def __init__(self, right: int | Sequence[int] | Tensor, wrong: int | Sequence[int] | Tensor | None = None) -> None:
        self.right = torch.as_tensor(right).reshape(-1)
        self.wrong = None if wrong is None else torch.as_tensor(wrong).reshape(-1)

    @property
    def reads(self) -> Tensor:
        """The tokens whose logits are read; no others need to be computed."""
        return self.right if self.wrong is None else torch.cat([self.right, self.wrong])

    def __call__(self, output: Any) -> Tensor:
        """One number a row; where the rows are there several times, the tokens are taken in turn."""
        last = _last_logits(output)
        said = _of_tokens(last, self.right)
        return said if self.wrong is None else said - _of_tokens(last, self.wrong)


class LogProbability:
    """The logarithm of the probability of a token or class at the last place.

    Args:
        token: One for each row, or one for all.

    Example:
        >>> LogProbability(0)(torch.tensor([[0.0, 0.0]])).exp()
        tensor([0.5000])
    """

    last_position_only = True

    def __init__(self, token: int | Sequence[int] | Tensor) -> None:
        self.token = torch.as_tensor(token).reshape(-1)

    def __call__(self, output: Any) -> Tensor:
        """One number a row; where the rows are there several times, the tokens are taken in turn."""
        return _of_tokens(_last_logits(output).float().log_softmax(dim=-1), self.token)


def _last_logits(output: Any) -> Tensor:
    logits: Tensor = output if isinstance(output, Tensor) else output.logits
    return logits[:, -1] if logits.ndim == 3 else logits


def _of_tokens(logits: Tensor, tokens: Tensor) -> Tensor:
    rows = len(logits)
    if rows % len(tokens):
        raise InterventionError(f"the metric has tokens for {len(tokens)} rows, the output has {rows}")
    index = tokens.to(logits.device).repeat(rows // len(tokens))
    return logits.gather(1, index[:, None])[:, 0]


def measured(metric: Metric, output: Any, rows: int, when: str) -> Values:
    """The numbers of a metric, (rows,).

    Args:
        metric: What is measured.
        output: Of the model.
        rows: That it has.
        when: In which run, for the message.

    Raises:
        InterventionError: If it does not give one finite number a row.
    """
    value = metric(output)
    if not isinstance(value, Tensor) or value.shape != (rows,):
        shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise InterventionError(f"a metric gives one number a row, here a tensor ({rows},), got {shape}")
    numbers: Values = value.detach().double().cpu().numpy()
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers))[0])
        raise InterventionError(
            f"the metric is {numbers[row]} {when} (row {row}): the model gives no finite numbers there"
        )
    return numbers
