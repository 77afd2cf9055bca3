"""Tables as bytes and as files that people open."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aitia.data.columns.cells import Cells
from aitia.data.frames import import_extra
from aitia.data.kinds import DISCRETE, Kind
from aitia.data.table import Table
from aitia.errors import FormatError
from aitia.files import write_whole

if TYPE_CHECKING:
    from aitia.data.clips import Clips
    from aitia.data.recordings import Recordings
    from aitia.data.tracks import Tracks

__all__ = [
    "date_text",
    "make_folder",
    "table_bytes",
    "write_animals",
    "write_clips",
    "write_csv",
    "write_pictures",
    "write_positions",
    "write_rows",
]


def table_bytes(table: Table, suffix: str) -> bytes:
    """A table as the bytes of a file with this ending.

    Raises:
        FormatError: If there is no such ending.
    """
    if suffix in (".csv", ".tsv"):
        columns = {head: cells for name in table.names for head, cells in _told(table, name)}
        return _separated(columns, list(columns), "," if suffix == ".csv" else "\t").encode()
    if suffix in (".jsonl", ".ndjson"):
        plain = {name: _plain(table, name) for name in table.names}
        lines = [{name: cells[row] for name, cells in plain.items()} for row in range(table.n)]
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode("utf-8")
    if suffix == ".conll":
        return _tagged(table)
    if suffix == ".parquet":
        pandas = import_extra("pandas", "data")
        frame = table.to_pandas()
        for name in table.of_kind(Kind.PICTURE, Kind.LIST, Kind.SPANS):
            frame[name] = pandas.array(
                [cell or None for _, cells in _told(table, name) for cell in cells], dtype=object
            )
        out = io.BytesIO()
        frame.to_parquet(out, index=False)
        return out.getvalue()
    raise FormatError(
        f"tables are written as .csv, .tsv, .jsonl, .conll or .parquet, not {suffix or 'without an ending'}"
    )


def _tagged(table: Table) -> bytes:
    """The one column of texts and the one of spans as tokens with tags, a blank line between rows."""
    from aitia.data.reading.conll import lines_of

    texts, spans = table.of_kind(Kind.TEXT), table.of_kind(Kind.SPANS)
    if len(texts) != 1 or len(spans) != 1:
        raise FormatError(
            f".conll holds a text and its spans, got {len(texts)} texts and {len(spans)} columns of spans"
        )
    rows = zip(table.texts(texts[0]), table.spans(spans[0]), strict=True)
    blocks = ("\n".join(lines_of(text, held or (), row)) for row, (text, held) in enumerate(rows))
    return "".join(f"{block}\n\n" for block in blocks).encode("utf-8")


def write_rows(table: Table, folder: Path, stem: str, rows: Sequence[int]) -> list[Path]:
    """`STEM.csv` with a column `row`; pictures as `STEM-COLUMN-ROW.png`, `STEM-ROW.png` where there is one column."""
    make_folder(folder)
    pictures = table.of_kind(Kind.PICTURE)
    files: list[Path] = []
    for name in pictures:
        middle = f"{name}-" if len(pictures) > 1 else ""
        absent = table.absent(name)
        names = ["" if gone else f"{stem}-{middle}{row}.png" for row, gone in zip(rows, absent, strict=True)]
        there = np.flatnonzero(~absent).tolist()
        if there:
            written = table.take(there).select([name])
            files += write_pictures(written, name, folder, [names[row] for row in there])
        table = table.with_columns({name: names})
    columns: dict[str, Sequence[str]] = {"row": [str(row) for row in rows]}
    columns |= {head: cells for name in table.names for head, cells in _told(table, name)}
    files.append(write_csv(folder / f"{stem}.csv", list(columns), zip(*columns.values(), strict=True)))
    return files


def write_pictures(table: Table, name: str, folder: Path, names: Sequence[str]) -> list[Path]:
    """Writes each picture of a column as a PNG file of this name; they may differ in size."""
    from aitia.data.columns.picture import png

    paths = []
    for row, file in enumerate(names):
        write_whole(folder / file, png(table.take([row]).pictures(name)[0]))
        paths.append(folder / file)
    return paths


def write_clips(clips: "Clips", folder: Path, stem: str, rows: Sequence[int]) -> list[Path]:
    """`STEM-ROW.npz` with the frames, `STEM-ROW.png` with some side by side, and `STEM.csv` with the labels."""
    from aitia.data.columns.picture import png
    from aitia.data.drawing import side_by_side

    make_folder(folder)
    files = []
    drawn = [png(one) for one in side_by_side(clips.images)] if clips.images.ndim == 5 else [b""] * len(clips)
    for row, frames, seen in zip(rows, clips.images, drawn, strict=True):
        packed = io.BytesIO()
        np.savez_compressed(packed, frames=frames)
        for ending, data in ((".npz", packed.getvalue()), *(((".png", seen),) if seen else ())):
            write_whole(folder / f"{stem}-{row}{ending}", data)
            files.append(folder / f"{stem}-{row}{ending}")
    return [*files, *write_rows(clips.labels, folder, stem, rows)]


def write_positions(tracks: "Tracks", folder: Path, stem: str, rows: Sequence[int]) -> list[Path]:
    """`STEM.csv`: a line for each position of each agent that is there, and `draw` where there are several answers."""
    make_folder(folder)
    several = "draw" in tracks.known
    draws = tracks.known.column("draw").astype(int).tolist() if several else [0] * len(tracks)
    lines = [
        [row, agent, frame, x, y, label, draw][: 7 if several else 6]
        for row, scene, there, label, draw in zip(
            rows, tracks.tracks, tracks.there, tracks.environment.tolist(), draws, strict=True
        )
        for agent in np.flatnonzero(there).tolist()
        for frame, (x, y) in enumerate(scene[agent].tolist())
    ]
    heads = ["row", "agent", "frame", "x", "y", "environment", *(["draw"] if several else [])]
    return [write_csv(folder / f"{stem}.csv", heads, lines)]


def write_animals(recordings: "Recordings", folder: Path, stem: str, rows: Sequence[int]) -> list[Path]:
    """`STEM-ROW.csv` for each animal, which `read_recordings` reads."""
    make_folder(folder)
    seconds = [[t] for t in (np.arange(recordings.frames) / recordings.rate).tolist()]
    files = []
    for i, row in enumerate(rows):
        has = np.flatnonzero(recordings.present[i])
        lines = np.hstack([seconds, recordings.signals[i][:, has]]).tolist()
        files.append(write_csv(folder / f"{stem}-{row}.csv", ["time", *(recordings.units[u] for u in has)], lines))
    return files


def write_csv(path: Path, head: Sequence[str], lines: Iterable[Sequence[object]]) -> Path:
    """Writes a CSV file, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(lines)
    write_whole(path, text.getvalue())
    return path


def make_folder(folder: Path) -> None:
    """Makes a folder.

    Raises:
        FormatError: If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"{folder} cannot be made: {error.strerror}") from error


def _separated(columns: Mapping[str, Sequence[str]], head: Sequence[str], separator: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", delimiter=separator)
    writer.writerow(head)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def _told(table: Table, name: str) -> list[tuple[str, list[str]]]:
    """Heads and cells as text; several for a vector."""
    column = table._columns[name]
    if isinstance(column, Cells):
        return [(name, column.told())]
    if column.kind in DISCRETE:
        return [(name, ["" if label is None else str(label) for label in column.cells()])]
    if column.values.ndim == 2:
        return [(f"{name}.{k}", [_number(v) for v in column.values[:, k]]) for k in range(column.values.shape[1])]
    if column.kind is Kind.TIME:
        return [(name, [date_text(v) for v in column.values])]
    return [(name, [_number(v) for v in column.values])]


def _plain(table: Table, name: str) -> list[Any]:
    column = table._columns[name]
    if isinstance(column, Cells):
        return column.told() if column.kind is Kind.PICTURE else column.cells()
    if column.kind is Kind.TIME:
        return [date_text(v) or None for v in column.values]
    if column.kind in DISCRETE:
        return list(column.cells())
    return [None if v != v else v for v in column.values.tolist()]


def _number(value: float) -> str:
    return (
        ""
        if np.isnan(value)
        else repr(int(value))
        if value == int(value) and abs(value) < 2**53
        else repr(float(value))
    )


def date_text(days: float) -> str:
    """A time as people write it, from days since 1970: a date, with the hour unless it is midnight; empty if none."""
    if np.isnan(days):
        return ""
    moment = np.datetime64(round(days * 86_400e6), "us")
    text = str(moment)
    return text.removesuffix("T00:00:00.000000").removesuffix(".000000")
