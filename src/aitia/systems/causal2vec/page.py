"""The report of an embedder: queries with the nearest texts, and what the contextual token does to them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.report.blocks import Block, Callout, TableBlock, Text
from aitia.systems.causal2vec.pairs import texts_of

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.causal2vec.model import Causal2Vec

__all__ = ["blocks"]

SHOWN = 12
"""Queries that a report shows."""


def blocks(system: "Causal2Vec", given: "Given") -> Sequence[Block]:
    """Some queries, what they find, and how long their sequences are."""
    rows = given.take(range(min(SHOWN, len(given))))
    texts, told = texts_of(rows)
    found, near = system.nearest(texts, told, 1)
    column = rows.column("positive")
    there = rows.table.absent(column) if column is not None and column in rows.table else np.ones(len(texts), bool)
    said = rows.table.texts(column) if column is not None and column in rows.table else [""] * len(texts)
    lines: list[list[object]] = [
        [row, text, found[row][0], f"{near[row][0]:.2f}", "" if there[row] else said[row]]
        for row, text in enumerate(texts)
    ]
    decoder, encoder = system.tokens_of(texts)
    shown: list[Block] = [
        Text(
            f"Texts as vectors of {system.embedder.width} numbers by the arm {system.config.arm}. A text takes "
            f"{decoder:.1f} tokens of the decoder and {encoder:.1f} of the encoder, in the mean."
        ),
        TableBlock(
            ["row", "query", "nearest text of the fit", "cosine", "said"], lines, "Of the positives of the fit."
        ),
    ]
    if system.targets:
        before, after = (each.vectors(texts, told) for each in (system, system.do("do(contextual=usual)")))
        moved = float((before * after).sum(axis=1).mean())
        about = (
            "The state at the contextual token is what the encoder says, seen through the decoder. Under "
            f"do(contextual=usual) the embeddings of these texts have a cosine of {moved:.2f} with their own: the "
            "farther from 1, the more came through that token. Hold it against the arm `encoder` before the decoder "
            "is credited with it."
        )
        shown.append(Callout([about], "note", "What comes through the contextual token"))
    return shown
