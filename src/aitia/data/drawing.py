"""Rows beside each other as parts of a report: pictures in a grid, tables, figures of tracks, lines of recordings."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.data.flow import Flow
from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.report import (
    Block,
    Callout,
    ImageBlock,
    Line,
    Picture,
    TableBlock,
    TrackPanel,
    image_grid,
    line_chart,
    narrow_grid,
    tracks_figure,
)

if TYPE_CHECKING:
    from aitia.data.clips import Clips
    from aitia.data.recordings import Recordings
    from aitia.data.tracks import Tracks

__all__ = ["draw_clips", "draw_flow", "draw_recordings", "draw_tables", "draw_tracks", "picture_grid", "side_by_side"]

FRAMES = 5
"""Of a clip, evenly picked, that stand side by side."""
FACT, TRUTH, FORECAST = "fact", "truth", "forecast"
"""Headings with a meaning: what is; what a simulator says; what a model says without an intervention."""
UNITS = 8
"""Of a recording, at most, that are drawn."""


def draw_tables(shown: Mapping[str, Table], names: Sequence[str], about: str) -> list[Block]:
    """Pictures in a grid, and the other columns in a table with a line for each row and heading."""
    first = next(iter(shown.values()))
    blocks: list[Block] = []
    pictures = first.of_kind(Kind.PICTURE)
    for column in pictures:
        there = {head: table for head, table in shown.items() if column in table}
        parts = {head: (table.pictures(column), table.absent(column)) for head, table in there.items()}
        several = f" ({column})" if len(pictures) > 1 else ""
        grid = [[None if gone[i] else _coloured(all_[i]) for all_, gone in parts.values()] for i in _rows(names)]
        shown_as = (grid, list(parts), list(names))
        blocks.append(ImageBlock(image_grid(*shown_as), about + several, narrow=narrow_grid(*shown_as)))
    columns = [name for name in first.names if name not in pictures]
    if columns:
        heads = [head for name in columns for head in _heads(first, name)]
        lines: list[list[object]] = []
        for i, name in enumerate(names):
            for head, table in shown.items():
                cells = [cell for column in columns for cell in _cells(table, column, i, first)]
                lines.append([f"{name}: {head}", *cells])
        blocks.append(TableBlock(["", *heads], lines, "" if pictures else about))
    return blocks


def draw_flow(flow: Flow, parts: Mapping[str, int]) -> list[Block]:
    """Rows read, left out for each reason and used, and what was understood of them.

    Args:
        flow: How they came to be.
        parts: What became of those that were used, with how many.
    """
    left = [[f"left out: {reason}", many] for reason, many in flow.dropped.items()]
    counts = [["read", flow.read], *left, ["used", flow.used], *([name, many] for name, many in parts.items())]
    table = TableBlock([flow.source, "rows"], counts)
    return [table, Callout(flow.told, "note", "What was understood, and what overrules it")] if flow.told else [table]


def _rows(names: Sequence[str]) -> range:
    return range(len(names))


def _heads(table: Table, name: str) -> list[str]:
    values = table.column(name) if table.continuous(name) else np.empty(0)
    return [name] if values.ndim == 1 else [f"{name}.{k}" for k in range(values.shape[1])]


def _cells(table: Table, name: str, row: int, first: Table) -> list[object]:
    if name not in table:
        return [""] * len(_heads(first, name))
    if table.continuous(name):
        return [float(v) if v == v else "" for v in np.atleast_1d(table.column(name)[row])]
    value = table.labels(name)[row]
    return ["" if value is None else str(value)]


def picture_grid(parts: Mapping[str, NDArray[np.uint8]], names: Sequence[str]) -> bytes:
    """A PNG of stacks of pictures, (n, height, width, 3), each under its heading."""
    return image_grid([[part[i] for part in parts.values()] for i in _rows(names)], list(parts), list(names))


def side_by_side(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Some frames of each clip as one picture, (n, height, frames * width, 3)."""
    shown = np.unique(np.linspace(0, images.shape[1] - 1, FRAMES).round().astype(int))
    n, frames, height, width, channels = images[:, shown].shape
    return images[:, shown].transpose(0, 2, 1, 3, 4).reshape(n, height, frames * width, channels)


def _coloured(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image


def draw_clips(shown: "Mapping[str, Clips]", names: Sequence[str], about: str) -> list[Block]:
    """A grid in which each clip is some of its frames side by side; of vectors, lines for their first numbers."""
    first = next(iter(shown.values()))
    if first.images.ndim == 3:
        steps = list(range(first.images.shape[1]))
        return [
            Picture(
                line_chart(
                    steps,
                    [Line(head, clips.images[i, :, k].tolist()) for head, clips in shown.items()],
                    x_label="frame",
                    y_label=f"number {k + 1}",
                ),
                f"{name}. {about}",
            )
            for i, name in enumerate(names)
            for k in range(min(first.images.shape[2], max(UNITS // len(names), 1)))
        ]
    parts = {head: side_by_side(clips.images) for head, clips in shown.items()}
    return [ImageBlock(picture_grid(parts, names), about)]


def draw_tracks(shown: "Mapping[str, Tracks]", names: Sequence[str], about: str) -> list[Block]:
    """A panel for each scene and answer: the past that all share, what came, and what is said to come.

    `fact` is what came; `truth`, or a heading that ends in it, what a simulator says; `forecast` what a model says
    without an intervention; every other heading what it says under one.
    """
    first = next(iter(shown.values()))
    facts = shown.get(FACT, first)
    past = _shared(list(shown.values()))
    asked = [h for h in shown if h not in (FACT, FORECAST) and not h.endswith(TRUTH)] or [""]
    panels = []
    for head in asked:
        truth = shown.get(f"{head}\n{TRUTH}", shown.get(TRUTH))
        for i, name in enumerate(names):
            there = facts.there[i]

            def part(rows: "Tracks | None", i: int = i, there: NDArray[np.bool_] = there) -> NDArray[np.float64] | None:
                return None if rows is None or past == rows.tracks.shape[2] else rows.tracks[i][there][:, past:]

            panels.append(
                TrackPanel(
                    f"{name}: {head}" if len(asked) > 1 else name,
                    facts.tracks[i][there][:, :past],
                    part(shown.get(FORECAST)),
                    part(facts),
                    part(shown.get(head)) if shown.get(head) is not facts else None,
                    part(truth),
                )
            )
    return [Picture(tracks_figure(panels), about)]


def _shared(parts: "Sequence[Tracks]") -> int:
    """How many frames from the first on are the same in all: the past; all of them where there is nothing to differ."""
    frames = min(int(part.tracks.shape[2]) for part in parts)
    if len(parts) == 1:
        return frames
    same = np.ones(frames, dtype=bool)
    for part in parts[1:]:
        same &= np.isclose(part.tracks[:, :, :frames], parts[0].tracks[:, :, :frames], atol=1e-6).all(axis=(0, 1, 3))
    return frames if same.all() else max(int(np.argmin(same)), 1)


def draw_recordings(shown: "Mapping[str, Recordings]", names: Sequence[str], about: str) -> list[Block]:
    """For each animal the signals of its first units, a line for each heading."""
    first = next(iter(shown.values()))
    blocks: list[Block] = []
    for i, name in enumerate(names):
        for u in np.flatnonzero(first.present[i])[: max(UNITS // len(names), 1)]:
            unit = first.units[u]
            lines = [
                Line(head, rows.signals[i, :, rows.units.index(unit)].tolist())
                for head, rows in shown.items()
                if unit in rows.units and rows.frames == first.frames
            ]
            seconds = (np.arange(first.frames) / first.rate).tolist()
            blocks.append(Picture(line_chart(seconds, lines, x_label="seconds", y_label=unit), f"{name}. {about}"))
    return blocks
