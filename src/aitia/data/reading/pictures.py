"""Folders of pictures as tables with a column `image`.

- `FOLDER/metadata.csv`, or one CSV file of any name, whose column `render_path` (`path`, `file`, `file_name`,
  `filename`, `image`) says where each picture is, from the folder of the file or from the one above it
- `FOLDER/SPLIT/SPLIT.csv`: the export of a suite; each split is a `domain`, unless the file has such a column
- `FOLDER/LABEL/*.png`: the name of the sub-folder is the `label`
- `FOLDER/*.png`: pictures alone

A column `metavalue` holds several columns, as JSON or as Python writes a dict.
"""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import SUFFIXES, png
from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.errors import FormatError, join_names
from aitia.files import write_whole
from aitia.guard import guarded, parse_json

__all__ = ["DOMAINS", "IMAGE", "of_metavalue", "pictures_in", "read_pictures", "text_of", "write_pictures"]

IMAGE = "image"
"""The column of pictures."""
DOMAINS = ("domain", "environment", "env")
"""Columns that say which setting a row is from; the first that is there counts."""
_PLACES = ("render_path", "path", "file", "file_name", "filename", "image")


def read_pictures(
    folder: Path,
    *,
    labels: Path | None = None,
    kinds: Mapping[str, Kind | str] | None = None,
    expected: Mapping[str, Kind | str] | None = None,
) -> Table:
    """The table of a folder of pictures, which are not decoded.

    Args:
        folder: The folder.
        labels: The file of labels, where the folder has none or several; any that `read_table` reads.
        kinds: Of other columns, where they are not what their values suggest.
        expected: The same of columns that may be there.

    Raises:
        FormatError: If there is no picture, no column of places, or several CSV files.
        DataError: If pictures are missing.
    """
    if labels is None and not any(folder.glob("*.csv")):
        if splits := _splits(folder):
            return _exported(splits, kinds, expected)
        found = pictures_in(folder)
        if not found:
            raise FormatError(f"{folder} has no CSV file and no picture ({join_names(SUFFIXES)})")
        return _of_folders(folder, found, kinds)
    return of_metavalue(_labelled(labels or _labels_file(folder), kinds, expected), kinds)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder and of those right below it, sorted."""
    return sorted(
        path
        for path in {*folder.glob("*"), *folder.glob("*/*")}
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )


def _labels_file(folder: Path) -> Path:
    found = sorted(folder.glob("*.csv"))
    if len(found) > 1 and (folder / "metadata.csv") in found:
        return folder / "metadata.csv"
    if len(found) != 1:
        raise FormatError(
            f"{folder} has several CSV files ({join_names(p.name for p in found)}): say which file holds the labels"
        )
    return found[0]


def _of_folders(folder: Path, found: Sequence[Path], kinds: Mapping[str, Kind | str] | None) -> Table:
    columns: dict[str, Any] = {IMAGE: [str(path) for path in found]}
    inside = [path.parent != folder for path in found]
    if all(inside):
        columns["label"] = [path.parent.name for path in found]
    elif any(inside):
        odd = found[inside.index(False)]
        raise FormatError(
            f"{folder} has pictures in sub-folders, which are labels, and others such as {odd.name} in none: "
            "move them, or write a metadata.csv"
        )
    return Table.of(columns, kinds={**(kinds or {}), IMAGE: Kind.PICTURE})


def _labelled(file: Path, kinds: Mapping[str, Kind | str] | None, expected: Mapping[str, Kind | str] | None) -> Table:
    """The table of a file of labels, its column of places turned into pictures."""
    told, hoped = ({n: k for n, k in (some or {}).items() if n not in _PLACES} for some in (kinds, expected))
    table = read_table(file, kinds=told, expected=hoped)
    place = next((name for name in _PLACES if name in table), None)
    if place is None:
        raise FormatError(f"{file} has no column with the images' places: name it {_PLACES[0]!r}")
    paths = [None if path is None else str(path) for path in table.labels(place)]
    base = file.parent
    first = next((path for path in paths if path), "")
    if not (base / first).is_file() and (base.parent / first).is_file():
        base = base.parent
    rest = [name for name in table.names if name != place]
    if IMAGE in rest:
        raise FormatError(f"{file} has the pictures in {place!r} and another column {IMAGE!r}: rename that one")
    pictures = Table.of({IMAGE: paths}, kinds={IMAGE: Kind.PICTURE}, folder=base)
    return pictures.joined(table.select(rest)) if rest else pictures


def _splits(folder: Path) -> dict[str, Path]:
    inside = sorted(path for path in folder.iterdir() if path.is_dir())
    return {path.name: path / f"{path.name}.csv" for path in inside if (path / f"{path.name}.csv").is_file()}


def _exported(
    found: Mapping[str, Path], kinds: Mapping[str, Kind | str] | None, expected: Mapping[str, Kind | str] | None
) -> Table:
    parts = {name: _labelled(file, kinds, expected) for name, file in found.items()}
    if len(parts) == 1:
        return of_metavalue(next(iter(parts.values())), kinds)
    shared = [k for k in next(iter(parts.values())).names if all(k in part for part in parts.values())]
    columns: dict[str, Any] = {
        name: [value for part in parts.values() for value in part.labels(name).tolist()] for name in shared
    }
    of_split = [name for name, part in parts.items() for _ in range(part.n)]
    if "id" in columns:  # an id counts within its split
        columns["id"] = [f"{name}/{text_of(i)}" for name, i in zip(of_split, columns["id"], strict=True)]
    if not any(name in columns for name in DOMAINS):
        columns["domain"] = of_split
    return of_metavalue(Table.of(columns, kinds={**(kinds or {}), IMAGE: Kind.PICTURE}), kinds)


def of_metavalue(table: Table, kinds: Mapping[str, Kind | str] | None = None) -> Table:
    """The table with what its column `metavalue` holds as columns: those that every row has."""
    if "metavalue" not in table or "metavalue" in (kinds or {}):
        return table
    rows = []
    for row, text in enumerate(table.labels("metavalue").tolist()):
        with guarded(f"metavalue of row {row}", "is no JSON object"):
            rows.append(_mapping_of(str(text)))
    shared = [name for name in rows[0] if all(name in row for row in rows)]
    columns = {name: [row[name] for row in rows] for name in shared if not isinstance(rows[0][name], list | dict)}
    rest = table.drop(["metavalue"])
    return rest.with_columns(columns) if columns else rest


def _mapping_of(text: str) -> dict[str, Any]:
    try:
        found = parse_json(text, "the value")
    except FormatError:
        found = ast.literal_eval(text)
    if not isinstance(found, dict):
        raise ValueError(f"got {text[:40]!r}")
    return {str(name): list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def text_of(value: Any) -> str:
    """A label as text; 3.0 is `3`, since a table may hold whole numbers as floats."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def write_pictures(pictures: NDArray[np.uint8], folder: Path, names: Sequence[str]) -> list[Path]:
    """Writes each picture as a PNG file of this name; gives the files.

    Raises:
        FormatError: If a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"{folder} cannot be made: {error.strerror}") from error
    paths = [folder / name for name in names]
    for picture, path in zip(pictures, paths, strict=True):
        write_whole(path, png(picture))
    return paths
