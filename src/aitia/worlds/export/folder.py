"""The folder of an export: it is written beside its place and moved there at the end, whole or not at all.

Tracks stand in raw.npz, as the array `raw` in the order of `id`, with the views of a row as its second axis.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from aitia.data.frames import import_extra
from aitia.errors import OptionError
from aitia.files import check_free, new_folder, write_whole
from aitia.worlds.export.arrow import ArrowFile
from aitia.worlds.export.datasets import DatasetsFolder
from aitia.worlds.export.lines import TAKEN, lines_of
from aitia.worlds.export.parquet import ParquetFile
from aitia.worlds.export.png import PngFolder
from aitia.worlds.export.writer import Writer
from aitia.worlds.manifest import manifest
from aitia.worlds.sample import Sample
from aitia.worlds.world import World

__all__ = ["Format", "export_world"]

Format = Literal["png", "parquet", "arrow", "datasets"]

_WRITERS: Mapping[Format, type[Writer]] = MappingProxyType(
    {"png": PngFolder, "parquet": ParquetFile, "arrow": ArrowFile, "datasets": DatasetsFolder}
)
_AT_ONCE = 128
"""Rows that are rendered and written together."""


def export_world(
    world: World,
    folder: str | Path,
    n: int,
    *,
    seed: int = 0,
    env: str | Sequence[str] | None = None,
    format: Format = "png",
    size: int = 64,
    view: str | Sequence[str] | None = None,
    hidden: bool = False,
) -> Path:
    """Samples a world and writes the rows into a new folder; see the module for its files.

    Args:
        world: The world, with what was done to it.
        folder: Where to; it is made, or is empty.
        n: Number of rows.
        seed: Of the noise.
        env: As in `World.sample`.
        format: `png`, `parquet`, `arrow` or `datasets`.
        size: Pixels on a side.
        view: A view of the world, several to have a picture from each of them for the same `id`, or None.
        hidden: Whether to write latents that the world does not hand out.

    Returns:
        The folder.

    Raises:
        FormatError: If the folder is there and not empty, or cannot be written; nothing is left behind.
        OptionError: If an option is unknown, or a latent has the name of another column.
        MissingExtraError: If pillow or pyarrow is needed and not installed.

    Example:
        >>> from aitia.worlds.projectile import ProjectileWorld
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     folder = export_world(ProjectileWorld(), Path(place) / "throws", 2, size=16)
        ...     sorted(path.name for path in folder.iterdir())
        ['images', 'labels.csv', 'manifest.json']
    """
    if format not in get_args(Format):
        raise OptionError(f"format is one of {', '.join(get_args(Format))}, got {format!r}")
    views: tuple[str | None, ...] = (view,) if view is None or isinstance(view, str) else tuple(view)
    if not views or len(set(views)) < len(views):
        raise OptionError(f"a view is named once, got {view!r}")
    names = world.names if hidden else world.visible
    if taken := [name for name in names if name in TAKEN]:
        raise OptionError(f"the latent {taken[0]!r} has the name of a column that every export has: call it otherwise")
    place = Path(folder)
    check_free(place)
    if world.seen in ("image", "video"):
        import_extra("PIL.Image", "nets")
    for module in _WRITERS[format].needs:
        import_extra(module, "data")
    sample = world.sample(n, seed=seed, env=env)
    described = manifest(world, sample, names) | {
        "rows": n,
        "seed": seed,
        "env": env if env is None or isinstance(env, str) else list(env),
        "views": [each for each in views if each is not None],
        "size": size,
    }

    with new_folder(place) as temporary:
        with _WRITERS[format](temporary) as writer:
            described["lines"] = _write_rows(world, sample, names, views, size, writer)
        writer.finish(described)
    return place


def _write_rows(
    world: World,
    sample: Sample,
    names: Sequence[str],
    views: tuple[str | None, ...],
    size: int,
    writer: Writer,
) -> int:
    """Writes the labels and what is seen; the number of lines."""
    lines, tracks = 0, []
    for start in range(0, len(sample), _AT_ONCE):
        part = sample.take(slice(start, start + _AT_ONCE))
        for view in views:
            seen = world.render(part, size=size, view=view)
            columns, pictures = lines_of(world, part, names, view, start, seen)
            if world.seen == "tracks":
                tracks.append(seen)
            writer.write(columns, pictures)
            lines += len(columns["id"])
    if tracks:
        raw = [np.concatenate(tracks[place :: len(views)]) for place in range(len(views))]
        file = io.BytesIO()
        np.savez_compressed(file, raw=raw[0] if len(views) == 1 else np.stack(raw, axis=1))
        write_whole(writer.folder / "raw.npz", file.getvalue())
    return lines
