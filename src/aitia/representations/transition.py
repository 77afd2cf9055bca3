"""A prior over clips of latents whose transitions are learnt without a parametric form.

    eps_i(t) = r_i(c_i(t), z_i(t)),   log p(z(t) | past) = sum_i log N(eps_i(t)) + log |d r_i / d z_i(t)|            (1)
    r_i(c, z) = e^a z + b + sum_k e^{v_k} tanh(e^{w_k} z + g_k),    a, b and g_k functions of c                      (2)

c_i(t) holds the last frames, z(t-1) to z(t-lags), and with `instantaneous` edges also z_j(t) for j < i; the map from
z(t) to eps(t) is then triangular, and (1) is still the change of variables.

Where we differ from the source: its r_i is any perceptron. One that goes up and down in z_i counts a value of eps more
than once, and (1) is then no density: its likelihood can grow without bound. (2) increases in z_i over the whole line.

Sources:
    Yao, Chen and Zhang, Temporally disentangled representation learning, NeurIPS 2022, equation 6.
    Li et al., On the identification of temporally causal representation with instantaneous dependence, ICLR 2025.
"""

import math

import torch
from torch import Tensor, nn

from aitia.errors import DataError
from aitia.nn.gaussian import standard_log_prob

__all__ = ["TransitionPrior"]

LARGEST = 5.0
"""Bound of a in (2), on either side."""


class TransitionPrior(nn.Module):
    """The density (1) of every frame but the first `lags`.

    Args:
        size: Number of latents.
        lags: Frames before that a latent depends on.
        instantaneous: Whether latents depend on earlier latents of the same frame.
        hidden: Width of the perceptron of each latent.
        units: Terms of the sum in (2).
    """

    def __init__(
        self, size: int, lags: int = 1, *, instantaneous: bool = False, hidden: int = 32, units: int = 8
    ) -> None:
        super().__init__()
        self.size, self.lags, self.instantaneous, self.units = size, lags, instantaneous, units
        inputs, out = size * (lags + instantaneous), 2 + units
        self.first = nn.Parameter(torch.randn(size, hidden, inputs) / math.sqrt(inputs))
        self.offset = nn.Parameter(torch.zeros(size, hidden))
        self.last = nn.Parameter(0.1 * torch.randn(size, out, hidden) / math.sqrt(hidden))
        self.straight = nn.Parameter(torch.zeros(size, out, inputs))
        self.level = nn.Parameter(torch.cat([torch.zeros(size, 2), torch.randn(size, units)], dim=1))
        self.log_v = nn.Parameter(torch.full((size, units), -2.0))
        self.log_w = nn.Parameter(torch.zeros(size, units))
        seen = torch.ones(size, inputs)
        if instantaneous:
            seen[:, size * lags :] = torch.tril(torch.ones(size, size), -1)
        self.register_buffer("seen", seen, persistent=False)

    seen: Tensor

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """eps and log d r / d z, both (n, frames - lags, size), for clips z (n, frames, size)."""
        now, c = self._conditions(z)
        a, b, g = self._functions(c)[1:]
        inner = torch.exp(self.log_w) * now[..., None] + g
        bent = torch.tanh(inner)
        eps = torch.exp(a) * now + b + (torch.exp(self.log_v) * bent).sum(-1)
        slope = torch.exp(a) + (torch.exp(self.log_v + self.log_w) * (1 - bent.square())).sum(-1)
        return eps, torch.log(slope)

    def log_prob(self, z: Tensor) -> Tensor:
        """log p of each frame but the first `lags` given those before, (n, frames - lags)."""
        eps, log_slope = self(z)
        total: Tensor = standard_log_prob(eps) + log_slope.sum(-1)
        return total

    def jacobian(self, z: Tensor) -> tuple[Tensor, Tensor | None]:
        """d r_i(t) / d z_j(t - lag) and d r_i(t) / d z_j(t).

        Returns:
            (n, frames - lags, lags, i, j), and (n, frames - lags, i, j), zero where j >= i; None without
            instantaneous edges.
        """
        now, c = self._conditions(z)
        bend, a, _, g = self._functions(c)
        flat = 1 - torch.tanh(torch.exp(self.log_w) * now[..., None] + g).square()
        free = a.abs() < LARGEST  # a that is held does not move
        by_out = torch.cat(
            [(torch.exp(a) * now * free)[..., None], torch.ones_like(now)[..., None], torch.exp(self.log_v) * flat],
            dim=-1,
        )
        through = torch.einsum("ntio,ioh->ntih", by_out, self.last) * (1 - bend.square())
        by_input = torch.einsum("ntih,ihc->ntic", through, self.first) + torch.einsum(
            "ntio,ioc->ntic", by_out, self.straight
        )
        by_input = by_input * self.seen
        shape = (*by_input.shape[:3], self.lags, self.size)
        lagged = by_input[..., : self.size * self.lags].reshape(shape).transpose(2, 3)
        return lagged, by_input[..., self.size * self.lags :] if self.instantaneous else None

    def _conditions(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """z(t) for the frames that have enough before them, and c_i(t), (n, frames - lags, size, inputs)."""
        frames = z.shape[1]
        if frames <= self.lags:
            raise DataError(f"clips of {frames} frames are too short for {self.lags} lags: they need one frame more")
        now = z[:, self.lags :]
        parts = [z[:, self.lags - lag : frames - lag] for lag in range(1, self.lags + 1)]
        parts += [now] if self.instantaneous else []
        return now, torch.cat(parts, dim=-1)[:, :, None] * self.seen

    def _functions(self, c: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The hidden layer, and a, b (n, t, size) and g (n, t, size, units) of (2)."""
        bend = torch.tanh(torch.einsum("ntic,ihc->ntih", c, self.first) + self.offset)
        out = (
            torch.einsum("ntih,ioh->ntio", bend, self.last)
            + torch.einsum("ntic,ioc->ntio", c, self.straight)
            + self.level
        )
        return bend, out[..., 0].clamp(-LARGEST, LARGEST), out[..., 1], out[..., 2:]
