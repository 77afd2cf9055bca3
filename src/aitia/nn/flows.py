"""Invertible maps with their log-determinants."""

import torch
from torch import Tensor, nn

from aitia.errors import OptionError
from aitia.nn.layers import mlp

__all__ = ["Coupling", "CouplingFlow"]


class Coupling(nn.Module):
    """One affine coupling: half of the coordinates scale and shift the other half.

    b' = b exp(s(a)) + t(a),  s = r tanh(...),  a' = a,  with a learned factor r an output coordinate.

    Args:
        size: Number of coordinates, even.
        hidden: Width of the perceptron.
        flip: Whether the second half acts on the first.
        condition: Numbers of a condition that scale and shift depend on as well.

    Raises:
        OptionError: If the size is odd.

    Source:
        Dinh, Sohl-Dickstein and Bengio, Density estimation using Real NVP, ICLR 2017, section 3.
    """

    def __init__(self, size: int, hidden: int = 32, flip: bool = False, condition: int = 0) -> None:
        super().__init__()
        if size % 2:
            raise OptionError(f"coupling needs an even size, got {size}")
        self.flip, half = flip, size // 2
        self.net = mlp((half + condition, hidden, hidden, 2 * half), nn.LeakyReLU)
        self.scale = nn.Parameter(torch.zeros(half))

    def forward(self, x: Tensor, inverse: bool = False, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The image of x (..., size) and the log-determinant (...,) of the way taken, under a condition (..., k)."""
        a, b = x.chunk(2, dim=-1)
        a, b = (b, a) if self.flip else (a, b)
        s, t = self.net(a if condition is None else torch.cat([a, condition], -1)).chunk(2, dim=-1)
        s = self.scale * torch.tanh(s)
        b = (b - t) * torch.exp(-s) if inverse else b * torch.exp(s) + t
        log_det = -s.sum(-1) if inverse else s.sum(-1)
        return torch.cat((b, a) if self.flip else (a, b), dim=-1), log_det


class CouplingFlow(nn.Module):
    """Couplings one after another, the halves taking turns. Starts near the identity.

    Args:
        size: Number of coordinates, even.
        layers: Number of couplings.
        hidden: Width of each perceptron.
        condition: Numbers of a condition that all of them depend on.
    """

    def __init__(self, size: int, layers: int = 3, hidden: int = 32, condition: int = 0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Coupling(size, hidden, bool(i % 2), condition) for i in range(layers))

    def forward(self, x: Tensor, inverse: bool = False, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The image of x (..., size) and the log-determinant (...,) of the way taken, under a condition (..., k)."""
        total = x.new_zeros(x.shape[:-1])
        for layer in reversed(self.layers) if inverse else self.layers:
            x, log_det = layer(x, inverse, condition)
            total = total + log_det
        return x, total
