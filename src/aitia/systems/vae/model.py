"""VAE: the baseline that assumes nothing, and so cannot tell the causes apart.

    loss = -E_q log N(x; decoder(z), s^2) + beta KL(q(z | x) | N(0, I))

The prior is the same after any turn of the latents, so nothing in the loss prefers the causes to a mixture of them.
Frames of clips count as rows.

Sources:
    Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014.
    Locatello et al., Challenging common assumptions in the unsupervised learning of disentangled representations,
    ICML 2019 (why it cannot).
"""

from aitia.representations.method import Decoding
from aitia.representations.networks import Network, PlainNetwork
from aitia.systems.vae.card import CARD
from aitia.systems.vae.config import VAEConfig

__all__ = ["VAE"]


class VAE(Decoding):
    """The plain VAE. Assumes nothing.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(200, 5))
        >>> model = VAE(latents=2, steps=5).fit(x)
        >>> model.encode(x[:3])
        Table(3 rows: z1, z2)
        >>> model.do(z1=0).edit(x[:3])
        Table(3 rows: x0, x1, x2, x3, x4)
    """

    card = CARD
    Config = VAEConfig
    config: VAEConfig

    def _build(self) -> Network:
        return PlainNetwork(self._shape, self.config)
