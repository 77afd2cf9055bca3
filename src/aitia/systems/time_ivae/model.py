"""iVAE of clips: latents whose distribution changes over the time of a clip.

    p(z | u) = prod_i N(z_i; m_i(u), v_i(u)),   loss = -E_q log N(x; decoder(z), s^2) + beta KL(q(z | x) | p(z | u))

u is the frame's place in its clip. With enough different places, in mean and variance, and latents that are independent
given u, the latents are found up to order and a map of each. q sees x alone.

Source:
    Khemakhem, Kingma, Monti and Hyvärinen, Variational autoencoders and nonlinear ICA, AISTATS 2020.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.representations.domains import DomainMethod
from aitia.representations.method import Assumption
from aitia.representations.networks import ConditionalNetwork, Network
from aitia.representations.rows import Rows
from aitia.systems.time_ivae.card import CARD
from aitia.systems.time_ivae.config import TimeIVAEConfig

__all__ = ["TimeIVAE"]


class TimeIVAE(DomainMethod):
    """The identifiable VAE with the frame's place in its clip as u. Assumes time."""

    card = CARD
    assumes: ClassVar[tuple[Assumption, ...]] = ("time",)
    Config = TimeIVAEConfig
    config: TimeIVAEConfig

    def _auxiliary(self, data: Rows) -> NDArray[Any]:
        places = np.asarray([f"{place:06d}" for place in range(data.x.shape[1])])
        return np.broadcast_to(places, data.x.shape[:2])

    def _build(self) -> Network:
        return ConditionalNetwork(self._shape, self.config, len(self.values))
