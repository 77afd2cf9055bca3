"""Sufficient change: some latents keep their distribution in every domain, the others change it through a flow.

    z = [c, s],   s~_i = f_i(s_i; e(u)),   log p(z | u) = log N([c, s~]; 0, I) + sum_i log d f_i / d s_i           (1)
    loss = -E_q log N(x; decoder(z), s^2) + |beta (KL - C)| - weight log N(s~; 0, I)                                (2)

f_i increases and is set by an embedding e(u) of the domain. Where the changes are rich enough the block c is found, and
each changing latent up to a map of it.

Where we differ from the suite: its loss has the KL term as beta |KL - C| with a capacity C that grows to 20, and the
last term of (2) once more on top. Both move the optimum away from the bound on the likelihood; here they are options,
`capacity` and `extra`, and off. `published()` gives the suite's.

Source:
    Kong et al., Partial disentanglement for domain adaptation, ICML 2022; the settings of the causalverse suite.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from aitia.nn.gaussian import standard_log_prob
from aitia.representations.domains import DomainMethod
from aitia.representations.method import Assumption
from aitia.representations.networks import Network, VAENetwork
from aitia.systems.sufficient_change.card import CARD
from aitia.systems.sufficient_change.config import SufficientChangeConfig
from aitia.systems.sufficient_change.monotone import MonotoneFlow

__all__ = ["SufficientChange"]


class SufficientChange(DomainMethod):
    """Content and changing latents under a flow that the domain sets. Assumes domain labels.

    `encode` gives c first, then s.
    """

    card = CARD
    assumes: ClassVar[tuple[Assumption, ...]] = ("domain labels",)
    Config = SufficientChangeConfig
    config: SufficientChangeConfig

    def _build(self) -> Network:
        return _Changing(self._shape, self.config, len(self.values))


class _Changing(VAENetwork):
    """The loss (2)."""

    def __init__(self, shape: tuple[int, ...], config: SufficientChangeConfig, values: int) -> None:
        super().__init__(shape, config)
        self.changing, self.capacity, self.extra = config.changing, config.capacity, config.extra
        self.embedding = nn.Embedding(values, config.embedding)
        self.flow = MonotoneFlow(config.changing, config.embedding, config.layers, config.units)
        self.steps = config.steps
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    step: Tensor

    def forward(self, x: Tensor, u: Tensor) -> dict[str, Tensor]:
        """The loss of rows or clips x with the number u of the domain of each row."""
        scaled, q = self.vae.posterior(x)
        e = self.embedding(u)
        e = e.reshape(*e.shape[:1], *[1] * (q.z.ndim - 2), e.shape[-1]).expand(*q.z.shape[:-1], -1)
        content, moved = q.z[..., : -self.changing], q.z[..., -self.changing :]
        still, log_slope = self.flow(moved, e)
        kl = (q.log_prob() - standard_log_prob(content) - standard_log_prob(still) - log_slope.sum(-1)).mean()
        error = self.vae.error(scaled, q.z).mean()
        pressed = kl
        if self.capacity is not None:
            self.step += int(self.training)
            share = min(int(self.step) / self.steps, 1.0) if self.training else 1.0  # validations are of one loss
            pressed = (kl - self.capacity * share).abs()
        parts = self.total(error, pressed)
        if self.extra:
            loss = parts["loss"] - self.extra * standard_log_prob(still).mean() / scaled[0].numel()
            parts = {**parts, "loss": loss}
        return {**parts, "kl": kl}
