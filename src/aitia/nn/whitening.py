"""Numbers on a common scale, whatever their units and however they hang together."""

import torch
from torch import Tensor, nn

__all__ = ["Whitening"]


class Whitening(nn.Module):
    """u = (x - mean) E / scale: with mean 0 and of size one.

    Where positions of metres differ in a way that matters by centimetres, a perceptron learns the metres for thousands
    of steps before it sees the centimetres; in u both are of size one. Until `learn` it is the identity.

    Args:
        size: Numbers a row.
        floor: Deviation, in the unit of x, below which a direction or number is noise and stays small.
        turned: Whether E are the eigenvectors of the covariance of x and scale = sqrt(its eigenvalues + floor^2);
            otherwise E is the identity and scale each number's deviation, or 1 for one that does not exceed the floor.
    """

    def __init__(self, size: int, floor: float = 1e-3, turned: bool = True) -> None:
        super().__init__()
        self.floor, self.turned = floor, turned
        self.register_buffer("mean", torch.zeros(size))
        if turned:
            self.register_buffer("matrix", torch.eye(size))
            self.register_buffer("back", torch.eye(size))
        else:
            self.register_buffer("scale", torch.ones(size))

    mean: Tensor
    matrix: Tensor
    back: Tensor
    scale: Tensor

    def learn(self, x: Tensor) -> None:
        """Takes mean and scale from rows (..., size)."""
        rows = x.reshape(-1, x.shape[-1])
        if not self.turned:
            scale = rows.std(0)
            self.mean.copy_(rows.mean(0))
            self.scale.copy_(torch.where(scale > self.floor, scale, torch.ones_like(scale)))
            return
        rows = rows.double()
        mean = rows.mean(0)
        centred = rows - mean
        values, vectors = torch.linalg.eigh(centred.T @ centred / len(rows))
        scale = torch.sqrt(values.clamp(min=0) + self.floor**2)
        self.mean.copy_(mean)
        self.matrix.copy_(vectors / scale)
        self.back.copy_((vectors * scale).T)

    def forward(self, x: Tensor) -> Tensor:
        """u of x, (..., size)."""
        centred = x - self.mean
        return centred @ self.matrix if self.turned else centred / self.scale

    def inverse(self, u: Tensor) -> Tensor:
        """x of u, (..., size)."""
        return (u @ self.back if self.turned else u * self.scale) + self.mean
