"""iVAE: latents whose distribution differs between domains.

    p(z | u) = prod_i N(z_i; m_i(u), v_i(u)),   loss = -E_q log N(x; decoder(z), s^2) + beta KL(q(z | x) | p(z | u))

u is the domain. With enough different values of u, in mean and variance, and latents
that are independent given u, the latents are found up to order and a map of each. q sees x alone, so that new rows are
encoded without their domain.

Source:
    Khemakhem, Kingma, Monti and Hyvärinen, Variational autoencoders and nonlinear ICA, AISTATS 2020.
"""

from typing import ClassVar

from aitia.representations.domains import DomainMethod
from aitia.representations.method import Assumption
from aitia.representations.networks import ConditionalNetwork, Network
from aitia.systems.ivae.card import CARD
from aitia.systems.ivae.config import IVAEConfig

__all__ = ["IVAE"]


class IVAE(DomainMethod):
    """The identifiable VAE with the domain as u. Assumes domain labels.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> domain = rng.integers(0, 5, 300)
        >>> x = rng.normal(size=(300, 4)) * (1 + domain[:, None])
        >>> IVAE(latents=2, steps=5).fit(x, domain=domain).values
        ('0', '1', '2', '3', '4')
    """

    card = CARD
    assumes: ClassVar[tuple[Assumption, ...]] = ("domain labels",)
    Config = IVAEConfig
    config: IVAEConfig

    def _build(self) -> Network:
        return ConditionalNetwork(self._shape, self.config, len(self.values))
