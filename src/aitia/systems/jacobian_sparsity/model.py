"""Jacobian sparsity: a VAE in which each latent is to move few of the observed numbers.

    loss = the VAE's + weight mean_{x, o, k} |d decoder(z)_o / d z_k|

If each true variable acts on numbers of its own, the sparsest decoder is the one whose latents are the variables up to
order and scale. Where every variable acts on the same pixels the assumption is empty, and so is the answer.

The mean is taken over some rows of each batch. For the size of the latents to be fixed while the Jacobian is pressed,
z is measured in units of the prior, as in the suite.

Sources:
    Zheng, Ng and Zhang, On the identifiability of nonlinear ICA: sparsity and beyond, NeurIPS 2022.
    The weight 0.1 of the causalverse suite, whose tree keeps this method in a folder named after another.
"""

from torch import Tensor

from aitia.nn.gaussian import gaussian_kl
from aitia.representations.method import Decoding
from aitia.representations.networks import Network, VAENetwork
from aitia.systems.jacobian_sparsity.card import CARD
from aitia.systems.jacobian_sparsity.config import JacobianSparsityConfig
from aitia.systems.jacobian_sparsity.jacobian import jacobian_columns

__all__ = ["JacobianSparsity"]


class JacobianSparsity(Decoding):
    """A VAE with an L1 penalty on the Jacobian of its decoder. Assumes nothing of the labels."""

    card = CARD
    Config = JacobianSparsityConfig
    config: JacobianSparsityConfig

    def _build(self) -> Network:
        return _Sparse(self._shape, self.config)


class _Sparse(VAENetwork):
    def __init__(self, shape: tuple[int, ...], config: JacobianSparsityConfig) -> None:
        super().__init__(shape, config)
        self.sparsity, self.rows = config.sparsity, config.jacobian_rows

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The loss of a batch of rows or clips."""
        scaled, q = self.vae.posterior(x)
        some = q.z.reshape(-1, self.vae.latents)[: self.rows]
        penalty = self.sparsity * jacobian_columns(self.vae.decoder, some).abs().mean()
        kl = gaussian_kl(q.mean, q.log_variance).mean()
        return self.total(self.vae.error(scaled, q.z).mean(), kl, sparsity=penalty)
