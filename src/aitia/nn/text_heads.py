"""Heads that read a whole text off the states of its tokens: their mean, or a mean with learnt weights.

    mean        h = mean_t h_t
    attention   h = sum_t a_t h_t,    a = softmax_t q . tanh(W h_t + b)                                             (1)

and class scores linear in h. What a linear head cannot read off the mean, attention may still find in a single token.

Source:
    (1): Lin, Feng, dos Santos, Yu, Xiang, Zhou and Bengio, A structured self-attentive sentence embedding, ICLR 2017,
    with one query.
"""

import torch
from torch import Tensor, nn

from aitia.errors import OptionError
from aitia.nn.choices import TEXT_POOLINGS, TextPooling
from aitia.nn.language import mean_state

__all__ = ["TextHead"]


class TextHead(nn.Module):
    """Class scores of texts from the states of their tokens; see the module.

    Args:
        width: Of the states.
        classes: How many.
        pooling: `mean` or `attention`.
        dropout: Share of the units of h that is dropped in training.

    Raises:
        OptionError: If the pooling has another name.

    Example:
        >>> head = TextHead(8, 3, "attention")
        >>> head(torch.randn(5, 7, 8), torch.ones(5, 7)).shape
        torch.Size([5, 3])
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, width: int, classes: int, pooling: TextPooling = "mean", dropout: float = 0.0) -> None:
        super().__init__()
        if pooling not in TEXT_POOLINGS:
            raise OptionError(f"pooling is one of {', '.join(TEXT_POOLINGS)}, got {pooling!r}")
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.key = nn.Linear(width, width) if pooling == "attention" else None
        self.query = nn.Linear(width, 1, bias=False) if pooling == "attention" else None
        self.drop, self.scores = nn.Dropout(dropout), nn.Linear(width, classes)

    def learn_scale(self, states: Tensor, mask: Tensor) -> None:
        """Lets the head see states of mean 0 and variance 1 over the tokens of the mask."""
        seen = states[mask.bool()]
        self.centre.copy_(seen.mean(dim=0))
        deviation = seen.std(dim=0)
        self.scale.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(texts, classes) scores.

        Args:
            states: (texts, tokens, width).
            mask: (texts, tokens), 0 where there is no token.
        """
        seen = (states - self.centre) / self.scale
        if self.key is None or self.query is None:
            pooled = mean_state(seen, mask)
        else:
            weight = self.query(torch.tanh(self.key(seen))).squeeze(-1)
            weight = weight.masked_fill(mask == 0, -torch.inf).softmax(dim=-1)
            pooled = (weight.unsqueeze(-1) * seen).sum(dim=-2)
        scores: Tensor = self.scores(self.drop(pooled))
        return scores
