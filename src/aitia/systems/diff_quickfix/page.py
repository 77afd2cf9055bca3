"""The report: the trace as a map, pictures before and after each edit, and what else went."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.nn.pixels import to_bytes
from aitia.report import Block, Callout, ImageBlock, Picture, TableBlock, Text, image_grid, narrow_grid, shaded_matrix
from aitia.systems.diff_quickfix.closed_form import random_edit
from aitia.systems.diff_quickfix.effects import look, of_pairs
from aitia.systems.diff_quickfix.prompts import of_concept
from aitia.systems.diff_quickfix.tracing import Restored

if TYPE_CHECKING:
    from aitia.systems.diff_quickfix.model import DiffQuickfix

__all__ = ["blocks"]

ACROSS, MOST = 4, 4
"""Prompts beside each other, and concepts that are shown."""


def blocks(system: "DiffQuickfix") -> list[Block]:
    """Of the prompts of the fit."""
    made: list[Block] = [Text(note) for note in system.notes]
    if system.warnings:
        made.append(Callout(system.warnings, "warning"))
    restored = system.restored
    inside = [each for each in restored if each.site.startswith(f"{system.config.encoder}.")]
    made.append(_encoder_map(inside, system.config.encoder))
    rows = [
        [each.site, each.part.replace("_", " "), f"{each.share:+.2f}", f"{each.low:+.2f} to {each.high:+.2f}",
         f"{each.control:+.2f}"]
        for each in sorted(restored, key=lambda each: -each.share)
    ]  # fmt: skip
    caption = "Share of the concept that a state brings back; a random change as long should bring back none."
    made.append(TableBlock(["place", "kind", "restored", "95 %", "random change"], rows, caption))
    made += [_strip(system, concept) for concept in system.targets.names[:MOST]]
    if system.kept:
        made.append(_stay(system))
    made.append(
        Callout(
            ["To rewrite the prompt costs nothing and always works: an edit is for a model that is handed on.",
             "What is erased may be reached by other words, by embeddings or by picture prompts: an edit is no proof "
             "of absence."],
            "note", "What an edit is",
        )
    )  # fmt: skip
    return made


def _encoder_map(restored: Sequence[Restored], encoder: str) -> Block:
    """Layers down, kinds of state across."""
    kinds = list(dict.fromkeys(each.part for each in restored))
    by_kind = [[each.share for each in restored if each.part == kind] for kind in kinds]
    shown = np.array(by_kind).T
    layers = [f"layer {k}" for k in range(len(shown))]
    caption = f"States of {encoder} at the concept: the share that each restores."
    return Picture(shaded_matrix(layers, [kind.replace("_", " ") for kind in kinds], shown), caption)


def _strip(system: "DiffQuickfix", concept: str) -> Block:
    """The same noises before, after, after a random change, and by the other prompt."""
    config, pipeline = system.config, system.pipeline
    pairs = of_concept(system.pairs, concept)[:ACROSS]
    edit = system.edit_of(Intervention({concept: system._held_words(concept)}))
    assert edit is not None
    seen = of_pairs(pipeline, pairs, config)
    assert seen.wanted is not None
    drawn = [seen.before, *(seen.after(pipeline, one, config) for one in (edit, random_edit(edit, config.seed)))]
    rows = ["as it is", "edited", "random change", "other prompt"]
    return _grid([*drawn, seen.wanted], config.noises, [pair.prompt for pair in pairs], rows, f"{concept}: the same "
                 "noise, before and after.")  # fmt: skip


def _stay(system: "DiffQuickfix") -> Block:
    """Prompts that are to stay, before and after all edits together."""
    config, pipeline, kept = system.config, system.pipeline, system.kept[:ACROSS]
    edit = system.edit_of(Intervention({name: system._held_words(name) for name in system.targets.names}))
    seen = look(pipeline, kept, None, config)
    drawn = [seen.before, seen.after(pipeline, edit, config)]
    return _grid(drawn, config.noises, kept, ["as it is", "all edits"], "Prompts whose pictures are to stay.")


def _grid(drawn: Sequence[object], noises: int, heads: Sequence[str], rows: Sequence[str], caption: str) -> Block:
    """One picture of each prompt."""
    cells: list[list[NDArray[np.uint8] | None]] = [list(to_bytes(x)[::noises]) for x in drawn]  # type: ignore[arg-type]
    columns = ["\n".join(_lines(head)) for head in heads]
    return ImageBlock(image_grid(cells, columns, rows), caption, caption, narrow_grid(cells, columns, rows))


def _lines(text: str, longest: int = 14) -> list[str]:
    """A prompt in lines that fit above a picture, three at most."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > longest:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines if len(lines) <= 3 else [*lines[:2], f"{lines[2]} ..."]
