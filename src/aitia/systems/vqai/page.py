"""The report: scores beside what no reasoning draws, and strips: picture, what was drawn, truth, differences."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import scaled
from aitia.report import Block, Callout, ImageBlock, TableBlock, Text, image_grid, narrow_grid
from aitia.systems.vqai.judge import judged_items
from aitia.systems.vqai.reading import Items

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.vqai.model import Vqai

__all__ = ["blocks"]

SHOWN, SCORED = 8, 200
"""Rows that a report shows, and rows that it scores where neither client nor pipeline takes its time."""
SIDE = 96
"""Pixels on a side of their pictures, at least."""
PLAUSIBLE = (
    "What is drawn is a plausible picture, no forecast: only a world whose laws are known says what would have been."
)


def blocks(model: "Vqai", given: "Given") -> list[Block]:
    """Notes, scores, strips and rows."""
    found: list[Block] = [Callout((PLAUSIBLE,), "note")]
    found += [Text(note[:1].upper() + note[1:] + ".") for note in model.training.notes]
    if model.training.warnings:
        found.append(Callout(model.training.warnings, "warning"))
    small = not {"client", "editor"} & set(model.subjects)
    items = model.items(given.take(range(min(SCORED if small else SHOWN, len(given)))))
    answers = model.answers(items.asked_anew).answers
    lines = []
    for name, score in judged_items(model, items, answers, None).items():
        beside = ", ".join(f"{rival} {value:.4f}" for rival, value in score.baselines.items())
        lines.append([name, f"{score.value:.4f}", beside or "-", score.about])
    if lines:
        caption = "On the first rows, which the fit may have seen."
        found.append(TableBlock(["score", "value", "beside", "what it is"], lines, caption))
    items, answers = items.take(range(min(SHOWN, len(items)))), answers[:SHOWN]
    return [*found, _strips(items, model.pictures(items, answers)), _table(items, answers)]


def _strips(items: Items, drawn: NDArray[np.uint8]) -> Block:
    """A strip a row; what differs is bright."""
    heads = ["picture", "drawn", "change"]
    if items.known.all():
        heads[2:] = ["truth", "off by"]
    grid: list[list[Any]] = []
    for row in range(len(items)):
        other = items.after[row] if len(heads) == 4 else items.pictures[row]
        off = np.abs(drawn[row].astype(np.int16) - other).astype(np.uint8)
        cells = [items.pictures[row], drawn[row], *([other] if len(heads) == 4 else []), off]
        grid.append([scaled(cell, max(SIDE, cell.shape[0])) for cell in cells])
    names = [f"row {row}" for row in range(len(items))]
    about = "Pictures, what was drawn for their questions" + (
        ", the true pictures, and where they differ." if len(heads) == 4 else ", and where that differs."
    )
    return ImageBlock(image_grid(grid, heads, names), about, narrow=narrow_grid(grid, heads, names))


def _table(items: Items, answers: tuple[str, ...]) -> TableBlock:
    lines: list[list[object]] = [
        [row, items.questions[row], answers[row] or "-", items.answers[row] or "-"] for row in range(len(items))
    ]
    return TableBlock(["row", "question", "reasoned", "true answer"], lines, "The first rows.")
