"""The report of a model of pages: what some pages say, and what the model would say there."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from aitia.data.table import Table
from aitia.report.blocks import Block, TableBlock, Text
from aitia.systems.cm3.filling import span_scores

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.cm3.model import Cm3

__all__ = ["blocks"]

SHOWN = 12
"""Pages that a report shows."""
DRAWN = 6
"""Pages of which it shows the picture."""
FIELDS = {"alt": "caption", "title": "title of the link", "image": "picture"}


def blocks(system: "Cm3", given: "Given") -> list[Block]:
    """Some pages: each field with what fills it, and the -log p of what the page says there."""
    rows = given.take(range(min(SHOWN, len(given))))
    layout, model, lines = system.layout, system.fitted(), list[list[object]]()
    pages = [(parts, said, layout.laid(parts, said)) for parts, said in zip(*system.rows(rows), strict=True)]
    fit = [row for row, (_, _, laid) in enumerate(pages) if len(laid.ids) + 3 <= model.longest]
    for row in fit:
        parts, said, laid = pages[row]
        for field, name in FIELDS.items():
            if field not in laid.places:
                continue
            first, behind = laid.places[field]
            own = model.vocabulary.decode(laid.ids[first:behind]).strip()
            loss = -np.mean(span_scores(model, system.config.objective, [laid.ids], [(first, behind)])[0])
            found = ""
            if field != "image" and system.config.objective != "masked":
                parts_without = [replace(part, text="") if part.kind == field else part for part in parts]
                asked = layout.asked(parts_without, replace(said, **{field: None}), (field,))
                found = model.vocabulary.decode(system.fill([(row, asked)], temperature=0.0)[0][0]).strip()
            lines.append([row, name, found or "-", _short(own, field), f"{loss:.2f}"])
    gone = len(pages) - len(fit)
    left_out = f" {gone} of the first {len(pages)} are longer than the model takes and are not shown." if gone else ""
    head: Sequence[str] = ["page", "field", "filled in", "what it says", "-log p of a token"]
    return [
        *_drawn(system, rows, fit),
        Text(f"Each field of some pages was taken out and asked for from the rest of the page.{left_out}"),
        TableBlock(
            head, lines, "-log p in nats, of what the page says, given all else of it. Pictures are rows of codes."
        ),
    ]


def _drawn(system: "Cm3", rows: "Given", fit: Sequence[int]) -> Sequence[Block]:
    """The pictures of some pages that fit, beside those that are drawn from the rest of the page."""
    column = rows.column("image")
    if system.pictures is None or column is None or column not in rows.table:
        return []
    absent = rows.table.absent(column)
    there = np.array([row for row in fit if not absent[row]][:DRAWN], dtype=np.int64)
    if not len(there):
        return []
    some = rows.take(there)
    without = some.table.with_columns({column: [None] * len(there)}, {column: "picture"})
    made = system.predict(some.with_rows(without)).known
    shown = {"of the page": some.table.select([column]), "drawn from the rest of it": made.select([column])}
    return Table.draw(shown, [f"page {row}" for row in there], "Pictures of pages, and one drawn in the place of each.")


def _short(text: str, field: str) -> str:
    return f"{len(text.split())} codes" if field == "image" and text else text
