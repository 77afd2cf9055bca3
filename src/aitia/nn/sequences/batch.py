"""Examples of objectives as the tensors of one step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError
from aitia.nn.sequences.objectives import Example

__all__ = ["SequenceBatch", "collate"]

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class SequenceBatch:
    """Examples, padded on the right.

    Args:
        ids: (rows, length) that the model reads.
        present: (rows, length) where there is a token.
        targets: (rows, length) what is to be said at each position.
        weights: (rows, length) how much each position counts; 0 at padding.
        prefix: (rows,) how many of the first positions see each other.
        encoder: (rows, m) what an encoder reads; None without one.
        encoder_present: (rows, m) where it has a token.
    """

    ids: Tensor
    present: Tensor
    targets: Tensor
    weights: Tensor
    prefix: Tensor
    encoder: Tensor | None = None
    encoder_present: Tensor | None = None

    def tensors(self) -> tuple[Tensor, ...]:
        """All that is there, as a training passes them on."""
        rest = () if self.encoder is None or self.encoder_present is None else (self.encoder, self.encoder_present)
        return (self.ids, self.present, self.targets, self.weights, self.prefix, *rest)


def collate(examples: Sequence[Example], pad: int, longest: int | None = None) -> SequenceBatch:
    """Examples as one batch.

    Args:
        examples: All with an encoder's text, or none.
        pad: Id of padding.
        longest: Tokens that the model takes.

    Raises:
        DataError: If there is no example, one is too long (names it and its length), or only some have an encoder.
    """
    if not examples:
        raise DataError("a batch needs an example")
    for row, example in enumerate(examples):
        length = max(len(example.tokens), 0 if example.encoder is None else len(example.encoder))
        if longest is not None and length > longest:
            raise DataError(f"document {row} has {length} tokens, the model takes {longest}: cut it or leave it out")
    ids, present = _rows([example.tokens for example in examples], pad)
    targets, _ = _rows([example.targets for example in examples], pad)
    weights = torch.zeros(ids.shape)
    for row, example in enumerate(examples):
        weights[row, : len(example.weights)] = torch.from_numpy(example.weights).float()
    prefix = torch.tensor([example.prefix for example in examples])
    read = [example.encoder for example in examples if example.encoder is not None]
    if not read:
        return SequenceBatch(ids, present, targets, weights, prefix)
    if len(read) < len(examples):
        raise DataError("some examples have a text for an encoder and others have none: make all by one objective")
    return SequenceBatch(ids, present, targets, weights, prefix, *_rows(read, pad))


def _rows(held: Sequence[Ids], pad: int) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([len(row) for row in held])
    found = torch.full((len(held), int(lengths.max())), pad)
    for row, ids in enumerate(held):
        found[row, : len(ids)] = torch.from_numpy(np.asarray(ids, dtype=np.int64))
    return found, torch.arange(found.shape[1]) < lengths[:, None]
