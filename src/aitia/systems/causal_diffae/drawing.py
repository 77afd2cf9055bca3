"""Inversions and drawings of pictures with given causes, in batches."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.nn.diffusion import Schedule, draw, invert
from aitia.nn.pixels import from_bytes
from aitia.systems.causal_diffae.codec import PIXELS, Codec
from aitia.systems.causal_diffae.config import CausalDiffaeConfig
from aitia.systems.causal_diffae.network import Network

__all__ = ["drawn", "inverted", "read", "tensors"]


def tensors(images: NDArray[np.uint8]) -> Tensor:
    """Pictures of bytes as tensors of their own, (n, 3, height, width) of -1 to 1: those of a table are read-only."""
    return from_bytes(np.array(images, order="C"))


@torch.no_grad()
def read(net: Network, x: Tensor, config: CausalDiffaeConfig) -> Tensor:
    """The standardised causes that pictures show, (n, d): the means of q."""
    device = net.centre.device
    found = [net.encoder(part.to(device))[0].cpu() for part in torch.split(x, config.rows_at_once)]
    return torch.cat(found) if found else x.new_zeros(0, len(net.centre))


@torch.no_grad()
def inverted(
    net: Network, x: Tensor, z: Tensor, schedule: Schedule, config: CausalDiffaeConfig, codec: Codec = PIXELS
) -> tuple[Tensor, Tensor]:
    """The noise of pictures with these causes, and the mean absolute error of each when it is drawn again, 0 to 1.

    Of latents the error is that of the decoded pictures.
    Under a strength other than 1 it is inverted without: only what is drawn is made plainer.
    """
    noise, error = [x[:0]], [x.new_zeros(0)]
    for part, causes in _parts(net, x, z, config):
        found = invert(net.denoiser(causes), part, schedule, config.draw_steps, refine=config.refine)
        noise.append(found.noise.cpu())
        off = found.error
        if codec.autoencoder is not None:
            off = (codec.decode(found.again.cpu()) - codec.decode(part.cpu())).abs().flatten(1).mean(1)
        error.append(off.cpu() / 2)
    return torch.cat(noise), torch.cat(error)


@torch.no_grad()
def drawn(
    net: Network, noise: Tensor, z: Tensor, schedule: Schedule, config: CausalDiffaeConfig, codec: Codec = PIXELS
) -> Tensor:
    """The pictures, (n, 3, height, width) of -1 to 1, that noise has with these causes."""
    found = [noise[:0]]
    for part, causes in _parts(net, noise, z, config):
        found.append(draw(net.denoiser(causes, config.strength), part, schedule, config.draw_steps).cpu())
    return codec.decode(torch.cat(found))


def _parts(net: Network, x: Tensor, z: Tensor, config: CausalDiffaeConfig) -> Iterator[tuple[Tensor, Tensor]]:
    device = net.centre.device
    for one, two in zip(torch.split(x, config.rows_at_once), torch.split(z, config.rows_at_once), strict=True):
        yield one.to(device), two.to(device).float()
