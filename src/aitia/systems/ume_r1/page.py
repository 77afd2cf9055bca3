"""The report of an embedder: queries with what was written of them, what was found, and what it cost."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.report.blocks import Block, TableBlock, Text

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.ume_r1.model import UmeR1

__all__ = ["blocks"]

SHOWN = 12
"""Queries that a report shows."""


def blocks(system: "UmeR1", given: "Given") -> list[Block]:
    """Some queries with their reasoning, answer and nearest target of the fit."""
    rows = given.take(range(min(SHOWN, len(given))))
    queries = [item.bare() for item in system._queries(rows)]
    vectors, written = system.embed(queries)
    gallery, cosines = system._held_gallery(), vectors @ system._of_gallery().T
    lines: list[list[object]] = []
    for row, (item, best) in enumerate(zip(queries, cosines.argmax(axis=1), strict=True)):
        asked = " ".join(part for part in (f"{len(item.pictures)} pictures" if item.pictures else "", item.text,
                                           item.instruction) if part)  # fmt: skip
        said = [written[row].reasoning, written[row].answer, len(written[row].ids) + 1] if written else ["", "", 0]
        lines.append([row, asked, *said, gallery.told(int(best)), f"{cosines[row, best]:.3f}"])
    about = "What was found is the nearest target of the fit; tokens are those that were written."
    found: list[Block] = [
        Text(f"{len(gallery.items)} different targets, embedded in mode {system.config.mode}."),
        TableBlock(["row", "query", "reasoning", "answer", "tokens", "found", "cosine"], lines, about),
    ]
    if written:
        tokens = float(np.mean([len(w.ids) + 1 for w in written]))
        found.append(
            Text(f"{tokens:.1f} tokens a query; {system.unfinished:.0%} of the reasonings do not close their tags.")
        )
    return found
