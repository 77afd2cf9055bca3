"""A law of latents as a coupling flow on top of a mixture of Gaussians."""

import torch
from torch import Tensor, nn

from aitia.errors import OptionError
from aitia.nn.flows import CouplingFlow
from aitia.nn.gaussian import gaussian_log_prob

__all__ = ["FlowMixture"]


class FlowMixture(nn.Module):
    """log p(s) = log sum_k w_k N(f(s); m_k, v_k) + log |det df/ds|, summed in log space.

    Fixed components are N(k 1, (k + 1) I), k = 0, 1, ...: a single one is the standard normal law. Learned ones start
    there. The weights are learned; f is made of affine couplings, or the identity.

    Args:
        size: Numbers of a latent; even with `coupling`.
        components: Of the mixture.
        learned: Whether means and variances of the components are learned.
        coupling: Whether there is a flow.

    Raises:
        OptionError: If the size is odd with `coupling`, or there is no component.

    Source:
        Shirahmad Gale Bagi, Gharaee, Schulte and Crowley, Generative Causal Representation Learning for
        Out-of-Distribution Motion Forecasting, ICML 2023, section 4.
    """

    def __init__(self, size: int, components: int = 1, *, learned: bool = False, coupling: bool = True) -> None:
        super().__init__()
        if components < 1:
            raise OptionError(f"a mixture has at least 1 component, got {components}")
        self.size, self.components = size, components
        self.flow = CouplingFlow(size) if coupling else None
        order = torch.arange(components, dtype=torch.float32)[:, None].expand(-1, size)
        means, log_variances = order.clone(), torch.log(order + 1)
        if learned:
            self.means, self.log_variances = nn.Parameter(means), nn.Parameter(log_variances)
        else:
            self.register_buffer("means", means)
            self.register_buffer("log_variances", log_variances)
        self.logits = nn.Parameter(torch.full((components,), -1.0))

    means: Tensor
    log_variances: Tensor

    def _parts(self, s: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
        """log w_k N_k(f(s)), (..., components), and the log-determinant (...)."""
        image, log_det = self.flow(s) if self.flow is not None else (s, s.new_zeros(s.shape[:-1]))
        parts = gaussian_log_prob(image.unsqueeze(-2), self.means, self.log_variances)
        return (self.logits.softmax(0) if weights is None else weights).log() + parts, log_det

    def log_prob(self, s: Tensor, weights: Tensor | None = None) -> Tensor:
        """(...) of latents (..., size); weights (..., components) in place of the learned ones."""
        parts, log_det = self._parts(s, weights)
        density: Tensor = parts.logsumexp(-1) + log_det
        return density

    def responsibilities(self, s: Tensor) -> Tensor:
        """(..., components): from which component each latent is likely to be."""
        parts, _ = self._parts(s, None)
        return parts.softmax(-1)

    def sample(self, shape: tuple[int, ...], weights: Tensor | None = None) -> Tensor:
        """Latents (*shape, size).

        Args:
            shape: How many.
            weights: (components,) in place of the learned ones.
        """
        chances = self.logits.softmax(0) if weights is None else weights
        count = int(torch.Size(shape).numel())
        k = torch.multinomial(chances, count, replacement=True).reshape(shape)
        image = self.means[k] + torch.exp(0.5 * self.log_variances[k]) * torch.randn(*shape, self.size)
        return image if self.flow is None else self.flow(image, inverse=True)[0]
