"""The report: what this is not, pairs with what is made of either half, new pairs, and what steps are worth."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from aitia.report import Block, Callout, TableBlock, Text
from aitia.stats.metrics import bleu, meteor
from aitia.systems.medim.card import NO_DEVICE
from aitia.systems.medim.judge import spaced
from aitia.systems.medim.reading import reports_of

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.medim.model import Medim

__all__ = ["STEPS", "blocks"]

SHOWN = 6
ASKED = 48
STEPS = (8, 16, 32, 64)
"""Calls of the network on the curve."""


def blocks(model: "Medim", given: "Given") -> list[Block]:
    """Some of these rows."""
    rows = given.take(range(min(SHOWN, len(given))))
    image, report = given.column("image") or "image", given.column("report") or "report"
    labels = [column for column, _ in model.attributes if column in rows.table]
    kept = rows.with_rows(rows.table.select([image, report, *labels]))
    without = [rows.with_rows(kept.table.drop([name])) for name in (report, image)]
    shown = {
        "the pair": kept.data,
        "report made": model.predict(without[0]),
        "image made": model.predict(without[1]),
        "a new pair": model.sample(len(rows), seed=1),
    }
    about = (
        "Images, and below them the texts, of rows that the fit has not seen, of what was made of one half, and new."
    )
    return [
        Callout([NO_DEVICE], "warning"),
        Text("Each row is a pair; what is made is drawn, and another seed draws another."),
        *kept.data.draw(shown, [f"row {k}" for k in range(len(rows))], about),
        _curve(model, given),
    ]


def _curve(model: "Medim", given: "Given") -> Block:
    """Reports from images at several numbers of steps."""
    rows = given.take(range(min(ASKED, len(given))))
    true = [spaced(model, text or "") for text in reports_of(rows)]
    asked = [replace(pair, report=None) for pair in model.pairs(rows)]
    lines: list[Sequence[object]] = []
    for steps in (model.config.sampling_steps,) if model.config.objective == "autoregressive" else STEPS:
        said = [model.said(pair) for pair in model.made(asked, steps=steps)]
        lines.append([steps, f"{meteor(said, true):.3f}", f"{bleu(said, true, 2):.3f}"])
    most = int(np.max([len(pair.report) for pair in model.pairs(rows) if pair.report is not None]))
    about = (
        f"Of {len(true)} reports made from their images. Words of one step are drawn without regard to each other. No "
        f"row takes more steps than it has masks: the longest of these reports has {most} words."
    )
    return TableBlock(["steps", "METEOR", "BLEU-2"], lines, about)
