"""The encoder, the sampler, the scale of the columns, and what the training makes small."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.systems.gde.config import GDEConfig
from aitia.systems.gde.samplers import (
    DiffusionSampler,
    DirectSampler,
    FlowSampler,
    GaussianSampler,
    Sampler,
    VaeSampler,
)
from aitia.systems.gde.set_encoders import KernelMean, Moments, SetEncoder, calibrate
from aitia.systems.gde.transport import directions, sliced_w2

__all__ = ["Network", "Objective"]

Values = NDArray[np.float64]
PIECE = 65_536
"""Rows that are encoded or drawn at once."""


class Network(nn.Module):
    """E and G of (1), between columns on their own scale.

    Args:
        columns: How many.
        config: Options.
    """

    def __init__(self, columns: int, config: GDEConfig) -> None:
        super().__init__()
        c = config
        self.encoder: SetEncoder | KernelMean | Moments
        if c.encoder == "kernel mean":
            self.encoder, latents = KernelMean(columns, c.latents, c.bandwidth), c.latents
        elif c.encoder == "moments":
            self.encoder, latents = Moments(columns), 2 * columns
        else:
            self.encoder = SetEncoder(columns, c.latents, c.width, c.blocks, c.encoder, c.pooling)
            latents = c.latents
        self.latents = latents
        made: dict[str, Callable[[], Sampler]] = {
            "direct": lambda: DirectSampler(columns, latents, c.width, c.discrepancy, c.projections),
            "gaussian": lambda: GaussianSampler(columns, latents, c.width),
            "flow": lambda: FlowSampler(columns, latents, c.width),
            "diffusion": lambda: DiffusionSampler(columns, latents, c.width),
            "vae": lambda: VaeSampler(columns, latents, c.width, c.kl_weight),
        }
        self.sampler = made[c.sampler]()
        self.register_buffer("middle", torch.zeros(columns, dtype=torch.float64))
        self.register_buffer("spread", torch.ones(columns, dtype=torch.float64))

    middle: Tensor
    spread: Tensor

    def standardise(self, sets: Sequence[Tensor], scaling: str) -> None:
        """Takes middle and spread of the columns from the pooled rows; calibrates a vector that is not learnt."""
        if scaling != "none":
            pooled = torch.cat(list(sets))
            self.middle.copy_(pooled.mean(0))
            variance = pooled.var(0, correction=0)
            variance = (
                torch.where(variance > 0, variance, 1.0)
                if scaling == "columns"
                else variance.mean().expand_as(variance)
            )
            self.spread.copy_(variance.sqrt())
        if isinstance(self.encoder, KernelMean | Moments):
            calibrate(self.encoder, [self.scaled(rows) for rows in sets])

    def scaled(self, rows: Tensor) -> Tensor:
        """Rows in the unit of the networks."""
        return ((rows.double() - self.middle) / self.spread).float()

    def vectors(self, sets: Sequence[Tensor]) -> Values:
        """z of scaled sets, (sets, latents): in padded batches; larger sets in pieces where that is exact."""
        z = np.zeros((len(sets), self.latents))
        order = sorted(range(len(sets)), key=lambda k: len(sets[k]))
        with torch.no_grad():
            while order:
                rows, encoder = sets[order[0]], self.encoder
                if len(rows) > PIECE and isinstance(encoder, SetEncoder) and encoder.streams:
                    z[order.pop(0)] = encoder.stream(partial(torch.split, rows, PIECE)).numpy()
                    continue
                taken = [order.pop(0)]
                while order and len(sets[order[0]]) * (len(taken) + 1) <= PIECE:
                    taken.append(order.pop(0))
                padded = nn.utils.rnn.pad_sequence([sets[k] for k in taken], batch_first=True)
                sizes = torch.tensor([len(sets[k]) for k in taken])
                present = torch.arange(padded.shape[1]) < sizes[:, None]
                z[taken] = encoder(padded, None if present.all() else present).double().numpy()
        return z

    def points(self, z: Tensor, noise: Tensor) -> Values:
        """Points (n, columns) of one z (latents,) and noise (n, noise), in the unit of the user."""
        with torch.no_grad():
            parts = [self.sampler.draw(z.expand(len(part), -1), part) for part in torch.split(noise, PIECE)]
            rows: Values = (torch.cat(parts).double() * self.spread + self.middle).numpy()
        return rows


class Objective(nn.Module):
    """The loss of the sampler at the vectors of the encoded halves, and the term for distances where there is one."""

    def __init__(self, network: Network, isometry: float, projections: int) -> None:
        super().__init__()
        self.network, self.isometry, self.projections = network, isometry, projections

    def forward(self, encoded: Tensor, met: Tensor) -> dict[str, Tensor]:
        """encoded and met (sets, points, columns), on the scale of the networks."""
        z = self.network.encoder(encoded)
        fit = self.network.sampler.loss(z, met).mean()
        if not self.isometry or len(z) < 2:
            return {"loss": fit}
        i, j = torch.triu_indices(len(z), len(z), 1)
        along = directions(self.projections, met.shape[-1]).to(met)
        apart = sliced_w2(met[i], met[j], along).sqrt()
        error = ((z[i] - z[j]).square().sum(-1).add(1e-12).sqrt() - apart).square().mean()
        return {"loss": fit + self.isometry * error, "isometry": error}
