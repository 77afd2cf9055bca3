"""TDRL: latents of clips, each driven by its own noise given the frames before.

    loss = -E_q log N(x(t); decoder(z(t)), s^2) + initial KL(q | N(0, I)) on the first frames
           + transition E_q [ log q(z(t) | x(t)) - log p(z(t) | z(t-1), ..., z(t-lags)) ] on the rest

p is the prior of `representations.transition`: the noises that it reads off are to be independent. That singles the
latents out, up to order and a map of each, if the past modulates them enough; a linear process with Gaussian noise, or
frames that are independent, offer nothing. The loss stands in `aitia.representations.transitions`.

Source:
    Yao, Chen and Zhang, Temporally disentangled representation learning, NeurIPS 2022.
"""

from aitia.representations.transitions import TransitionMethod
from aitia.systems.tdrl.card import CARD
from aitia.systems.tdrl.config import TDRLConfig

__all__ = ["TDRL"]


class TDRL(TransitionMethod):
    """A VAE of clips with a transition prior. Assumes time.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(100, 6, 3))
        >>> model = TDRL(latents=2, steps=5).fit(x)
        >>> model.codes(x).shape, model.influence(x).lagged.shape
        ((100, 6, 2), (1, 2, 2))
    """

    card = CARD
    Config = TDRLConfig
    config: TDRLConfig
