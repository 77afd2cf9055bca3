"""The pictures of fitted models: facts, answers and truths side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aitia.data.clips import Clips
from aitia.data.images import ImageSet
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.report import Block, ImageBlock, TableBlock, image_grid
from aitia.report.tracks import TrackPanel
from aitia.workflow.observed import Rows

__all__ = ["Question", "as_images", "image_rows", "image_table", "table_rows", "track_panels"]

FRAMES = 5
"""Of a clip, evenly picked, that stand side by side."""


@dataclass(frozen=True, eq=False)
class Question:
    """One column of a picture.

    Args:
        head: What was asked of the model.
        answer: The rows as the model answers.
        truth: The rows as the simulator has them; None where none does.
        truth_head: What was asked of the simulator, where it is not the same.
    """

    head: str
    answer: Rows = field(repr=False)
    truth: Rows | None = field(repr=False, default=None)
    truth_head: str = ""


def as_images(rows: Rows) -> NDArray[np.uint8] | None:
    """Images of rows, (n, height, width, 3); some frames of a clip side by side; None of what is no image."""
    if isinstance(rows, ImageSet):
        return rows.images
    if isinstance(rows, Clips):
        shown = np.unique(np.linspace(0, rows.images.shape[1] - 1, FRAMES).round().astype(int))
        n, frames, height, width, _ = rows.images[:, shown].shape
        return rows.images[:, shown].transpose(0, 2, 1, 3, 4).reshape(n, height, frames * width, 3)
    return None


def image_table(facts: Rows, questions: Sequence[Question], names: Sequence[str]) -> bytes:
    """A PNG with each row's fact, and for every question the answer with the truth beside it where it is known."""
    columns, parts = ["fact"], [as_images(facts)]
    for question in questions:
        columns.append(f"{question.head}\nmodel")
        parts.append(as_images(question.answer))
        if question.truth is not None:
            columns.append(f"{question.truth_head}\ntruth")
            parts.append(as_images(question.truth))
    return image_grid([[None if p is None else p[i] for p in parts] for i in range(len(names))], columns, names)


def image_rows(facts: Rows, questions: Sequence[Question], names: Sequence[str], about: str) -> Block:
    """The same as a part of a report."""
    known = any(question.truth is not None for question in questions)
    caption = about + (" Beside each answer stands what the simulator says." if known else "")
    return ImageBlock(image_table(facts, questions, names), caption)


def table_rows(
    facts: Rows, questions: Sequence[Question], names: Sequence[str], columns: Sequence[str], about: str
) -> Block:
    """Numbers: each row's fact, then for every question the answer and, where it is known, the truth."""
    lines: list[list[object]] = []
    for i, name in enumerate(names):
        lines.append([f"{name}: fact", *_line(facts, columns, i)])
        for question in questions:
            lines.append([f"{question.head}: model", *_line(question.answer, columns, i)])
            if question.truth is not None:
                lines.append([f"{question.truth_head or question.head}: truth", *_line(question.truth, columns, i)])
    return TableBlock(["", *columns], lines, about)


def track_panels(
    facts: Tracks, forecast: Rows, question: Question, observed: int, names: Sequence[str]
) -> list[TrackPanel]:
    """A panel for each scene: past, forecast and what came, and the same under the question."""
    panels = []
    for i, name in enumerate(names):
        there = facts.there[i]

        def part(rows: Rows | None, i: int = i, there: NDArray[np.bool_] = there) -> NDArray[np.float64] | None:
            return rows.tracks[i][there][:, observed:] if isinstance(rows, Tracks) else None

        panels.append(
            TrackPanel(
                name,
                facts.tracks[i][there][:, :observed],
                part(forecast),
                part(facts),
                part(question.answer),
                part(question.truth),
            )
        )
    return panels


def _line(rows: Rows, columns: Sequence[str], i: int) -> list[float]:
    assert isinstance(rows, Table)
    values: NDArray[np.float64] = rows.matrix(columns)
    return [float(v) for v in values[i]]
