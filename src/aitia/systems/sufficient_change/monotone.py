"""Increasing maps of single numbers whose shape is set by a condition, with their log-derivatives.

    y = logit( sum_k w_k sigmoid(a_k x + b_k) ),    a_k > 0, w_k > 0, sum_k w_k = 1                              (1)

(1) increases from -infinity to infinity, so a stack of them keeps a density one that integrates to 1.

Source:
    Huang, Krueger, Lacoste and Courville, Neural autoregressive flows, ICML 2018, section 3.1.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, logsigmoid

from aitia.nn.layers import mlp

__all__ = ["MonotoneFlow"]


class MonotoneFlow(nn.Module):
    """Layers of (1), one map for each coordinate. Starts near the identity.

    Args:
        size: Number of coordinates.
        condition: Numbers in the condition.
        layers: Maps (1) one after another.
        units: Terms of each sum.
        hidden: Width of the perceptron from the condition to w, a and b.
    """

    def __init__(self, size: int, condition: int, layers: int = 2, units: int = 16, hidden: int = 32) -> None:
        super().__init__()
        self.size, self.layers, self.units = size, layers, units
        self.net = mlp((condition, hidden, size * layers * units * 3), activation=nn.LeakyReLU)
        last = self.net[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight *= 0.1
            last.bias.normal_(0.0, 0.3)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """The image of x (..., size) under a condition (..., condition), and log dy/dx (..., size)."""
        shape = (*condition.shape[:-1], self.layers, 3, self.size, self.units)
        parameters = self.net(condition).reshape(shape)
        total = torch.zeros_like(x)
        for layer in range(self.layers):
            log_w, log_a, b = parameters[..., layer, :, :, :].unbind(-3)
            log_w = log_softmax(log_w, dim=-1)
            inner = torch.exp(log_a) * x[..., None] + b
            up, down = logsigmoid(inner), logsigmoid(-inner)
            log_p, log_rest = torch.logsumexp(log_w + up, -1), torch.logsumexp(log_w + down, -1)
            total = total + torch.logsumexp(log_w + up + down + log_a, -1) - log_p - log_rest
            x = log_p - log_rest
        return x, total
