"""IDOL: TDRL with edges between latents of one frame, and a sparse process.

    loss = TDRL's + sparsity ( lagged mean |J_ij(t - lag)| + instantaneous mean |J_ij(t)| )
    J_ij = spread(z_j) d r_i / d z_j

r_i also sees z_j(t) for j < i. With edges within a frame the noises alone no longer tell the latents from mixtures of
them; that the process is sparse does.

Where we differ from the suite: its penalty is on d r_i / d z_j, which falls when the latents grow. Ours is in units of
the spread of each latent and does not. It is weighed in nats a frame, as the KL term is: the suite's weight of 0.02
stands beside a KL term of weight 0.0075, which makes 2.7.

Source:
    Li et al., On the identification of temporally causal representation with instantaneous dependence, ICLR 2025;
    the weights of the causalverse suite.
"""

import math
from typing import ClassVar

from torch import Tensor

from aitia.representations.networks import Network
from aitia.representations.transitions import TransitionMethod, TransitionNetwork
from aitia.systems.idol.card import CARD
from aitia.systems.idol.config import IDOLConfig

__all__ = ["IDOL"]


class IDOL(TransitionMethod):
    """TDRL with instantaneous edges and an L1 penalty on the Jacobian of the transitions. Assumes time."""

    card = CARD
    Config = IDOLConfig
    config: IDOLConfig

    def _build(self) -> Network:
        return _Instantaneous(self._shape, self.config)


class _Instantaneous(TransitionNetwork):
    instantaneous: ClassVar[bool] = True

    def __init__(self, shape: tuple[int, ...], config: IDOLConfig) -> None:
        super().__init__(shape, config)
        self.weights = (config.sparsity * config.lagged, config.sparsity * config.instantaneous)

    def penalties(self, z: Tensor) -> dict[str, Tensor]:
        """The two means of the module."""
        lagged, now = self.prior.jacobian(z)
        assert now is not None
        spread = z.flatten(0, 1).std(0)
        by_lag, within = ((part.abs() * spread).mean() for part in (lagged, now))
        numbers = math.prod(self.vae.scale.shape)
        return {"lagged": self.weights[0] * by_lag / numbers, "instantaneous": self.weights[1] * within / numbers}
