"""The variational autoencoder that several methods build on.

    log p(x) >= E_q log N(x; decoder(z), s^2) - KL(q(z | x) | p(z)),   q(z | x) = N(mean(x), exp(log_variance(x)))  (1)

The noise s is learnt with the rest, so that (1) is the bound itself and no weight has to be found between its terms.
For images its unit is the range of the pixels, for vectors the spread of each column.

Sources:
    Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014.
    Rybkin, Daniilidis and Levine, Simple and effective VAE training with calibrated decoders, ICML 2021 (the noise).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from aitia.nn.gaussian import draw, gaussian_log_prob
from aitia.nn.observation import Decoder, Encoder, Scale

__all__ = ["Posterior", "Variational"]

_LEAST_NOISE = 0.01


class Posterior(NamedTuple):
    """q(z | x) with a draw from it; each (..., latents)."""

    mean: Tensor
    log_variance: Tensor
    z: Tensor

    def log_prob(self) -> Tensor:
        """log q(z | x) of the draw, (...,)."""
        return gaussian_log_prob(self.z, self.mean, self.log_variance)


class Variational(nn.Module):
    """Encoder, decoder and noise of (1), frame by frame where observations are clips.

    Args:
        shape: Of one raw observation, (size, size, 3) or (d,).
        latents: Of one observation.
        width: Channels of the convolutions.
        hidden: Width of the perceptrons for vectors.
    """

    def __init__(self, shape: tuple[int, ...], latents: int, width: int = 16, hidden: int = 64) -> None:
        super().__init__()
        self.scale = Scale(shape)
        self.encoder = Encoder(shape, 2 * latents, width, hidden)
        self.decoder = Decoder(shape, latents, width, hidden)
        self.log_noise = nn.Parameter(torch.tensor(-1.0))
        self.latents = latents

    def posterior(self, x: Tensor) -> tuple[Tensor, Posterior]:
        """The scaled observations (rows, ...), and q(z | x) of each, with the leading axes of x."""
        scaled = self.scale(x)
        lead = x.shape[: x.ndim - len(self.scale.shape)]
        mean, log_variance = self.encoder(scaled).reshape(*lead, -1).chunk(2, dim=-1)
        log_variance = log_variance.clamp(-12, 4)
        return scaled, Posterior(mean, log_variance, draw(mean, log_variance))

    def error(self, scaled: Tensor, z: Tensor) -> Tensor:
        """-log N(x; decoder(z), s^2) of each observation, (...,) as z, in nats."""
        back = self.decoder(z.reshape(-1, self.latents))
        squares = (back - scaled).square().flatten(1).sum(1).reshape(z.shape[:-1])
        numbers = scaled[0].numel()
        log_noise = self.log_noise.clamp(min=math.log(_LEAST_NOISE))
        error: Tensor = 0.5 * squares * torch.exp(-2 * log_noise) + numbers * (log_noise + 0.5 * math.log(2 * math.pi))
        return error

    def encode(self, x: Tensor) -> Tensor:
        """The means of q(z | x), (..., latents)."""
        lead = x.shape[: x.ndim - len(self.scale.shape)]
        mean: Tensor = self.encoder(self.scale(x)).chunk(2, dim=-1)[0]
        return mean.reshape(*lead, self.latents)
