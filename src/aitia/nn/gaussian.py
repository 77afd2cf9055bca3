"""Diagonal Gaussians: densities, divergences, draws."""

import math

import torch
from torch import Tensor

__all__ = ["draw", "gaussian_kl", "gaussian_log_prob", "mixture_log_prob", "standard_log_prob"]

_LOG_2PI = math.log(2 * math.pi)


def draw(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A draw that lets gradients through (Kingma and Welling, Auto-encoding variational Bayes, 2014)."""
    return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def gaussian_log_prob(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(x; mean, exp(log_variance)), summed over the last axis."""
    return -0.5 * (_LOG_2PI + log_variance + (x - mean) ** 2 * torch.exp(-log_variance)).sum(-1)


def standard_log_prob(x: Tensor) -> Tensor:
    """log N(x; 0, I), summed over the last axis."""
    return -0.5 * (_LOG_2PI + x**2).sum(-1)


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) | N(0, I)) in nats, summed over the last axis."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)


def mixture_log_prob(x: Tensor, log_weights: Tensor, means: Tensor, log_variances: Tensor) -> Tensor:
    """log sum_k w_k N(x; m_k, v_k), summed in log space.

    Args:
        x: (..., d).
        log_weights: (k,), normalised.
        means: (k, d).
        log_variances: (k, d).

    Returns:
        (...,).
    """
    parts = gaussian_log_prob(x.unsqueeze(-2), means, log_variances)
    return torch.logsumexp(log_weights + parts, dim=-1)
