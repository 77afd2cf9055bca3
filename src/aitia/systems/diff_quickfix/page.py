"""The report: the trace as a map, pictures before and after each edit, and what else went."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

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

ACROSS, MOST, PLACES = 4, 4, 10
"""Prompts beside each other, concepts that are shown, and places in the table."""
LEAST = -1.0
"""Share that a cell of the map shows at least: late blocks may spoil a picture many times over."""
_DONE = (
    "Of the prompts of the fit. Like other: the share of the way to the pictures of the other prompts. Others moved: "
    "how far pictures went that are to stay, of how far another noise takes them; with a reader the share of "
    "attributes that are read otherwise."
)


def blocks(system: "DiffQuickfix") -> list[Block]:
    """Of the prompts of the fit."""
    made: list[Block] = [Text(note) for note in system.notes]
    if system.warnings:
        made.append(Callout(system.warnings, "warning"))
    restored = system.restored
    made.append(_encoder_map([each for each in restored if _inside(system, each)], system.config.encoder))
    if outside := [each for each in restored if not _inside(system, each)]:
        made.append(_denoiser_map(outside))
    made.append(_most(restored))
    strips = [_strip(system, concept) for concept in system.targets.names[:MOST]]
    made += [strip for strip, _ in strips]
    done = [row for _, row in strips]
    if system.kept:
        strip, row = _stay(system)
        made.append(strip)
        done.append(row)
    made.append(TableBlock(["of", "what", "effect", "95 %", "random change"], done, _DONE))
    made.append(
        Callout(
            ["To rewrite the prompt costs nothing and always works: an edit is for a model that is handed on.",
             "What is erased may be reached by other words, by embeddings or by picture prompts: an edit is no proof "
             "of absence."],
            "note", "What an edit is",
        )
    )  # fmt: skip
    return made


def _inside(system: "DiffQuickfix", each: Restored) -> bool:
    """Whether a place is in the text encoder."""
    return each.site.startswith(f"{system.config.encoder}.")


def _encoder_map(restored: Sequence[Restored], encoder: str) -> Block:
    """Layers down, kinds of state across."""
    kinds = list(dict.fromkeys(each.part for each in restored))
    by_kind = [[each.share for each in restored if each.part == kind] for kind in kinds]
    shown = np.array(by_kind).T
    layers = [f"layer {k}" for k in range(len(shown))]
    caption = f"States of {encoder} at the concept: the share that each restores."
    return Picture(shaded_matrix(layers, [kind.replace("_", " ") for kind in kinds], shown), caption)


def _denoiser_map(restored: Sequence[Restored]) -> Block:
    """Blocks down, windows of steps across."""
    named = [each.site.split("[step=") for each in restored]
    blocks, windows = (list(dict.fromkeys(one[k] for one in named)) for k in (0, 1))
    shown = np.full((len(blocks), len(windows)), np.nan)
    for (block, window), each in zip(named, restored, strict=True):
        shown[blocks.index(block), windows.index(window)] = max(each.share, LEAST)
    across = [f"steps {window.rstrip(']').replace(':', ' to ')}" for window in windows]
    down = [block.split(".", 1)[-1].replace("transformer_blocks.0.", "") for block in blocks]
    caption = "Blocks of the denoiser in windows of steps: the share that each restores."
    if any(each.share < LEAST for each in restored):
        caption += f" What is below {LEAST:g}, where a picture is spoilt, is shown as that."
    return Picture(shaded_matrix(down, across, shown), caption)


def _most(restored: Sequence[Restored]) -> Block:
    """Those that restore most."""
    most = sorted(restored, key=lambda each: -each.share)[:PLACES]
    rows = [[each.site, each.part.replace("_", " "), *_numbers(each.share, each.low, each.high, each.control)]
            for each in most]  # fmt: skip
    which = "" if len(most) == len(restored) else f" The {len(most)} that bring back most; `aitia effects` has all."
    caption = f"Share of the concept that a state brings back; a random change as long should bring back none.{which}"
    return TableBlock(["place", "kind", "restored", "95 %", "random change"], rows, caption)


def _numbers(share: float, low: float, high: float, control: float) -> list[str]:
    one, least, most, chance = (f"{round(value, 2) + 0.0:+.2f}" for value in (share, low, high, control))
    return [one, f"{least} to {most}", chance]


def _strip(system: "DiffQuickfix", concept: str) -> tuple[Block, list[str]]:
    """The same noises before, after, after a random change, and by the other prompt; and how far they went."""
    config, pipeline = system.config, system.pipeline
    pairs = of_concept(system.pairs, concept)[: config.traced]
    edit = system.edit_of(Intervention({concept: system._held_words(concept)}))
    assert edit is not None
    seen = of_pairs(pipeline, pairs, config)
    assert seen.wanted is not None
    after = [seen.after(pipeline, one, config) for one in (edit, random_edit(edit, config.seed))]
    ours, chance = (seen.efficacy(x, system.reader) for x in after)
    rows = ["as it is", "edited", "random change", "other prompt"]
    strip = _grid([seen.before, *after, seen.wanted], config.noises, [pair.prompt for pair in pairs], rows,
                  f"{concept}: the same noise, before and after.")  # fmt: skip
    return strip, [concept, "like other", *_numbers(ours.share, *ours.interval(config.seed), chance.share)]


def _stay(system: "DiffQuickfix") -> tuple[Block, list[str]]:
    """Prompts that are to stay, before and after all edits together; and how far they went."""
    config, pipeline, kept = system.config, system.pipeline, system.kept[: system.config.traced]
    edit = system.edit_of(Intervention({name: system._held_words(name) for name in system.targets.names}))
    assert edit is not None
    seen = look(pipeline, kept, None, config)
    after = [seen.after(pipeline, one, config) for one in (edit, random_edit(edit, config.seed))]
    ours, chance = (seen.moved(x, system.reader) for x in after)
    strip = _grid([seen.before, after[0]], config.noises, kept, ["as it is", "all edits"],
                  "Prompts whose pictures are to stay.")  # fmt: skip
    return strip, ["all edits", "others moved", *_numbers(ours.share, *ours.interval(config.seed), chance.share)]


def _grid(drawn: Sequence[Tensor], noises: int, heads: Sequence[str], rows: Sequence[str], caption: str) -> Block:
    """One picture of each prompt."""
    cells: list[list[NDArray[np.uint8] | None]] = [list(to_bytes(x)[::noises][:ACROSS]) for x in drawn]
    columns = ["\n".join(_lines(head)) for head in heads[:ACROSS]]
    return ImageBlock(image_grid(cells, columns, rows), caption, caption, narrow_grid(cells, columns, rows))


def _lines(text: str, longest: int = 14) -> list[str]:
    """A prompt in lines that fit above a picture, three at most."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > longest:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines if len(lines) <= 3 else [*lines[:2], f"{lines[2]} ..."]
