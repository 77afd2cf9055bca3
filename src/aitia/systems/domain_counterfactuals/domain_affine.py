"""Autoregressive affine maps, one for each domain: a linear latent SCM whose mechanisms may differ between domains.

    z = (I - L_d)^-1 S_d eps + b_d     L_d strictly lower triangular, S_d diagonal and positive            (1)

written as z_i = sum_{j<i} L'_ij z_j + S_i eps_i + b'_i, whose inverse needs no solve. Which rows may differ between
domains is the structure:

    dense       every row has its own parameters in every domain
    relaxed     the last k rows do; the others are free and shared
    canonical   the last k rows do, and are the identity in the first domain; the others are the identity
"""

from typing import get_args

import torch
from torch import Tensor, nn

from aitia.errors import OptionError
from aitia.systems.domain_counterfactuals.config import Structure

__all__ = ["DomainAffine"]


class DomainAffine(nn.Module):
    """The maps (1), for `copies` independent models side by side.

    Args:
        size: Number of latents m.
        domains: Number of domains.
        structure: Which rows differ between domains.
        changing: k, how many rows do; not looked at by `dense`.
        copies: Models side by side, for restarts.
        spread: Standard deviation of the first entries of L and b in the rows that differ between domains; the others
            start at the identity.

    Raises:
        OptionError: If k is not between 1 and m - 1, or the structure unknown.
    """

    def __init__(
        self,
        size: int,
        domains: int,
        structure: Structure = "relaxed",
        changing: int = 1,
        *,
        copies: int = 1,
        spread: float = 1.0,
    ) -> None:
        super().__init__()
        if structure not in get_args(Structure):
            raise OptionError(f"structure is one of {', '.join(get_args(Structure))}, got {structure!r}")
        if structure != "dense" and not 1 <= changing < size:
            raise OptionError(f"the number of changing latents is between 1 and {size - 1}, got {changing}")
        if domains < 2:
            raise OptionError(f"domain counterfactuals need at least 2 domains, got {domains}")
        own = size if structure == "dense" else changing
        self.size, self.domains, self.structure = size, domains, structure
        self.lower = nn.Parameter(spread * torch.randn(copies, domains, size, size))
        self.log_scale = nn.Parameter(torch.zeros(copies, domains, size))
        self.shift = nn.Parameter(spread * torch.randn(copies, domains, size))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter[:, :, : size - own] = 0.0
        free = torch.zeros(domains, size)  # 1 where a row of a domain is a parameter, 0 where it is the identity
        free[:, size - own :] = 1.0
        if structure == "relaxed":
            free[:, : size - own] = 1.0
        if structure == "canonical":
            free[0] = 0.0
        self.register_buffer("free", free, persistent=False)
        source = torch.arange(domains)[:, None].repeat(1, size)  # the domain whose parameters a row uses
        source[:, : size - own] = 0
        self.register_buffer("source", source, persistent=False)
        self.register_buffer("strict", torch.tril(torch.ones(size, size), -1), persistent=False)

    free: Tensor
    source: Tensor
    strict: Tensor

    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """L' (copies, domains, m, m), log S (copies, domains, m) and b' (copies, domains, m) of every domain."""
        rows = torch.arange(self.size, device=self.lower.device)
        lower = self.lower[:, self.source, rows] * self.strict * self.free[..., None]
        return lower, self.log_scale[:, self.source, rows] * self.free, self.shift[:, self.source, rows] * self.free

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """eps (copies, domains, n, m) of latents z of that shape, and log|d eps / d z| (copies, domains)."""
        lower, log_scale, shift = self.parts()
        eps = (z - shift[:, :, None] - z @ lower.transpose(-1, -2)) * torch.exp(-log_scale)[:, :, None]
        return eps, -log_scale.sum(-1)

    def forward(self, eps: Tensor) -> Tensor:
        """z (copies, domains, n, m) of noise of that shape."""
        lower, log_scale, shift = self.parts()
        right = eps * torch.exp(log_scale)[:, :, None] + shift[:, :, None]
        identity = torch.eye(self.size, device=eps.device, dtype=eps.dtype)
        solved: Tensor = torch.linalg.solve_triangular(
            identity - lower, right.transpose(-1, -2), upper=False, unitriangular=True
        )
        return solved.transpose(-1, -2)
