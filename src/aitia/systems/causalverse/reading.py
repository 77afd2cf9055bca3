"""Observations from files: a folder of pictures, the suite's exported layout, clips, or a data set of the Hub.

- `FOLDER/*.csv` and pictures: one CSV file with `render_path`; `id`, `view`, `domain`, `frame` if there are any.
- `FOLDER/SPLIT/SPLIT.csv`: the suite's export, `render_path` from `FOLDER` or from `FOLDER/SPLIT`; each split is a
  domain, unless the file has such a column.
- `FILE.npz`: `clips` (n, frames, ...) and labels (n,) or (n, frames), by name.
- `FOLDER/*.npz`: a clip a file: `frames` (frames, ...) and labels, one or one a frame.
- `owner/name`: the Hub; a column `metavalue` holds the latents, as JSON or as Python writes a dict.

Rows with the same `id` are views of one thing. Where there is a column `frame`, the rows of an id (and view) are the
frames of one clip.
"""

import ast
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.images import ImageSet, read_images
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, join_names
from aitia.systems.causalverse.observations import DOMAIN_COLUMNS, Observations, text_of

__all__ = ["read_observations"]


def read_observations(
    source: str | Path,
    *,
    labels: str | Path | None = None,
    size: int | None = None,
    split: str | Sequence[str] | None = None,
    domain: str | None = None,
    angles: Sequence[str] = (),
) -> Observations:
    """Reads observations; see the module for what there may be.

    Args:
        source: A folder, a file of clips, or a data set of the Hub.
        labels: The CSV file, where a folder has none or several.
        size: Scale images to size x size; None wants images of one size.
        split: Of the exported layout, one or several, None taking all; of a data set of the Hub, None taking `train`.
        domain: The column of the domain, where it is not called `domain`, `environment` or `env`.
        angles: Labels that are angles, in radians.

    Raises:
        FormatError: If a file or a column is missing or cannot be read.
        DataError: If the clips of a folder differ in length, or what is there is no observation.
    """
    place = Path(source)
    if place.suffix == ".npz" or (place.is_dir() and any(place.glob("*.npz"))):
        return _clips_of_arrays(place, domain, angles)
    if place.is_dir() and labels is None and not any(place.glob("*.csv")) and (found := _splits(place)):
        images = _exported(place, found, split, size)
    else:
        images = read_images(source, labels=labels, size=size, split=split if isinstance(split, str) else "train")
    images = _with_metavalue(images)
    if "frame" in images.labels:
        return _clips_of_frames(images, domain, angles)
    return Observations.of(images, domain=domain, angles=angles)


# -- the suite's export ----------------------------------------------------------------------------------------------


def _splits(folder: Path) -> dict[str, Path]:
    inside = sorted(path for path in folder.iterdir() if path.is_dir())
    return {path.name: path / f"{path.name}.csv" for path in inside if (path / f"{path.name}.csv").is_file()}


def _exported(folder: Path, found: Mapping[str, Path], split: str | Sequence[str] | None, size: int | None) -> ImageSet:
    wanted = list(found) if split is None else [split] if isinstance(split, str) else list(split)
    if absent := [name for name in wanted if name not in found]:
        raise FormatError(f"{folder} has no split {absent[0]!r}; it has {join_names(found)}")
    parts = [(name, read_images(found[name].parent, labels=found[name], size=size)) for name in wanted]
    if len(parts) == 1:
        return parts[0][1]
    shapes = {part.images.shape[1:] for _, part in parts}
    if len(shapes) > 1:
        raise DataError(f"the splits of {folder} differ in the size of images: give a size to scale them to")
    shared = [name for name in parts[0][1].labels.names if all(name in part.labels for _, part in parts)]
    columns: dict[str, Any] = {
        name: np.concatenate([np.asarray(part.labels.labels(name), dtype=object) for _, part in parts])
        for name in shared
    }
    of_split = np.concatenate([[name] * len(part) for name, part in parts])
    if "id" in columns:  # an id counts within its split
        columns["id"] = np.asarray([f"{name}/{text_of(i)}" for name, i in zip(of_split, columns["id"], strict=True)])
    if not any(name in columns for name in DOMAIN_COLUMNS):
        columns["domain"] = of_split
    plain = {name: np.asarray(values.tolist()) for name, values in columns.items()}
    return ImageSet(np.concatenate([part.images for _, part in parts]), Table.of(plain), str(folder))


def _with_metavalue(images: ImageSet) -> ImageSet:
    """The latents that a column of texts holds, as columns: those that every row has."""
    if "metavalue" not in images.labels:
        return images
    try:
        rows = [_mapping_of(str(text)) for text in images.labels.labels("metavalue")]
    except (ValueError, SyntaxError) as error:
        raise FormatError(f"metavalue of {images.source} is no JSON object: {error}") from error
    shared = [name for name in rows[0] if all(name in row for row in rows)]
    columns = {
        name: [row[name] for row in rows] for name in shared if not isinstance(rows[0][name], (list, dict, tuple))
    }
    rest = [name for name in images.labels.names if name not in ("metavalue", "render_path")]
    others = {name: images.labels.labels(name) for name in rest}
    return ImageSet(images.images, Table.of({**others, **columns}), images.source)


def _mapping_of(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = ast.literal_eval(text)
    if not isinstance(found, dict):
        raise ValueError(f"got {text[:40]!r}")
    return found


# -- clips -----------------------------------------------------------------------------------------------------------


def _clips_of_frames(images: ImageSet, domain: str | None, angles: Sequence[str]) -> Observations:
    """The rows of an id and view, in the order of `frame`, as one clip."""
    table = images.labels
    if "id" not in table:
        raise FormatError(
            f"{images.source} has a column `frame` and none that says which clip a frame is of: name it `id`"
        )
    keys = [table.labels(name).astype(str) for name in ("id", "view") if name in table]
    clip = np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((np.asarray(table.labels("frame"), dtype=np.float64), clip))
    counts = np.bincount(clip)
    if len(set(counts)) > 1:
        raise DataError(f"the clips of {images.source} differ in length: {counts.min()} to {counts.max()} frames")
    n, frames = len(counts), int(counts[0])
    flat = Observations.of(images.take(order), domain=domain, angles=angles)
    first = np.arange(n) * frames
    columns: dict[str, NDArray[np.float64]] = {}
    categories: dict[str, tuple[Any, ...]] = {}
    if flat.labels is not None:
        for name in flat.labels.names:
            values, names = flat.labels.column(name).reshape(n, frames), flat.labels.categories(name)
            if (values == values[:, :1]).all():
                columns[name] = values[:, 0]
                categories |= {name: names} if names else {}
            elif not names:
                columns[name] = values
            elif not isinstance(names[0], str):  # few whole numbers, which are numbers after all
                columns[name] = np.asarray(names, dtype=np.float64)[values.astype(np.intp)]
            else:
                raise DataError(f"label {name!r} of {images.source} is text that changes within a clip: give numbers")
    return replace(
        flat,
        x=flat.x.reshape(n, frames, *flat.shape),
        labels=Table.from_codes(columns, categories) if columns else None,
        domain=None if flat.domain is None else flat.domain[first],
        id=None if flat.id is None else flat.id[first],
    )


def _clips_of_arrays(place: Path, domain: str | None, angles: Sequence[str]) -> Observations:
    if place.is_dir():
        files = sorted(place.glob("*.npz"))
        parts = [_arrays(path, "frames") for path in files]
        lengths = {path.name: len(part["frames"]) for path, part in zip(files, parts, strict=True)}
        if len(set(lengths.values())) > 1:
            raise DataError(
                f"the clips of {place} differ in length: {join_names(f'{k} {v}' for k, v in lengths.items())}"
            )
        shared = [name for name in parts[0] if all(name in part for part in parts)]
        held = {name: np.stack([part[name] for part in parts]) for name in shared}
        clips = held.pop("frames")
    else:
        held = _arrays(place, "clips")
        clips = held.pop("clips")
    columns: dict[str, Any] = {}
    for name, values in held.items():
        if len(values) != len(clips):
            raise DataError(f"{name} of {place} has {len(values)} rows for {len(clips)} clips")
        by_clip = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == clips.shape[1])
        if by_clip:
            columns[name] = values
        else:  # several numbers a frame, such as a position
            wide = values.reshape(*values.shape[:2], -1) if values.ndim > 2 else values[:, None]
            for place_in in range(wide.shape[-1]):
                column = wide[..., place_in]
                columns[f"{name} {place_in + 1}"] = column if column.shape[1] > 1 else column[:, 0]
    table = Table.of(columns) if columns else None
    return Observations.of(clips, labels=table, domain=domain, angles=angles, source=str(place))


def _arrays(path: Path, needed: str) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path} is missing or no .npz file of plain arrays: {error}") from error
    if needed not in arrays:
        raise FormatError(f"{path} has no array {needed!r}; it has {join_names(arrays) or 'none'}")
    return arrays
