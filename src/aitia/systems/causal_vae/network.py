"""The parts of causal-vae: encoder, causal layer and decoder, with the loss (3)."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.do import Action
from aitia.graph.graph import Graph
from aitia.nn.causal_layer import CausalLayer
from aitia.nn.gaussian import draw, gaussian_kl, gaussian_log_prob
from aitia.nn.layers import ConvDecoder, ConvEncoder
from aitia.representations.labelled_causes import standardised
from aitia.systems.causal_vae.config import CausalVaeConfig

__all__ = ["AT_ONCE", "Network", "as_pixels", "as_tensor"]

Values = NDArray[np.float64]
AT_ONCE = 500
"""Images that go through the network together."""


class Network(nn.Module):
    """q, F and g of (1)-(3); causes are standardised inside."""

    def __init__(self, config: CausalVaeConfig, graph: Graph, size: int) -> None:
        super().__init__()
        self.config, self.d = config, len(graph.nodes)
        self.causes = CausalLayer(graph, config.hidden)
        self.encoder = ConvEncoder(size, 2 * (self.d + config.residual), config.width)
        self.decoder = ConvDecoder(size, self.d + config.residual, config.width)
        self.register_buffer("mean", torch.zeros(self.d))
        self.register_buffer("spread", torch.ones(self.d))

    mean: Tensor
    spread: Tensor

    def scaled(self, y: Tensor) -> Tensor:
        """Labels to standardised causes."""
        return (y - self.mean) / self.spread

    def out(self, z: Tensor) -> Tensor:
        """The way back."""
        return z * self.spread + self.mean

    def read(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Means and log-variances of z and of w, given images."""
        mean, log_variance = self.encoder(x).chunk(2, dim=-1)
        log_variance = log_variance.clamp(-10, 4)
        return mean[:, : self.d], log_variance[:, : self.d], mean[:, self.d :], log_variance[:, self.d :]

    def decode(self, z: Tensor, w: Tensor) -> Tensor:
        """Images of causes and the rest."""
        images: Tensor = self.decoder(torch.cat([z, w], dim=-1))
        return images

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """(3) and its parts, as means over rows; squared error in units of 100."""
        z_mean, z_log_variance, w_mean, w_log_variance = self.read(x)
        z, w = draw(z_mean, z_log_variance), draw(w_mean, w_log_variance)
        error = (self.decode(z, w) - x).square().sum(dim=(1, 2, 3)).mean()
        kl = gaussian_kl(w_mean, w_log_variance).mean()
        label = -gaussian_log_prob(y, z_mean, z_log_variance).mean()
        prior = -self.causes.log_prob(y).mean()
        config = self.config
        loss = (error + config.kl_weight * kl + config.label_weight * label) / 100 + prior
        return {"loss": loss, "squared error": error, "kl": kl, "label": label, "causal prior": prior}

    def loss_of(self, x: Tensor, y: Tensor) -> float:
        """The loss of held-out rows, in pieces that fit into memory."""
        device = self.mean.device
        pairs = zip(torch.split(x, AT_ONCE), torch.split(y, AT_ONCE), strict=True)
        total = sum(float(self(a.to(device), b.to(device))["loss"]) * len(a) for a, b in pairs)
        return total / len(x)

    def act(self, name: str, action: Action, u: Values) -> Callable[[Tensor], Tensor]:
        """The action on a standardised cause; actions speak the units of the labels."""
        i = self.causes.names.index(name)
        return standardised(action, u, self.mean[i], self.spread[i])


def as_tensor(images: NDArray[np.uint8]) -> Tensor:
    """Bytes (n, size, size, 3) as shares of full brightness, (n, 3, size, size)."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 255


def as_pixels(x: Tensor) -> NDArray[np.uint8]:
    """The way back."""
    pixels = (x.permute(0, 2, 3, 1).clamp(0, 1) * 255).round()
    return np.asarray(pixels.numpy(), dtype=np.uint8)
