"""Clips in files.

- a folder of pictures whose labels have the columns `id` and `frame` (and `view`): the rows of an id are one clip
- `FILE.npz`: `clips` (n, frames, height, width, 3) and labels (n,) or (n, frames), by name
- `FOLDER/*.npz`: a clip a file: `frames` (frames, height, width, 3) and labels, one or one a frame

Instead of pictures of bytes there may be vectors of numbers, `clips` (n, frames, d) or `frames` (frames, d).

The labels of the clips have the columns `environment` and `id` where the files say them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.arrays import read_arrays
from aitia.data.clips import Clips
from aitia.data.kinds import Kind
from aitia.data.reading.pictures import DOMAINS, IMAGE, text_of
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, join_names

__all__ = ["clips_of_arrays", "clips_of_frames", "has_arrays"]

_NO_LABELS = ("view", "frame", "row")


def has_arrays(place: Path) -> bool:
    """Whether there is an `.npz` file, or a folder of them."""
    return place.suffix == ".npz" or (place.is_dir() and any(place.glob("*.npz")))


def clips_of_frames(table: Table, source: str) -> Clips:
    """The rows of an id and view, in the order of `frame`, as one clip.

    Raises:
        FormatError: If no column says which clip a frame is of.
        DataError: If clips differ in length, pictures in size, or a text changes within a clip.
    """
    if "id" not in table:
        raise FormatError(f"{source} has a column `frame` and none that says which clip a frame is of: name it `id`")
    keys = [table.labels(name).astype(str) for name in ("id", "view") if name in table]
    clip = np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((np.asarray(table.labels("frame"), dtype=np.float64), clip))
    counts = np.bincount(clip)
    if len(set(counts.tolist())) > 1:
        raise DataError(f"the clips of {source} differ in length: {counts.min()} to {counts.max()} frames")
    n, frames = len(counts), int(counts[0])
    flat = table.take(order)
    images = flat.pictures(IMAGE)
    columns: dict[str, NDArray[np.float64]] = {}
    categories: dict[str, tuple[Any, ...]] = {}
    for name in flat.names:
        if name in (IMAGE, *_NO_LABELS, "id") or name == _domain(flat):
            continue
        values, labels = flat.column(name).reshape(n, frames), flat.categories(name)
        if ((values == values[:, :1]) | (np.isnan(values) & np.isnan(values[:, :1]))).all():
            columns[name] = values[:, 0]
            categories |= {name: labels} if labels else {}
        elif not labels:
            columns[name] = values
        elif not isinstance(labels[0], str):  # few whole numbers, which are numbers after all
            columns[name] = np.asarray(labels, dtype=np.float64)[values.astype(np.intp)]
        else:
            raise DataError(f"label {name!r} of {source} is text that changes within a clip: give numbers")
    known = Table.from_codes(columns, categories) if columns else None
    return _clips(images.reshape(n, frames, *images.shape[1:]), known, flat.take(np.arange(n) * frames), source)


def _domain(table: Table) -> str | None:
    return next((name for name in DOMAINS if name in table), None)


def _clips(images: NDArray[Any], known: Table | None, first: Table | None, source: str) -> Clips:
    """Clips whose labels have an environment and an id, from the first row of each; 2 before 10 where ids count."""
    told: dict[str, list[str]] = {}
    if first is not None:
        for name, column in (("environment", _domain(first)), ("id", "id" if "id" in first else None)):
            if column is not None:
                told[name] = [text_of(value) for value in first.labels(column).tolist()]
    labels = known if known is not None else Table.of({"row": np.arange(len(images), dtype=float)})
    if told:
        labels = labels.with_columns(told, kinds=dict.fromkeys(told, Kind.LABEL))
    clips = Clips(images, labels, source)
    if "id" in told and all(text.isdigit() for text in told["id"]):
        clips = clips.take(np.argsort([int(text) for text in told["id"]], kind="stable"))
    return clips


def clips_of_arrays(place: Path) -> Clips:
    """The clips of one `.npz` file or of a folder of them.

    Raises:
        FormatError: If a file lacks its array, or holds no pictures.
        DataError: If clips differ in length, or a label has another number of rows.
    """
    if place.is_dir():
        files = sorted(place.glob("*.npz"))
        parts = [_arrays(path, "frames") for path in files]
        lengths = {path.name: len(part["frames"]) for path, part in zip(files, parts, strict=True)}
        if len(set(lengths.values())) > 1:
            raise DataError(
                f"the clips of {place} differ in length: {join_names(f'{k} {v}' for k, v in lengths.items())}"
            )
        held = {name: _stacked(place, name, parts) for name in parts[0] if all(name in part for part in parts)}
        clips = held.pop("frames")
    else:
        held = _arrays(place, "clips")
        clips = held.pop("clips")
    if not (clips.dtype == np.uint8 and clips.ndim == 5) and not (clips.dtype.kind in "bif" and clips.ndim == 3):
        raise FormatError(
            f"clips are pictures in time (n, frames, height, width, 3) of bytes, or vectors (n, frames, d) of numbers; "
            f"{place} has {clips.shape} of {clips.dtype}"
        )
    columns: dict[str, Any] = {}
    for name, values in held.items():
        columns |= _label(place, name, values, clips.shape[0], clips.shape[1] if clips.ndim > 1 else 0)
    table = Table.of(columns) if columns else None
    if table is None:
        return _clips(clips, None, None, str(place))
    gone = {"id", _domain(table), *_NO_LABELS}
    kept = [name for name in table.names if name not in gone]
    return _clips(clips, table.select(kept) if kept else None, table, str(place))


def _stacked(place: Path, name: str, parts: list[dict[str, NDArray[Any]]]) -> NDArray[Any]:
    if len({part[name].shape for part in parts}) > 1:
        raise DataError(
            f"{name} of {place} differs in shape from file to file: {join_names(p[name].shape for p in parts)}"
        )
    return np.stack([part[name] for part in parts])


def _label(place: Path, name: str, values: NDArray[Any], n: int, frames: int) -> Mapping[str, NDArray[Any]]:
    if values.ndim == 0 or len(values) != n:
        raise DataError(f"{name} of {place} has {len(values) if values.ndim else 1} rows for {n} clips")
    if values.ndim == 1 or (values.ndim == 2 and values.shape[1] == frames):
        return {name: values}
    # Several numbers a frame, such as a position.
    wide = values.reshape(*values.shape[:2], -1) if values.ndim > 2 else values[:, None]
    parts = {f"{name} {k + 1}": wide[..., k] for k in range(wide.shape[-1])}
    return {head: part if part.shape[1] > 1 else part[:, 0] for head, part in parts.items()}


def _arrays(path: Path, needed: str) -> dict[str, NDArray[Any]]:
    arrays = read_arrays(path)
    if needed not in arrays:
        raise FormatError(f"{path} has no array {needed!r}; it has {join_names(arrays) or 'none'}")
    return arrays
