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

    Raises:
        OptionError: If the size is odd.

    Source:
        Dinh, Sohl-Dickstein and Bengio, Density estimation using Real NVP, ICLR 2017, section 3.
    """

    def __init__(self, size: int, hidden: int = 32, flip: bool = False) -> None:
        super().__init__()
        if size % 2:
            raise OptionError(f"coupling needs an even size, got {size}")
        self.flip, half = flip, size // 2
        self.net = mlp((half, hidden, hidden, 2 * half), nn.LeakyReLU)
        self.scale = nn.Parameter(torch.zeros(half))

    def forward(self, x: Tensor, inverse: bool = False) -> tuple[Tensor, Tensor]:
        """The image of x (..., size) and the log-determinant (...,) of the way taken."""
        a, b = x.chunk(2, dim=-1)
        a, b = (b, a) if self.flip else (a, b)
        s, t = self.net(a).chunk(2, dim=-1)
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
    """

    def __init__(self, size: int, layers: int = 3, hidden: int = 32) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Coupling(size, hidden, flip=bool(i % 2)) for i in range(layers))

    def forward(self, x: Tensor, inverse: bool = False) -> tuple[Tensor, Tensor]:
        """The image of x (..., size) and the log-determinant (...,) of the way taken."""
        total = x.new_zeros(x.shape[:-1])
        for layer in reversed(self.layers) if inverse else self.layers:
            x, log_det = layer(x, inverse)
            total = total + log_det
        return x, total
