"""The report: scores by direction of the connective, and rows with what was chosen."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.report.blocks import Block, TableBlock, Text
from aitia.systems.vqa_causal.judge import judged

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.vqa_causal.model import VqaCausal

__all__ = ["blocks"]

SHOWN = 12
"""Rows that a report shows."""


def blocks(system: "VqaCausal", given: "Given") -> list[Block]:
    """The share right beside what texts alone reach, then rows."""
    found: list[Block] = [Text(note[:1].upper() + note[1:] + ".") for note in system.training.notes]
    lines = []
    for name, score in judged(system, given).items():
        beside = ", ".join(f"{rival} {value:.3f}" for rival, value in score.baselines.items())
        lines.append([name, f"{score.value:.3f}", beside or "-", score.about])
    if lines:
        found.append(TableBlock(["score", "value", "beside", "what it is"], lines, "On the rows of the report."))
    rows = given.take(range(min(SHOWN, len(given))))
    pairs = system.pairs(rows)
    margins = system.margins(pairs)
    shown: list[list[object]] = []
    for row, margin in enumerate(margins):
        chosen = "neither" if not np.isfinite(margin) or margin == 0 else "sentence" if margin > 0 else "reverse"
        true = "" if pairs.right[row] < 0 else ("sentence", "reverse")[pairs.right[row]]
        shown.append([row, pairs.sentences[row], pairs.reverses[row], true, chosen, f"{margin:+.4f}"])
    found.append(TableBlock(["row", "sentence", "reverse", "true", "chosen", "ahead by"], shown, "The first rows."))
    return found
