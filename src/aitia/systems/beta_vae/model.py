"""beta-VAE: the VAE with a heavier KL term, which presses latents that say little to the prior.

    loss = -E_q log N(x; decoder(z), s^2) + beta KL(q(z | x) | N(0, I))

The prior is the same after any turn of the latents, so nothing in the loss prefers the causes to a mixture of them.
Frames of clips count as rows.

Sources:
    Higgins et al., beta-VAE, ICLR 2017.
    Locatello et al., Challenging common assumptions in the unsupervised learning of disentangled representations,
    ICML 2019 (why it cannot).
"""

from aitia.representations.method import Decoding
from aitia.representations.networks import Network, PlainNetwork
from aitia.systems.beta_vae.card import CARD
from aitia.systems.beta_vae.config import BetaVAEConfig

__all__ = ["BetaVAE"]


class BetaVAE(Decoding):
    """The VAE with a heavier KL term. Assumes nothing."""

    card = CARD
    Config = BetaVAEConfig
    config: BetaVAEConfig

    def _build(self) -> Network:
        return PlainNetwork(self._shape, self.config)
