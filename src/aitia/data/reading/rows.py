"""Folders of rows as `Data.write` and `aitia world --out` leave them.

- `FOLDER/STEM.csv` with a column `row`; a column that names files has its pictures beside it, `STEM-ROW.npz` are clips
- `FOLDER/trial.json`: a world's rows; those to learn from are in `FOLDER/train`, and they alone are read
- `FOLDER/FILE.csv` and for each clip that a column of it names a sub-folder of frames: a column `frames`, a list of
  the pictures of that sub-folder in the order of their names
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aitia.arrays import read_arrays
from aitia.data.base import Data
from aitia.data.clips import Clips
from aitia.data.columns.picture import SUFFIXES
from aitia.data.kinds import CONTINUOUS, Kind
from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.errors import DataError, FormatError, join_names
from aitia.guard import guarded

__all__ = ["FRAMES", "frames_in", "learnt_from", "read_framed", "read_written", "written_file"]

FRAMES = "frames"
"""The column of the frames of a clip."""
ROW = "row"
Kinds = Mapping[str, Kind | str] | None


def learnt_from(folder: Path) -> Path:
    """The folder of the rows to learn from, where this is one that `aitia world` wrote; else the folder itself."""
    part = folder / "train"
    return part if (folder / "trial.json").is_file() and part.is_dir() else folder


def written_file(folder: Path) -> Path | None:
    """The one CSV file of a folder, where it has the column `row`, so that pictures and clips go by their names."""
    files = sorted(folder.glob("*.csv"))
    return files[0] if len(files) == 1 and _heads(files[0])[:1] == [ROW] else None


def read_written(
    file: Path, takes: Sequence[str], kinds: Kinds = None, expected: Kinds = None, size: int | None = None
) -> Data:
    """The rows of a file with a column `row` and of what lies beside it.

    Args:
        file: The table.
        takes: Forms of rows that are wanted.
        kinds: Of columns, where they are not what their values suggest.
        expected: The same of columns that may be there.
        size: Pixels on a side to scale pictures of a table to when they are looked at; None leaves them.

    Raises:
        FormatError: If a file cannot be read, or the rows are of no form that is wanted.
        DataError: If a row lacks its clip, or clips differ in shape.
    """
    told = dict(kinds or {})
    told |= dict.fromkeys(_of_pictures(file, [name for name in _heads(file) if name not in told]), Kind.PICTURE)
    table = read_table(file, kinds=told, expected={n: kind for n, kind in (expected or {}).items() if n not in told})
    rows = [f"{value:g}" if isinstance(value, float) else str(value) for value in table.labels(ROW).tolist()]
    if not (file.parent / f"{file.stem}-{rows[0]}.npz").is_file():
        if "table" not in takes:
            raise FormatError(f"{file.parent} holds a table without clips, wanted {' or '.join(takes)}")
        return table.sized(size)
    if "clips" not in takes:
        raise FormatError(f"{file.parent} holds clips, wanted {' or '.join(takes)}")
    frames = [_frames(file.parent / f"{file.stem}-{row}.npz") for row in rows]
    for row, one in zip(rows, frames, strict=True):
        if one.shape != frames[0].shape or one.dtype != frames[0].dtype:
            raise DataError(
                f"row {row} of {file} has a clip of {one.shape}, and row {rows[0]} one of {frames[0].shape}"
            )
    labels = table.drop([ROW])
    return Clips(np.stack(frames), _with_vectors(labels, len(frames[0])), str(file.parent))


def _heads(file: Path) -> list[str]:
    with guarded(file), file.open(encoding="utf-8-sig", newline="") as lines:
        return next(csv.reader(lines), [])


def _of_pictures(file: Path, names: Sequence[str]) -> list[str]:
    """The columns all of whose cells name pictures that are there, or are empty."""
    with guarded(file), file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    found = []
    for name in names:
        cells = {row[name] for row in rows if row.get(name)}
        if cells and all(c.lower().endswith(SUFFIXES) and (file.parent / c).is_file() for c in cells):
            found.append(name)
    return found


def _frames(path: Path) -> Any:
    if not path.is_file():
        raise DataError(f"there is no clip {path}: put it there, or drop its row")
    arrays = read_arrays(path)
    if "frames" not in arrays:
        raise FormatError(f"{path} has no array 'frames'; it has {join_names(arrays) or 'none'}")
    return arrays["frames"]


def _with_vectors(table: Table, frames: int) -> Table:
    """The columns NAME.0, NAME.1, ... of all frames as one column NAME."""
    for name in [head.removesuffix(".0") for head in table.names if head.endswith(".0")]:
        parts = [f"{name}.{k}" for k in range(frames)]
        if name in table or not all(part in table for part in parts):
            continue
        if all(table.kind(part) in CONTINUOUS or table.kind(part) is Kind.LABEL for part in parts):
            values = np.stack([np.asarray(table.labels(part), dtype=np.float64) for part in parts], axis=1)
            table = table.drop(parts).joined(Table.of({name: values}, kinds={name: Kind.NUMBER}))
    return table


# -- a table of events and frames of each clip -------------------------------------------------------------------------


def frames_in(home: Path, name: str) -> list[Path]:
    """The pictures of a clip in the order of their names.

    Args:
        home: Folder of all clips.
        name: Of the clip, the sub-folder with its frames.

    Raises:
        FormatError: If the sub-folder lies outside of the folder, is a file, or has no frames.
    """
    place = (home / name).resolve()
    if not place.is_relative_to(home.resolve()) or place == home.resolve():
        raise FormatError(f"clip {name!r} lies outside of {home}")
    if place.is_file():
        raise FormatError(f"{place} is a file: take the frames of the video out, as pictures in a folder {name}")
    paths = sorted(path for path in place.glob("*") if path.suffix.lower() in SUFFIXES) if place.is_dir() else []
    if not paths:
        raise FormatError(f"clip {name!r} has no frames: put them as pictures into {home / name}")
    return paths


def read_framed(folder: Path, kinds: Kinds = None, expected: Kinds = None) -> Table | None:
    """The table of a folder with one CSV file and frames in sub-folders that one of its columns names; None of others.

    Raises:
        FormatError: If the file cannot be read, or a clip has no frames.
    """
    files, clips = sorted(folder.glob("*.csv")), {path.name for path in folder.iterdir() if path.is_dir()}
    if len(files) != 1 or not clips:
        return None
    with guarded(files[0]), files[0].open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    named = {name: sum(row.get(name) in clips for row in rows) for name in _heads(files[0])}
    of = max(named, key=lambda name: named[name], default=None)
    if of is None or not named[of]:
        return None
    told = {name: kind for name, kind in (expected or {}).items() if name != FRAMES}
    table = read_table(files[0], kinds=kinds, expected=told)
    names = [row[of] for row in rows]
    if table.n != len(names):
        raise FormatError(f"{files[0]} has lines that are no rows: remove them, so that each row has its clip")
    held = {name: [str(path) for path in frames_in(folder, name)] for name in dict.fromkeys(names)}
    return table.joined(Table.of({FRAMES: [held[name] for name in names]}, kinds={FRAMES: Kind.LIST}))
