"""How much each output of a network moves with each of its inputs."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["jacobian_columns"]


def jacobian_columns(function: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """d function(z)_o / d z_k of each row, all rows and inputs in one pass.

    The gradient of v . function(z) is linear in v, so its own gradient with respect to v is the Jacobian times a
    direction: two passes back for every input, however many outputs there are.

    Args:
        function: From (rows, k) to (rows, ...), row by row.
        z: (n, k).

    Returns:
        (n, k, outputs), the outputs flattened. Gradients flow through it.
    """
    n, k = z.shape
    directions = torch.eye(k, dtype=z.dtype, device=z.device).repeat(n, 1)
    tracked = torch.is_grad_enabled()
    with torch.enable_grad():
        points = z.repeat_interleave(k, dim=0)
        points = points if points.requires_grad else points.requires_grad_()
        values = function(points)
        v = torch.zeros_like(values, requires_grad=True)
        (back,) = torch.autograd.grad(values, points, v, create_graph=True)
        (moved,) = torch.autograd.grad(back, v, directions, create_graph=tracked)
    return moved.reshape(n, k, -1)
