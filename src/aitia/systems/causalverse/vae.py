"""VAE and beta-VAE: the baselines that assume nothing, and so cannot tell the causes apart.

    loss = -E_q log N(x; decoder(z), s^2) + beta KL(q(z | x) | N(0, I))

The prior is the same after any turn of the latents, so nothing in the loss prefers the causes to a mixture of them.
Frames of clips count as rows.

Sources:
    Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014.
    Higgins et al., beta-VAE, ICLR 2017.
    Locatello et al., Challenging common assumptions in the unsupervised learning of disentangled representations,
    ICML 2019 (why they cannot).
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from aitia.errors import OptionError
from aitia.nn.gaussian import gaussian_kl
from aitia.nn.variational import Variational
from aitia.systems.causalverse.method import Method, MethodConfig, Network

__all__ = ["VAE", "BetaVAE", "BetaVAEConfig", "VAEConfig", "VAENetwork"]


@dataclass(frozen=True)
class VAEConfig(MethodConfig):
    """Options of `VAE`.

    Args:
        kl_weight: beta; 1 is the bound on the likelihood.

    Raises:
        OptionError: If a value is out of range.
    """

    kl_weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.kl_weight >= 0:
            raise OptionError(f"kl_weight is not negative, got {self.kl_weight}")


@dataclass(frozen=True)
class BetaVAEConfig(VAEConfig):
    """Options of `BetaVAE`: as of `VAE`, with a larger beta."""

    kl_weight: float = 4.0


class VAENetwork(Network):
    """The parts that every method with a decoder shares; a subclass differs in the loss."""

    def __init__(self, shape: tuple[int, ...], config: VAEConfig) -> None:
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


class VAE(Method):
    """The plain VAE. Assumes nothing.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(200, 5))
        >>> VAE(latents=2, steps=5).fit(x).encode(x).shape
        (200, 2)
    """

    name: ClassVar[str] = "vae"
    config_class: ClassVar[type[MethodConfig]] = VAEConfig
    config: VAEConfig

    def _build(self) -> Network:
        return _Plain(self._shape, self.config)


class _Plain(VAENetwork):
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The loss of a batch of rows or clips."""
        scaled, q = self.vae.posterior(x)
        return self.total(self.vae.error(scaled, q.z).mean(), gaussian_kl(q.mean, q.log_variance).mean())


class BetaVAE(VAE):
    """The VAE with a heavier KL term, which presses latents that say little to the prior. Assumes nothing."""

    name: ClassVar[str] = "beta-vae"
    config_class: ClassVar[type[MethodConfig]] = BetaVAEConfig
