"""Embeddings of texts by a decoder: read-outs of its states, and the loss by which they find what belongs to them."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from aitia.errors import DataError, OptionError

__all__ = ["in_chunks", "last_state", "retrieval_loss", "state_at"]


def last_state(states: Tensor, present: Tensor) -> Tensor:
    """(rows, width) the state of the last token of each row, whichever side is padded.

    Args:
        states: (rows, tokens, width).
        present: (rows, tokens) where there is a token.
    """
    steps = torch.arange(present.shape[1], device=present.device)
    last = torch.where(present.bool(), steps, -1).amax(dim=1)
    return states[torch.arange(len(states), device=states.device), last]


def state_at(states: Tensor, ids: Tensor, marker: int) -> Tensor:
    """(rows, width) the state at a marker, the last one of each row.

    Args:
        states: (rows, tokens, width).
        ids: (rows, tokens) that were read.
        marker: Id.

    Raises:
        DataError: If a row lacks it; the state of another token would be no embedding.
    """
    found = ids == marker
    if not bool(found.any(dim=1).all()):
        row = int((~found.any(dim=1)).nonzero()[0, 0])
        raise DataError(f"row {row} lacks the marker that its embedding is read at: it was cut, or never written")
    return last_state(states, found)


def retrieval_loss(
    queries: Tensor,
    targets: Tensor,
    negatives: Tensor | None = None,
    *,
    temperature: float = 0.05,
    same: Tensor | None = None,
) -> Tensor:
    """-log of the share of its own target among the targets and hard negatives of all queries, the mean over queries.

    Under several processes a query is held against the targets of all of them.

    Args:
        queries: (n, d); scaled to unit length here, as the others.
        targets: (n, d), of row i that of query i.
        negatives: (m, d) hard ones; each counts for every query.
        temperature: Divides the cosines, positive.
        same: (n,) numbers of what the targets mean: a target that means the same as one's own is no negative.

    Raises:
        OptionError: If the temperature is not positive.
        DataError: If a query has nothing to be held against.

    Source:
        van den Oord, Li and Vinyals, 2018, equation 4; with hard negatives as in Karpukhin et al., Dense passage
        retrieval, EMNLP 2020, section 3.2.
    """
    if not temperature > 0:
        raise OptionError(f"temperature is positive, got {temperature}")
    first = _rank() * len(queries)
    parts = [_gathered(targets)]
    total = len(parts[0])
    if negatives is not None:
        parts.append(_gathered(negatives))
    held = normalize(torch.cat(parts), dim=-1)
    if len(held) < 2:
        raise DataError("a query needs a target that is not its own: give more rows, or hard negatives")
    logits = normalize(queries, dim=-1) @ held.T / temperature
    own = torch.arange(len(queries), device=queries.device) + first
    if same is not None:
        everyone = _gathered(same.float()).to(same.dtype)
        equal = same[:, None] == everyone[None, :]
        equal[torch.arange(len(own), device=own.device), own] = False
        logits[:, :total] = logits[:, :total].masked_fill(equal, float("-inf"))
    return cross_entropy(logits, own)


def in_chunks(encode: Callable[..., Tensor], tensors: Sequence[Tensor], size: int) -> Tensor:
    """(rows, width) what `encode` gives, a chunk at a time, in the memory of one chunk; gradients are the same.

    Going back, a chunk is encoded anew, so that a batch may be as large as the loss wants it.

    Args:
        encode: From a chunk of each tensor to embeddings.
        tensors: (rows, ...) each.
        size: Rows of a chunk.

    Source:
        Gao, Zhang, Han and Callan, Scaling deep contrastive learning batch size under memory limited setup, RepL4NLP
        2021.
    """
    from torch.utils.checkpoint import checkpoint

    if size < 1:
        raise OptionError(f"a chunk has at least 1 row, got {size}")
    if len(tensors[0]) <= size:
        return encode(*tensors)
    chunks = zip(*(torch.split(tensor, size) for tensor in tensors), strict=True)
    return torch.cat([cast(Tensor, checkpoint(encode, *chunk, use_reentrant=False)) for chunk in chunks])


def _rank() -> int:
    import torch.distributed as dist

    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def _gathered(rows: Tensor) -> Tensor:
    """Rows of all processes, with gradients."""
    import torch.distributed as dist

    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return rows
    from torch.distributed.nn.functional import all_gather

    return torch.cat(list(cast(Any, all_gather)(rows)))
