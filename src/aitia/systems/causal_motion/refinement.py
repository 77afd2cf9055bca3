"""Gradient steps on a latent code with the network left as it is."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["moved_code"]


def moved_code(code: Tensor, loss: Callable[[Tensor], Tensor], steps: int, rate: float) -> Tensor:
    """The code after some steps of Adam that make a loss small.

    Args:
        code: (n, ...), one row a case; stays as it is.
        loss: From codes to (n,) numbers. Each row moves by its own.
        steps: Of Adam.
        rate: Its learning rate: about how far a number moves in a step.

    Returns:
        Another code of the same shape, without gradient.
    """
    moved = code.detach().clone().requires_grad_(True)
    optimizer = torch.optim.Adam([moved], lr=rate)
    with torch.enable_grad():
        for _ in range(steps):
            (moved.grad,) = torch.autograd.grad(loss(moved).sum(), moved)
            optimizer.step()
    return moved.detach()
