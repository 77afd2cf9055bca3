"""Who sees whom: the first of the three switches of a transformer, as boolean masks.

A mask is (rows, 1, queries, keys), True where a query sees a key, in the form that an unmodified Hugging Face model
takes as its `attention_mask` with `sdpa` or `eager` attention. Masks are joined by `&` (both must allow it) and `|`.

Every position sees itself, padding too: a query that sees nothing turns into NaN.
"""

import torch
from torch import Tensor

from aitia.errors import OptionError

__all__ = ["bidirectional", "blocks", "causal", "padded", "places", "prefix"]


def causal(length: int) -> Tensor:
    """(1, 1, length, length): each position sees itself and those before it.

    Example:
        >>> causal(3)[0, 0].int().tolist()
        [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    return torch.ones(length, length, dtype=torch.bool).tril()[None, None]


def bidirectional(length: int) -> Tensor:
    """(1, 1, length, length): each position sees all."""
    return torch.ones(1, 1, length, length, dtype=torch.bool)


def prefix(length: int, lengths: Tensor) -> Tensor:
    """(rows, 1, length, length): the first positions of a row see each other, the others what stands before them too.

    Args:
        length: Positions of a row.
        lengths: (rows,) how many positions see each other; 0 and 1 are the causal mask.

    Source:
        The non-causal decoder of Wang et al., What language model architecture and pretraining objective work best for
        zero-shot generalization?, ICML 2022, section 2.1.

    Raises:
        OptionError: If a prefix is longer than its row, or below zero.

    Example:
        >>> prefix(3, torch.tensor([2]))[0, 0].int().tolist()
        [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    """
    if len(lengths) and not 0 <= int(lengths.min()) <= int(lengths.max()) <= length:
        raise OptionError(
            f"a prefix has 0 to {length} positions, got {int(lengths.min())} to {int(lengths.max())}: cut it"
        )
    inside = torch.arange(length, device=lengths.device) < lengths[:, None]
    return causal(length).to(lengths.device) | inside[:, None, None, :]


def blocks(documents: Tensor) -> Tensor:
    """(rows, 1, length, length): positions of one document see each other, so that documents can share a row.

    Args:
        documents: (rows, length) the number of the document of each position.
    """
    return (documents[:, :, None] == documents[:, None, :])[:, None]


def padded(mask: Tensor, present: Tensor) -> Tensor:
    """The mask, in which nobody sees padding but padding itself.

    Args:
        mask: (rows or 1, 1, length, length).
        present: (rows, length) where there is a token, as the `attention_mask` of a tokenizer.
    """
    there = present.bool()
    itself = torch.eye(mask.shape[-1], dtype=torch.bool, device=mask.device)
    return (mask & there[:, None, None, :] & there[:, None, :, None]) | itself


def places(present: Tensor, documents: Tensor | None = None) -> Tensor:
    """(rows, length) the position of each token in its text, from 0, whichever side is padded; padding has 0.

    Args:
        present: (rows, length) where there is a token.
        documents: (rows, length) the number of the document of each position, where documents share a row; each begins
            at 0, and stands in one piece.
    """
    there = present.long()
    if documents is None:
        return (there.cumsum(dim=1) - 1).clamp(min=0) * there
    steps = torch.arange(present.shape[1], device=present.device).expand_as(documents)
    begins = torch.ones_like(documents, dtype=torch.bool)
    begins[:, 1:] = documents[:, 1:] != documents[:, :-1]
    first = torch.where(begins, steps, torch.zeros_like(steps)).cummax(dim=1).values
    return (steps - first) * there
