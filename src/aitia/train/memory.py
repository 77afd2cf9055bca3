"""How many rows of a batch fit, where the memory of a GPU was too small for all."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

__all__ = ["rows_that_fit", "too_large"]


def rows_that_fit(objective: nn.Module, tensors: Sequence[Tensor]) -> int | None:
    """The largest of a half, a quarter, ... of the rows with whose loss and gradients the memory suffices.

    Args:
        objective: Called with the tensors; its gradients are cleared.
        tensors: Of a batch, rows first.

    Returns:
        The number of rows; None where one row is too much, or the tensors are not of the same rows.
    """
    rows = len(tensors[0]) if tensors[0].ndim else 0
    if any(not tensor.ndim or len(tensor) != rows for tensor in tensors):
        return None
    while (rows := rows // 2) > 0:
        if _fits(objective, [tensor[:rows] for tensor in tensors]):
            return rows
    return None


def too_large(what: str, step: int, objective: nn.Module, tensors: Sequence[Tensor]) -> str:
    """The sentence for a batch that did not fit."""
    rows = len(tensors[0]) if tensors[0].ndim else 1
    fit = rows_that_fit(objective, tensors)
    mend = f"{fit} fit: lower the batch to that" if fit else "take a smaller model, shorter texts or low-rank updates"
    return f"{what}: the memory of the GPU does not hold the {rows} rows of step {step}; {mend}"


def _fits(objective: nn.Module, tensors: Sequence[Tensor]) -> bool:
    fits = True
    try:
        returned = objective(*tensors)
        (returned["loss"] if isinstance(returned, Mapping) else returned).backward()
    except torch.OutOfMemoryError:
        fits = False  # what was computed so far is freed behind this block
    objective.zero_grad(set_to_none=True)
    return fits
