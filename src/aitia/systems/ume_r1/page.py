"""The report of an embedder: queries with what was written of them, what was found, and what it cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.report import ImageBlock, image_grid, narrow_grid
from aitia.report.blocks import Block, TableBlock, Text
from aitia.systems.ume_r1.items import Item

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.ume_r1.model import UmeR1

__all__ = ["blocks"]

SHOWN = 12
"""Queries that a report shows."""
PICTURED = 6
"""Of them, those whose pictures it shows."""
NONE = "-"
"""Where no words were written, as where tags alone were."""


def blocks(system: "UmeR1", given: "Given") -> list[Block]:
    """Some queries with their reasoning, answer and nearest target of the fit."""
    rows = given.take(range(min(SHOWN, len(given))))
    queries = [item.bare() for item in system._queries(rows)]
    vectors, written = system.embed(queries)
    gallery, cosines = system._held_gallery(), vectors @ system._of_gallery().T
    lines: list[list[object]] = []
    found_items: list[Item] = []
    for row, (item, best) in enumerate(zip(queries, cosines.argmax(axis=1), strict=True)):
        asked = " ".join(part for part in (f"{len(item.pictures)} pictures" if item.pictures else "", item.text,
                                           item.instruction) if part)  # fmt: skip
        said: list[object] = [NONE, NONE, 0]
        if written:
            one = written[row]
            said = [one.reasoning or NONE, one.answer or NONE, len(one.ids) + 1]
        lines.append([row, asked, *said, gallery.told(int(best)), f"{cosines[row, best]:.3f}"])
        found_items.append(gallery.items[int(best)])
    about = "What was found is the nearest target of the fit; tokens are those that were written, tags among them."
    found: list[Block] = [
        Text(f"{len(gallery.items)} different targets, embedded in mode {system.config.mode}."),
        *_pictures(system, queries[:PICTURED], found_items[:PICTURED]),
        TableBlock(["row", "query", "reasoning", "answer", "tokens", "found", "cosine"], lines, about),
    ]
    if written:
        tokens = float(np.mean([len(w.ids) + 1 for w in written]))
        found.append(
            Text(f"{tokens:.1f} tokens a query; {system.unfinished:.0%} of the reasonings do not close their tags.")
        )
    return found


def _pictures(system: "UmeR1", queries: Sequence[Item], found: Sequence[Item]) -> list[Block]:
    """The pictures of queries and of what was found, as their codes keep them."""
    images = system._images
    if images is None or not any(item.pictures for item in (*queries, *found)):
        return []
    most = max(len(item.pictures) for item in queries)
    heads = [*(f"picture {k + 1}" for k in range(most)), "found"]
    grid = []
    for query, near in zip(queries, found, strict=True):
        codes = [*query.pictures, *[None] * (most - len(query.pictures)), next(iter(near.pictures), None)]
        grid.append([None if one is None else images.decode(np.array([one]))[0] for one in codes])
    shown = (grid, heads, [f"row {k}" for k in range(len(queries))])
    about = "Pictures of queries and the first picture of what was found, as the codes of the model keep them."
    return [ImageBlock(image_grid(*shown), about, narrow=narrow_grid(*shown))]
