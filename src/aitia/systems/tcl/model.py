"""Time-contrastive learning: codes from which the part of the clip that a frame is from can be told.

    loss = -E_q log N(x; decoder(z), s^2) + beta KL + weight cross-entropy(segment | z)

Latents whose distribution changes over the segments of a clip become visible by telling the segments apart. What is
stationary gives the classifier nothing.

Sources:
    Hyvärinen and Morioka, Unsupervised feature extraction by time-contrastive learning and nonlinear ICA, NIPS 2016.
    The decoder beside the classifier is the causalverse suite's.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aitia.errors import DataError
from aitia.nn.gaussian import gaussian_kl
from aitia.representations.method import Assumption, Decoding
from aitia.representations.networks import Network, VAENetwork
from aitia.representations.rows import Rows
from aitia.systems.tcl.card import CARD
from aitia.systems.tcl.config import TCLConfig

__all__ = ["TCL"]


class TCL(Decoding):
    """A VAE whose codes tell the segment of their clip. Assumes time."""

    card = CARD
    assumes: ClassVar[tuple[Assumption, ...]] = ("time",)
    Config = TCLConfig
    config: TCLConfig

    def _learn_from(self, data: Rows) -> None:
        if data.frames is not None and data.frames < self.config.segments:
            raise DataError(f"clips of {data.frames} frames cannot be cut into {self.config.segments} segments")

    def _build(self) -> Network:
        return _Segments(self._shape, self.config)


class _Segments(VAENetwork):
    def __init__(self, shape: tuple[int, ...], config: TCLConfig) -> None:
        super().__init__(shape, config)
        self.segments, self.contrast = config.segments, config.contrast
        self.classifier = nn.Linear(config.latents, config.segments)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The loss of a batch of clips."""
        scaled, q = self.vae.posterior(x)
        frames = x.shape[1]
        segment = torch.arange(frames, device=x.device) * self.segments // frames
        logits = self.classifier(q.z).flatten(0, 1)
        contrast = self.contrast * cross_entropy(logits, segment.repeat(len(x)))
        kl = gaussian_kl(q.mean, q.log_variance).mean()
        return self.total(self.vae.error(scaled, q.z).mean(), kl, contrast=contrast)
