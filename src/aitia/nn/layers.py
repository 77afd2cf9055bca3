"""Plain parts of networks: perceptrons, convolutional encoders and decoders, residual conditioning."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from aitia.errors import OptionError

__all__ = ["Condition", "ConvDecoder", "ConvEncoder", "mlp"]


def mlp(sizes: Sequence[int], activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """A perceptron with these layer sizes, input first; no activation after the last layer.

    Example:
        >>> mlp((4, 8, 2))(torch.zeros(3, 4)).shape
        torch.Size([3, 2])
    """
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), activation()]
    return nn.Sequential(*layers[:-1])


class Condition(nn.Module):
    """Residual conditioning, x + MLP([x, s]): what s says is added to what x says.

    Args:
        size: Of x, (..., size).
        condition: Of s, (..., condition).
        hidden: Width of the perceptron; None takes `size`.
    """

    def __init__(self, size: int, condition: int, hidden: int | None = None) -> None:
        super().__init__()
        self.net = mlp((size + condition, hidden or size, size))

    def forward(self, x: Tensor, s: Tensor) -> Tensor:
        """(..., size), as x."""
        moved: Tensor = x + self.net(torch.cat([x, s.expand(*x.shape[:-1], s.shape[-1])], dim=-1))
        return moved


class ConvEncoder(nn.Module):
    """Images (n, channels, size, size) in [0, 1] to (n, out), halving the size down to 4.

    Args:
        size: Side of the images, 8 or more and a power of two.
        out: Numbers an image.
        width: Channels of the first layer; doubled once.
        channels: Of the images.

    Raises:
        OptionError: If the size is no power of two of 8 or more.
    """

    def __init__(self, size: int, out: int, width: int = 32, channels: int = 3) -> None:
        super().__init__()
        steps = _halvings(size)
        widths = [channels, *(width * min(2**i, 2) for i in range(steps))]
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [nn.Conv2d(a, b, 4, 2, 1), nn.SiLU()]
        self.net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * 16, 128), nn.SiLU(), nn.Linear(128, out))

    def forward(self, images: Tensor) -> Tensor:
        """(n, out)."""
        code: Tensor = self.net(images)
        return code


class ConvDecoder(nn.Module):
    """The way back: (n, code) to images (n, channels, size, size) in (0, 1).

    Args:
        size: Side of the images, 8 or more and a power of two.
        code: Numbers an image.
        width: Channels of the last hidden layer.
        channels: Of the images.

    Raises:
        OptionError: If the size is no power of two of 8 or more.
    """

    def __init__(self, size: int, code: int, width: int = 32, channels: int = 3) -> None:
        super().__init__()
        steps = _halvings(size)
        widths = [width * min(2**i, 2) for i in reversed(range(steps))]
        self.start = nn.Sequential(nn.Linear(code, 128), nn.SiLU(), nn.Linear(128, widths[0] * 16), nn.SiLU())
        self.width = widths[0]
        layers: list[nn.Module] = []
        for a, b in zip(widths, [*widths[1:], channels], strict=True):
            layers += [nn.ConvTranspose2d(a, b, 4, 2, 1), nn.SiLU()]
        layers[-1] = nn.Sigmoid()
        self.net = nn.Sequential(*layers)

    def forward(self, code: Tensor) -> Tensor:
        """(n, channels, size, size)."""
        images: Tensor = self.net(self.start(code).reshape(-1, self.width, 4, 4))
        return images


def _halvings(size: int) -> int:
    if size < 8 or size & (size - 1):
        raise OptionError(f"the side of the images is a power of two, 8 or more, got {size}: resize them")
    return int(math.log2(size)) - 2
