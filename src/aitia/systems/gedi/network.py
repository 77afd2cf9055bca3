"""The network of (1): from rows to one number a cluster, with what it has to keep beside its weights."""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from aitia.errors import OptionError
from aitia.nn.backbones import ImageBackbone
from aitia.nn.layers import ConvEncoder, mlp
from aitia.systems.gedi.config import GediConfig

__all__ = ["Network"]

_FEATURES = 64
"""Of the prototypes."""
_MARKS = 101
"""Quantiles of the energies of rows that the training did not see."""
_DENSE = 16
"""Largest side of pictures that `auto` gives to a dense network."""


class Network(nn.Module):
    """f of (1). Rows stand in its own units: pixels from -1 to 1, numbers in standard deviations of their column.

    Args:
        config: Options.
        shape: Of one row: (channels, height, width), or (d,).
        features: Of a backbone that reads the pictures first, see `stand_on`; 0 for none.

    Raises:
        OptionError: If a convolution cannot read pictures of this size.
    """

    mean: Tensor
    spread: Tensor
    low: Tensor
    high: Tensor
    replay: Tensor
    usual: Tensor
    prototypes: nn.Parameter

    def __init__(self, config: GediConfig, shape: tuple[int, ...], features: int = 0) -> None:
        super().__init__()
        self.features, self.__dict__["_backbone"] = features, None
        self.shape, self.temperature = shape, config.temperature
        picture = len(shape) == 3
        self.stepping = config.stepping(picture)
        linear = config.head == "linear"
        out = config.clusters if linear else _FEATURES
        dense = config.network == "dense" or (config.network == "auto" and max(shape[1:], default=0) <= _DENSE)
        if features:
            sizes = (features, config.hidden, config.hidden, out)
            self.body: nn.Module = nn.Sequential(nn.LayerNorm(features), mlp(sizes, activation=nn.SiLU))
        elif dense or not picture:
            sizes = (torch.Size(shape).numel(), config.hidden, config.hidden, out)
            self.body = nn.Sequential(nn.Flatten(), mlp(sizes, activation=nn.SiLU))
        else:
            if shape[1] != shape[2]:
                raise OptionError(
                    f"a convolution reads square pictures, got {shape[2]}x{shape[1]}: scale them (size), or take "
                    "network=dense"
                )
            self.body = ConvEncoder(shape[1], out, config.width, shape[0])
        if not linear:
            self.prototypes = nn.Parameter(torch.randn(config.clusters, _FEATURES))
        self.linear = linear
        numbers = (1,) if picture else shape
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("spread", torch.ones(numbers))
        self.register_buffer("low", torch.full(numbers, -1.0))
        self.register_buffer("high", torch.full(numbers, 1.0))
        self.register_buffer("replay", torch.zeros(config.buffer, *shape))
        self.register_buffer("usual", torch.zeros(_MARKS))

    def stand_on(self, backbone: ImageBackbone | None) -> None:
        """The backbone whose features are read; it is none of the parts that are trained, moved or kept."""
        self.__dict__["_backbone"] = backbone

    def learn_scale(self, x: Tensor) -> None:
        """Of numbers (n, d): mean, spread, and the box that draws stay in, half of the range wider to each side."""
        self.mean.copy_(x.mean(0))
        self.spread.copy_(x.std(0))
        z = self.scaled(x)
        low, high = z.amin(0), z.amax(0)
        self.low.copy_(low - (high - low) / 2)
        self.high.copy_(high + (high - low) / 2)

    def scaled(self, x: Tensor) -> Tensor:
        """Numbers in standard deviations; pictures as they are."""
        return x if len(self.shape) == 3 else (x - self.mean) / self.spread

    def raw(self, z: Tensor) -> Tensor:
        """The way back."""
        return z if len(self.shape) == 3 else z * self.spread + self.mean

    def noise(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """(n, *shape) evenly from the box: where Langevin steps begin."""
        drawn = torch.rand(n, *self.shape, generator=generator, device=None if generator else self.low.device)
        return self.low + (self.high - self.low) * drawn.to(self.low)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, K)."""
        backbone: ImageBackbone | None = self.__dict__["_backbone"]
        features: Tensor = self.body(x if backbone is None else backbone.features(x))
        if self.linear:
            return features
        return normalize(features, dim=1) @ normalize(self.prototypes, dim=1).T / self.temperature

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x) of (1) up to log Z, (n,)."""
        return torch.logsumexp(self(x), dim=1)
