"""Losses that pull together what belongs together."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from aitia.errors import OptionError

__all__ = ["info_nce", "supervised_contrastive"]


def supervised_contrastive(codes: Tensor, labels: Tensor, temperature: float = 0.07) -> Tensor:
    """Mean over rows of -mean over positives p of log( exp(h_i.h_p / t) / sum_{a != i} exp(h_i.h_a / t) ).

    Args:
        codes: (n, d); scaled to unit length here.
        labels: (n,); rows of the same label are positives of each other. A row without any is left out.
        temperature: t, positive.

    Raises:
        OptionError: If no label occurs twice.

    Source:
        Khosla et al., Supervised contrastive learning, NeurIPS 2020, equation 2.
    """
    h = normalize(codes, dim=-1)
    logits = h @ h.T / temperature
    itself = torch.eye(len(h), dtype=torch.bool, device=h.device)
    positive = (labels[:, None] == labels[None, :]) & ~itself
    counts = positive.sum(1)
    if not bool((counts > 0).any()):
        raise OptionError("a contrastive loss needs two rows of a label in a batch: raise the batch size")
    log_p = logits - torch.logsumexp(logits.masked_fill(itself, float("-inf")), dim=1, keepdim=True)
    per_row = -(log_p * positive).sum(1) / counts.clamp(min=1)
    return per_row[counts > 0].mean()


def info_nce(a: Tensor, b: Tensor, temperature: float = 1.0, within: bool = True) -> Tensor:
    """Cross-entropy of finding row i of b from row i of a, and back, by cosine similarity.

    Args:
        a: (n, d), one view.
        b: (n, d), the other view of the same rows.
        temperature: Divides the similarities.
        within: Whether the other rows of the same view are negatives too.

    Source:
        van den Oord, Li and Vinyals, Representation learning with contrastive predictive coding, 2018, equation 4;
        both directions and negatives within a view as in the multi-view setting of the causalverse suite.
    """
    a, b = normalize(a, dim=-1), normalize(b, dim=-1)
    across = a @ b.T / temperature
    target = torch.arange(len(a), device=a.device)
    itself = torch.eye(len(a), dtype=torch.bool, device=a.device)

    def one_way(logits: Tensor, own: Tensor) -> Tensor:
        if within:
            logits = torch.cat([logits, (own @ own.T / temperature).masked_fill(itself, float("-inf"))], dim=1)
        return cross_entropy(logits, target)

    return 0.5 * (one_way(across, a) + one_way(across.T, b))
