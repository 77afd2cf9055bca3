"""iVAE: latents whose distribution differs between domains, or over the time of a clip.

    p(z | u) = prod_i N(z_i; m_i(u), v_i(u)),   loss = -E_q log N(x; decoder(z), s^2) + beta KL(q(z | x) | p(z | u))

u is the domain, or the frame's place in its clip. With enough different values of u, in mean and variance, and latents
that are independent given u, the latents are found up to order and a map of each. q sees x alone, so that new rows are
encoded without their domain.

Source:
    Khemakhem, Kingma, Monti and Hyvärinen, Variational autoencoders and nonlinear ICA, AISTATS 2020.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from aitia.systems.causalverse.method import Assumption, Method, MethodConfig, Network
from aitia.systems.causalverse.observations import Observations
from aitia.systems.causalverse.vae import VAEConfig, VAENetwork

__all__ = ["IVAE", "DomainMethod", "TimeIVAE"]


class DomainMethod(Method):
    """What the methods share whose prior depends on the domain.

    Attributes:
        values: The values of u, in the order of the prior's parameters.
    """

    values: tuple[str, ...] = ()

    def _auxiliary(self, data: Observations) -> np.ndarray[Any, Any]:
        """u of each row, as text."""
        assert data.domain is not None
        return data.domain

    def _learn_from(self, data: Observations) -> None:
        self.values = tuple(str(value) for value in np.unique(self._auxiliary(data)))

    def _tensors(self, data: Observations) -> tuple[Tensor, ...]:
        numbers = np.searchsorted(self.values, self._auxiliary(data))
        return (*super()._tensors(data), torch.from_numpy(numbers))

    def _learnt(self) -> dict[str, Any]:
        return {"values": list(self.values)}

    def _restore(self, learnt: Mapping[str, Any]) -> None:
        self.values = tuple(learnt["values"])


class IVAE(DomainMethod):
    """The identifiable VAE with the domain as u. Assumes domain labels.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> domain = rng.integers(0, 5, 300)
        >>> x = rng.normal(size=(300, 4)) * (1 + domain[:, None])
        >>> IVAE(latents=2, steps=5).fit(Observations.of(x, domain=domain)).values
        ('0', '1', '2', '3', '4')
    """

    name: ClassVar[str] = "ivae"
    assumes: ClassVar[tuple[Assumption, ...]] = ("domain labels",)
    config_class: ClassVar[type[MethodConfig]] = VAEConfig
    config: VAEConfig

    def _build(self) -> Network:
        return _Conditional(self._shape, self.config, len(self.values))


class TimeIVAE(IVAE):
    """The identifiable VAE with the frame's place in its clip as u. Assumes time."""

    name: ClassVar[str] = "time-ivae"
    assumes: ClassVar[tuple[Assumption, ...]] = ("time",)

    def _auxiliary(self, data: Observations) -> np.ndarray[Any, Any]:
        places = np.asarray([f"{place:06d}" for place in range(data.x.shape[1])])
        return np.broadcast_to(places, data.x.shape[:2])


class _Conditional(VAENetwork):
    """With a Gaussian prior for each value of u."""

    def __init__(self, shape: tuple[int, ...], config: VAEConfig, values: int) -> None:
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
