"""A small generator of pictures, learnt against a discriminator: units of its layers can be looked at, and taken away.

    L_D = E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))),    L_G = -E D(G(z)),    z standard normal                 (1)

The generator doubles its map from 4 by 4 on, a block a doubling: transposed convolution, batch norm, ReLU. It draws in
evaluation mode with the moving mean of its weights and with batch statistics measured anew on 2,048 latents: those that
pass by in a short training would be of generators long gone.

Sources:
    Radford, Metz and Chintala, Unsupervised representation learning with deep convolutional generative adversarial
    networks, ICLR 2016 (the networks); Lim and Ye, Geometric GAN, 2017 (1); Miyato, Kataoka, Koyama and Yoshida,
    Spectral normalization for generative adversarial networks, ICLR 2018.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from aitia.errors import DataError, OptionError
from aitia.nn.pixels import from_bytes
from aitia.nn.pretrained import Pretrained, fitted

__all__ = ["Generator", "SmallGan"]

_STATISTICS = 2048


class Generator(nn.Module):
    """From z (n, latents) to pictures (n, 3, side, side) of -1 to 1, side = 4 * 2 ** len(channels).

    Its places are `blocks.k` (maps of channels[k] units, side 4 * 2 ** k), inside of which `conv`, `norm` and `act`.

    Args:
        latents: Numbers of z.
        channels: Units of the blocks, the first at 4 by 4.
    """

    def __init__(self, latents: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.z_dim = latents
        blocks = []
        for k, (before, after) in enumerate(zip((latents, *channels), channels, strict=False)):
            spread = (4, 1, 0) if k == 0 else (4, 2, 1)
            block = nn.Sequential()
            block.add_module("conv", nn.ConvTranspose2d(before, after, *spread, bias=False))
            block.add_module("norm", nn.BatchNorm2d(after))
            block.add_module("act", nn.ReLU())
            blocks.append(block)
        self.blocks = nn.ModuleList(blocks)
        self.to_rgb = nn.ConvTranspose2d(channels[-1], 3, 4, 2, 1)

    def forward(self, z: Tensor) -> Tensor:
        """The pictures."""
        x = z[:, :, None, None]
        for block in self.blocks:
            x = block(x)
        return cast(Tensor, self.to_rgb(x)).tanh()


class SmallGan(Pretrained):
    """Learns a `Generator` from pictures by (1).

    Args:
        latents: Numbers of z.
        channels: Units of the blocks of the generator, the first at 4 by 4.
        updates: Of the training, each of discriminator and generator.
        batch: Pictures an update.
        rate: Learning rate of the generator; the discriminator has twice as much.
        mean: Of the moving mean of the generator's weights.
        seed: Of weights, batches and latents.

    Raises:
        OptionError: If a number is out of range.
    """

    def __init__(
        self,
        latents: int = 64,
        channels: Sequence[int] = (96, 64, 64),
        updates: int = 1600,
        batch: int = 48,
        rate: float = 3e-4,
        mean: float = 0.99,
        seed: int = 0,
    ) -> None:
        self.channels = tuple(int(count) for count in channels)
        if min(latents, updates, batch, *self.channels) < 1 or len(self.channels) < 2:
            raise OptionError("latents, updates, batch and at least two numbers of channels are 1 or more")
        if not rate > 0 or not 0 <= mean < 1:
            raise OptionError(f"rate is positive and mean from 0 to below 1, got {rate} and {mean}")
        self.latents, self.updates, self.batch, self.seed = int(latents), int(updates), int(batch), int(seed)
        self.rate, self.mean = float(rate), float(mean)
        self._net: Generator | None = None

    @property
    def side(self) -> int:
        """Pixels on a side of what is drawn."""
        return int(4 * 2 ** len(self.channels))

    @property
    def generator(self) -> Generator:
        """The fitted generator, in evaluation mode."""
        return cast(Generator, self._network())

    def fit(self, images: NDArray[np.uint8]) -> Self:
        """Learns from pictures of bytes (n, side, side, 3).

        Raises:
            DataError: If they are of another size, or fewer than a batch.
        """
        x = from_bytes(np.asarray(images))
        if x.shape[2:] != (self.side, self.side) or len(x) < self.batch:
            raise DataError(
                f"this generator learns from {self.batch} pictures or more of {self.side} by {self.side} pixels, got "
                f"{len(x)} of {x.shape[2]} by {x.shape[3]}"
            )
        random = torch.Generator().manual_seed(self.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            generator, judge = Generator(self.latents, self.channels), _Discriminator(self.channels)
            for module in (*generator.modules(), *judge.modules()):
                if isinstance(module, nn.ConvTranspose2d):
                    nn.init.normal_(module.weight, std=0.05)
            self._net = self._trained(generator, judge, x, random)
        return self

    def _trained(self, net: Generator, judge: nn.Module, x: Tensor, random: torch.Generator) -> Generator:
        mean = copy.deepcopy(net)
        draws = torch.optim.Adam(net.parameters(), lr=self.rate, betas=(0.5, 0.999))
        judges = torch.optim.Adam(judge.parameters(), lr=2 * self.rate, betas=(0.5, 0.999))
        for update in range(self.updates):
            rows = torch.randint(len(x), (self.batch,), generator=random)
            fake = net(self._normal(self.batch, random))
            loss = (1 - judge(x[rows])).relu().mean() + (1 + judge(fake.detach())).relu().mean()
            judges.zero_grad()
            loss.backward()
            judges.step()
            loss = -judge(fake).mean()
            draws.zero_grad()
            loss.backward()
            draws.step()
            kept = min(self.mean, (update + 1) / (update + 21))
            with torch.no_grad():
                for averaged, parameter in zip(mean.parameters(), net.parameters(), strict=True):
                    averaged.lerp_(parameter, 1 - kept)
        self._measure(mean, random)
        return mean.eval()

    @torch.no_grad()
    def _measure(self, net: Generator, random: torch.Generator) -> None:
        """The statistics of the batch norms, of many latents."""
        norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over batches
        net.train()
        for _ in range(0, _STATISTICS, 256):
            net(self._normal(256, random))
        for norm in norms:
            norm.momentum = 0.1

    def _normal(self, rows: int, random: torch.Generator) -> Tensor:
        return torch.randn(rows, self.latents, generator=random)

    def _options(self) -> dict[str, Any]:
        names = ("latents", "updates", "batch", "rate", "mean", "seed")
        return {**{name: getattr(self, name) for name in names}, "channels": list(self.channels)}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        gan = cls(**options)
        gan._net = Generator(gan.latents, gan.channels).eval()
        return gan

    def _network(self) -> nn.Module:
        return fitted(self._net, self)


class _Discriminator(nn.Module):
    """Halves its map down to 4 by 4, spectral norm in each layer."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        normed, layers, before = parametrizations.spectral_norm, [], 3
        for after in reversed(channels):
            layers += [normed(nn.Conv2d(before, after, 4, 2, 1)), nn.LeakyReLU(0.2)]
            before = after
        self.net = nn.Sequential(*layers, nn.Flatten(), normed(nn.Linear(before * 16, 1)))

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1), above 0 for what it takes for real."""
        return cast(Tensor, self.net(x))
