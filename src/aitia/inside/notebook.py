"""Traces as a notebook shows them: without a file, what stands in their reports."""

from collections.abc import Sequence

from aitia.inside.lens import LogitLens
from aitia.inside.lens_report import LENS_COLUMNS, lens_picture, lens_rows, lens_sentence
from aitia.inside.report import STRONG_COLUMNS, caption, picture, sentences, strong_rows
from aitia.inside.study import PairsTrace
from aitia.inside.study_report import PLACE_COLUMNS, place_caption, place_rows, study_picture, study_sentence
from aitia.inside.trace import PromptTrace
from aitia.report import Block, Callout, ImageBlock, TableBlock, Text

__all__ = ["lens_html", "study_html", "trace_html"]


def trace_html(found: PromptTrace) -> str:
    """A trace of one prompt."""
    agreed = [] if found.agreement is None else [str(found.agreement)]
    table = TableBlock(STRONG_COLUMNS, strong_rows(found.strongest), caption(found))
    return _shown(found.alarms, sentences(found), picture(found), table, [*agreed, *found.question.notes])


def study_html(found: PairsTrace) -> str:
    """A trace of many pairs."""
    agreed = [] if found.agreement is None else [str(found.agreement)]
    table = TableBlock(PLACE_COLUMNS, place_rows(found.strongest), place_caption(found))
    return _shown(found.alarms, study_sentence(found), study_picture(found), table, [*agreed, *found.notes])


def lens_html(found: LogitLens) -> str:
    """A logit lens."""
    table = TableBlock(LENS_COLUMNS, lens_rows(found), "After the prompt.")
    return _shown((), lens_sentence(found), lens_picture(found), table, found.question.notes)


def _shown(alarms: Sequence[str], told: str, png: bytes | None, table: TableBlock, notes: Sequence[str]) -> str:
    blocks: list[Block] = [Callout(alarms, "alarm", "Alarm")] if alarms else []
    blocks.append(Text(told))
    blocks += [] if png is None else [ImageBlock(png, "", "Heat map")]
    blocks.append(table)
    blocks += [Callout(notes, "note")] if notes else []
    return "".join(block.html() for block in blocks)
