"""Penalties that ask for a predictor that is equally right in every environment."""

from collections.abc import Callable

import torch
from torch import Tensor

from aitia.errors import OptionError

__all__ = ["irm_penalty", "vrex_penalty"]


def irm_penalty(risk: Callable[[Tensor], Tensor], halves: bool = True) -> Tensor:
    """Squared gradient of each environment's risk with respect to a factor on the prediction, at 1; summed.

    Args:
        risk: From the factor w to the risk of every scene under the prediction w y, shape (environments, n).
        halves: Take the product of the gradients of even and odd scenes, which estimates the square without bias.

    Raises:
        OptionError: If an environment has a single scene and halves are asked for.

    Source:
        Arjovsky, Bottou, Gulrajani and Lopez-Paz, Invariant risk minimization, 2019, section 3.1 and appendix D.
    """
    w = torch.ones((), requires_grad=True)
    with torch.enable_grad():
        risks = risk(w)
        if halves and risks.shape[1] < 2:
            raise OptionError("the invariance penalty needs at least 2 scenes of each environment in a batch, got 1")
        split = (risks[:, ::2], risks[:, 1::2]) if halves else (risks, risks)
        total = risks.new_zeros(())
        for environment in range(len(risks)):
            even, odd = (torch.autograd.grad(part[environment].mean(), w, create_graph=True)[0] for part in split)
            total = total + even * odd
    return total


def vrex_penalty(risks: Tensor) -> Tensor:
    """Variance of the risks (environments,) between environments.

    Raises:
        OptionError: If there is one environment only.

    Source:
        Krueger et al., Out-of-distribution generalization via risk extrapolation, ICML 2021, equation 8.
    """
    if len(risks) < 2:
        raise OptionError("v-REx compares environments: it needs at least 2, got 1")
    return risks.var(unbiased=False)
