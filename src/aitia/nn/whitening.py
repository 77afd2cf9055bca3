"""Numbers on a common scale, whatever their units and however they hang together."""

import torch
from torch import Tensor, nn

__all__ = ["Whitening"]


class Whitening(nn.Module):
    """u = (x - mean) E / sqrt(v + floor^2), with the eigenvectors E and eigenvalues v of the covariance of x.

    Where positions of metres differ in a way that matters by centimetres, a perceptron learns the metres for thousands
    of steps before it sees the centimetres; in u both are of size one. Until `learn` it is the identity.

    Args:
        size: Numbers a row.
        floor: Deviation, in the unit of x, below which a direction is noise and stays small.
    """

    def __init__(self, size: int, floor: float = 1e-3) -> None:
        super().__init__()
        self.floor = floor
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("matrix", torch.eye(size))
        self.register_buffer("back", torch.eye(size))

    mean: Tensor
    matrix: Tensor
    back: Tensor

    def learn(self, x: Tensor) -> None:
        """Takes mean and covariance from rows (..., size)."""
        rows = x.reshape(-1, x.shape[-1]).double()
        mean = rows.mean(0)
        centred = rows - mean
        values, vectors = torch.linalg.eigh(centred.T @ centred / len(rows))
        scale = torch.sqrt(values.clamp(min=0) + self.floor**2)
        self.mean.copy_(mean)
        self.matrix.copy_(vectors / scale)
        self.back.copy_((vectors * scale).T)

    def forward(self, x: Tensor) -> Tensor:
        """u of x, (..., size)."""
        return (x - self.mean) @ self.matrix

    def inverse(self, u: Tensor) -> Tensor:
        """x of u, (..., size)."""
        return u @ self.back + self.mean
