"""From codes back to observations: what the methods with a decoder can show of an intervention on a latent."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError
from aitia.systems.causalverse.method import Method
from aitia.systems.causalverse.vae import VAENetwork

__all__ = ["decode", "decodes"]

_AT_ONCE = 512


def decodes(method: Method) -> bool:
    """Whether a fitted method has a decoder."""
    return isinstance(method._network(), VAENetwork)


def decode(method: Method, codes: ArrayLike) -> NDArray[np.uint8] | NDArray[np.float64]:
    """The observations that a fitted method decodes codes to: images of bytes, or vectors.

    Args:
        method: A fitted method with a decoder.
        codes: (n, k), or (n, frames, k) of clips, as `encode` gives them.

    Raises:
        OptionError: If the method has no decoder.
        DataError: If codes have another number of latents.

    Example:
        >>> from aitia.systems.causalverse.vae import VAE
        >>> x = np.random.default_rng(0).normal(size=(200, 5))
        >>> model = VAE(latents=2, steps=5).fit(x)
        >>> decode(model, model.encode(x[:3])).shape
        (3, 5)
    """
    net = method._network()
    if not isinstance(net, VAENetwork):
        raise OptionError(f"{method.name} has no decoder: it encodes, and shows nothing of an intervention")
    z = np.asarray(codes, dtype=np.float32)
    if z.ndim < 2 or z.shape[-1] != net.vae.latents:
        raise DataError(f"codes have shape {z.shape}, this model has {net.vae.latents} latents")
    scale, flat = net.vae.scale, torch.from_numpy(z.reshape(-1, z.shape[-1]))
    with torch.no_grad():
        x = torch.cat([net.vae.decoder(flat[at : at + _AT_ONCE]) for at in range(0, len(flat), _AT_ONCE)])
        if not scale.images:
            vectors: NDArray[np.float64] = (x * scale.spread + scale.mean).double().numpy()
            return vectors.reshape(*z.shape[:-1], *scale.shape)
    pixels = (x.permute(0, 2, 3, 1).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return np.asarray(pixels.reshape(*z.shape[:-1], *scale.shape))
