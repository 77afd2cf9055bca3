"""The ways to make a decoder embed a text, as what one code path does in each.

    causal2vec     [front] [instruction] c x_1 .. x_n end: the states at c and at end, side by side
    end-only       the same tokens, the state at end alone
    no-slot        without c: the states at x_1 and at end, side by side
    last-token     without c: the state at end
    mean           without c: the mean of the states of the text
    mask-removed   as `mean`, every token sees every other
    echo           the text twice, the mean of the states of its second copy
    encoder        no decoder: the mean state of the encoder that makes c

Source:
    Lin, Causal2Vec, 2025; echo: Springer et al., Repetition improves language model embeddings, 2024; the mask removed:
    BehnamGhader et al., LLM2Vec, 2024.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["ARMS", "READINGS", "Arm", "Reading"]

Arm = Literal["causal2vec", "end-only", "no-slot", "last-token", "mean", "mask-removed", "echo", "encoder"]
ARMS: tuple[Arm, ...] = get_args(Arm)
Pooled = Literal["slot and end", "first and end", "end", "mean", "encoder"]


@dataclass(frozen=True)
class Reading:
    """What an arm does.

    Args:
        pooled: Which states are the embedding.
        slot: Whether a contextual token stands before the text.
        repeated: Whether the text is given twice.
        visibility: Who sees whom.
    """

    pooled: Pooled
    slot: bool = False
    repeated: bool = False
    visibility: Literal["causal", "bidirectional"] = "causal"

    @property
    def encodes(self) -> bool:
        """Whether the encoder reads the text."""
        return self.slot or self.pooled == "encoder"

    @property
    def decodes(self) -> bool:
        """Whether the decoder does."""
        return self.pooled != "encoder"


READINGS: Mapping[Arm, Reading] = {
    "causal2vec": Reading("slot and end", slot=True),
    "end-only": Reading("end", slot=True),
    "no-slot": Reading("first and end"),
    "last-token": Reading("end"),
    "mean": Reading("mean"),
    "mask-removed": Reading("mean", visibility="bidirectional"),
    "echo": Reading("mean", repeated=True),
    "encoder": Reading("encoder"),
}
