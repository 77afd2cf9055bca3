"""What is made small: losses of answers, the contrast of features, the coefficient of the rate, weights of rows."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity, softplus

from aitia.systems.causal_info_min.config import Loss, Weighting

__all__ = ["answer_loss", "contrast_loss", "log_probabilities", "rate_coefficient", "row_weights"]

_LEAST = 0.02
"""Of p_bias(y) in weights 1 / p_bias(y): no row counts more than 50 times another."""


def answer_loss(logits: Tensor, target: Tensor, loss: Loss) -> Tensor:
    """The loss of each row, (n,): -sum_y t_y log p(y), or binary cross-entropies summed over the answers."""
    if loss == "binary":
        return binary_cross_entropy_with_logits(logits, target, reduction="none").sum(dim=-1)
    return -(target * logits.log_softmax(dim=-1)).sum(dim=-1)


def log_probabilities(logits: Tensor, loss: Loss) -> Tensor:
    """log p of each answer, (n, answers)."""
    return -softplus(-logits) if loss == "binary" else logits.log_softmax(dim=-1)


def contrast_loss(anchor: Tensor, near: Tensor, far: Tensor) -> Tensor:
    """-log e^cos(a, n) / (e^cos(a, n) + e^cos(a, f)) of each row, (...,); cosines over the axis of the feature."""
    return softplus(cosine_similarity(anchor, far, dim=-1) - cosine_similarity(anchor, near, dim=-1))


def rate_coefficient(bias_loss: Tensor, rate: Tensor, share: float) -> Tensor:
    """min(1, share * loss / R), without gradient: keeps coefficient * R near share * loss."""
    return (share * bias_loss.detach() / rate.detach().clamp(min=1e-12)).clamp(max=1.0)


def row_weights(target: Tensor, bias: Tensor, weighting: Weighting) -> Tensor:
    """How much each row counts, (n,), without gradient: rows that the bias answers by itself count less.

    With `inverse` the weighted rows are those of a population in which the bias says nothing about the answer, as in
    inverse-probability weighting; with `complement` the prior is weakened only.

    Args:
        target: (n, answers) scores.
        bias: (n, answers) p_bias.
        weighting: See `CausalInfoMinConfig`.
    """
    own = (target * bias.detach()).sum(dim=-1) / target.sum(dim=-1).clamp(min=1e-12)
    if weighting == "complement":
        return 1 - own
    return torch.ones_like(own) if weighting == "none" else 1 / own.clamp(min=_LEAST)
