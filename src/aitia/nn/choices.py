"""What options of networks may be, for configs too: to read them takes no torch."""

from typing import Literal, get_args

__all__ = ["BLOCKS", "TEXT_POOLINGS", "BlockKind", "Discrepancy", "TextPooling"]

BlockKind = Literal["pooled", "residual", "attention"]
"""Blocks of an encoder of sets: rows and the pooled set, the same with a short cut, or attention among the rows."""
BLOCKS: tuple[BlockKind, ...] = get_args(BlockKind)
Discrepancy = Literal["sliced", "mmd", "sinkhorn"]
"""Distances between two samples that a sampler is trained by."""
TextPooling = Literal["mean", "attention"]
"""How a head reads one vector from the tokens of a text."""
TEXT_POOLINGS: tuple[TextPooling, ...] = get_args(TextPooling)
