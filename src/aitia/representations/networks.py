"""The networks that systems which look for latent causes share, and the way from codes back to what is seen."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from aitia.errors import DataError
from aitia.nn.gaussian import gaussian_kl
from aitia.representations.config import DecodingConfig
from aitia.representations.variational import Variational

__all__ = ["AT_ONCE", "ConditionalNetwork", "Network", "PlainNetwork", "VAENetwork", "decode"]

AT_ONCE = 512


class Network(nn.Module):
    """The network of a method: called with a batch it gives the loss by parts; `encode` gives the codes."""

    def learn_scale(self, x: Tensor, common: bool) -> None:
        """Learns the units of what is observed, one for all columns of vectors or one for each."""
        raise NotImplementedError

    def encode(self, x: Tensor) -> Tensor:
        """(..., k) of raw observations with any leading axes."""
        raise NotImplementedError


class VAENetwork(Network):
    """The parts that every method with a decoder shares; a subclass differs in the loss."""

    def __init__(self, shape: tuple[int, ...], config: DecodingConfig) -> None:
        super().__init__()
        self.kl_weight = config.kl_weight
        self.vae = Variational(shape, config.latents, config.width, config.hidden)

    def learn_scale(self, x: Tensor, common: bool) -> None:
        """Of vectors."""
        self.vae.scale.learn(x, common)

    def encode(self, x: Tensor) -> Tensor:
        """The means of q(z | x)."""
        return self.vae.encode(x)

    def total(self, error: Tensor, kl: Tensor, **more: Tensor) -> dict[str, Tensor]:
        """Error + beta KL in nats an observation, over the numbers in one, which keeps gradients near 1; and more."""
        loss = (error + self.kl_weight * kl) / math.prod(self.vae.scale.shape)
        for part in more.values():
            loss = loss + part
        return {"loss": loss, "error": error, "kl": kl, **more}


class PlainNetwork(VAENetwork):
    """The bound on the likelihood."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The loss of a batch of rows or clips."""
        scaled, q = self.vae.posterior(x)
        return self.total(self.vae.error(scaled, q.z).mean(), gaussian_kl(q.mean, q.log_variance).mean())


class ConditionalNetwork(VAENetwork):
    """With a Gaussian prior of the latents for each value of u: loss = error + beta KL(q(z | x) | p(z | u))."""

    def __init__(self, shape: tuple[int, ...], config: DecodingConfig, values: int) -> None:
        super().__init__(shape, config)
        self.mean = nn.Parameter(0.1 * torch.randn(values, config.latents))
        self.log_variance = nn.Parameter(0.1 * torch.randn(values, config.latents))

    def forward(self, x: Tensor, u: Tensor) -> dict[str, Tensor]:
        """The loss of rows or clips x with the number u of the value of each, (n,) or (n, frames)."""
        scaled, q = self.vae.posterior(x)
        u = u[:, None] if u.ndim < x.ndim - len(self.vae.scale.shape) else u  # a domain is that of all frames of a clip
        gap = q.log_variance - self.log_variance[u]
        apart = (q.mean - self.mean[u]).square() * torch.exp(-self.log_variance[u])
        kl = 0.5 * (torch.exp(gap) + apart - 1 - gap).sum(-1)
        return self.total(self.vae.error(scaled, q.z).mean(), kl.mean())


def decode(net: VAENetwork, codes: ArrayLike) -> NDArray[Any]:
    """The observations that codes are decoded to: images of bytes, or vectors of numbers.

    Args:
        net: A fitted network.
        codes: (n, k), or (n, frames, k) of clips.

    Raises:
        DataError: If codes have another number of latents.
    """
    z = np.asarray(codes, dtype=np.float32)
    if z.ndim < 2 or z.shape[-1] != net.vae.latents:
        raise DataError(f"codes have shape {z.shape}, this model has {net.vae.latents} latents")
    scale, flat = net.vae.scale, torch.from_numpy(z.reshape(-1, z.shape[-1]))
    with torch.no_grad():
        x = torch.cat([net.vae.decoder(flat[at : at + AT_ONCE]) for at in range(0, len(flat), AT_ONCE)])
        if not scale.images:
            vectors: NDArray[np.float64] = (x * scale.spread + scale.mean).double().numpy()
            return vectors.reshape(*z.shape[:-1], *scale.shape)
    pixels = (x.permute(0, 2, 3, 1).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return np.asarray(pixels.reshape(*z.shape[:-1], *scale.shape))
