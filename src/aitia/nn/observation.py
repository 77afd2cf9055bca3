"""From what is observed to codes and back, for images of bytes and for vectors of numbers, alone or frame by frame.

Every module takes raw observations with any leading axes, (..., height, width, 3) bytes or (..., d) numbers, so that
rows and clips go through the same code. Inside, images are numbers from 0 to 1 and vectors are standardised.
"""

import torch
from torch import Tensor, nn

from aitia.errors import DataError
from aitia.nn.layers import ConvDecoder, ConvEncoder, mlp

__all__ = ["Decoder", "Encoder", "Scale"]


class Scale(nn.Module):
    """Raw observations (..., *shape) as the networks see them, (rows, channels, size, size) or (rows, d).

    Args:
        shape: Of one observation, (size, size, 3) or (d,).

    Raises:
        DataError: If images are not square.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        if len(shape) == 3 and shape[0] != shape[1]:
            raise DataError(f"images are square, got {shape[1]}x{shape[0]}: scale them (size=...)")
        self.shape = shape
        numbers = shape if len(shape) == 1 else (1,)
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("spread", torch.ones(numbers))

    mean: Tensor
    spread: Tensor

    @property
    def images(self) -> bool:
        """Whether images are observed."""
        return len(self.shape) == 3

    def learn(self, x: Tensor, common: bool = False) -> None:
        """Learns mean and spread of vectors (..., d); nothing of images.

        Args:
            x: The vectors.
            common: Whether all columns share one unit, so that what varies little stays small, as in features of
                images; else each has its own, and a constant column keeps that of the data.
        """
        if not self.images:
            rows = x.reshape(-1, *self.shape)
            spread = rows.var(0).mean().sqrt().expand(self.shape) if common else rows.std(0)
            self.mean.copy_(rows.mean(0))
            self.spread.copy_(torch.where(spread > 0, spread, torch.ones_like(spread)))

    def forward(self, x: Tensor) -> Tensor:
        """Leading axes become one."""
        rows = x.reshape(-1, *self.shape)
        if self.images:
            return rows.permute(0, 3, 1, 2).float() / 255
        return (rows - self.mean) / self.spread


class Encoder(nn.Module):
    """Scaled observations (rows, ...) to codes (rows, out).

    Args:
        shape: Of one raw observation.
        out: Numbers a row.
        width: Channels of the first convolution.
        hidden: Width of the perceptron for vectors.
    """

    def __init__(self, shape: tuple[int, ...], out: int, width: int = 16, hidden: int = 64) -> None:
        super().__init__()
        self.net: nn.Module = (
            ConvEncoder(shape[0], out, width)
            if len(shape) == 3
            else mlp((*shape, hidden, hidden, out), activation=nn.LeakyReLU)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(rows, out)."""
        codes: Tensor = self.net(x)
        return codes


class Decoder(nn.Module):
    """Codes (rows, code) to scaled observations.

    Args:
        shape: Of one raw observation.
        code: Numbers a row.
        width: Channels of the last hidden convolution.
        hidden: Width of the perceptron for vectors.
    """

    def __init__(self, shape: tuple[int, ...], code: int, width: int = 16, hidden: int = 64) -> None:
        super().__init__()
        self.net: nn.Module = (
            ConvDecoder(shape[0], code, width)
            if len(shape) == 3
            else mlp((code, hidden, hidden, *shape), activation=nn.LeakyReLU)
        )

    def forward(self, codes: Tensor) -> Tensor:
        """(rows, channels, size, size) or (rows, d)."""
        x: Tensor = self.net(codes)
        return x
