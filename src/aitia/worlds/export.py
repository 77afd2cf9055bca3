"""A sample of a world as a folder of files that other programs read.

    png        labels.csv, images/
    parquet    data/train-00000-of-00001.parquet, the pictures inside as PNG
    arrow      data/train-00000-of-00001.arrow, likewise
    datasets   the parquet folder with a data card, README.md, that `datasets.load_dataset(folder)` reads

and in each of them manifest.json: graph, laws of the noise, latents, environments and what changes between them. A line
is a picture, or a frame of a video, with columns `id`, `env`, `view` where views were asked for, `frame` where there
are several, `render_path`, and the latents; what is constant over the frames is repeated. The views and frames of one
`id` belong together: split by it. A world seen as vectors has them as columns `vector_1`, ...; one seen as text has a
column `text`; one seen as tracks has them in raw.npz, as the array `raw` in the order of `id`.

The folder is written beside its place and moved there at the end, so it is there whole or not at all.
"""

import csv
import importlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.errors import FormatError, MissingExtraError, OptionError
from aitia.files import write_whole
from aitia.version import __version__
from aitia.worlds.world import Latent, Sample, World

__all__ = ["Format", "export_world", "manifest"]

Format = Literal["png", "parquet", "arrow", "datasets"]
Columns = dict[str, list[Any]]

_AT_ONCE = 128
"""Rows that are rendered and written together."""
_LICENSE = "apache-2.0"


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
        >>> from aitia.worlds.motion_scenes import ProjectileWorld
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
    if taken := [name for name in names if name in ("id", "env", "view", "frame", "render_path", "image", "text")]:
        raise OptionError(f"the latent {taken[0]!r} has the name of a column that every export has: call it otherwise")
    place = Path(folder)
    _check_free(place)
    for module, extra in _needed(world, format):
        _import(module, extra)
    sample = world.sample(n, seed=seed, env=env)
    described = manifest(world, sample, names) | {
        "rows": n,
        "seed": seed,
        "env": env if env is None or isinstance(env, str) else list(env),
        "views": [each for each in views if each is not None],
        "size": size,
    }

    temporary = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
        rows = _write_rows(world, sample, names, views, size, format, temporary)
        described["lines"] = rows
        write_whole(temporary / "manifest.json", json.dumps(described, indent=2, ensure_ascii=False) + "\n")
        if format == "datasets":
            write_whole(temporary / "README.md", _card(described, sample, names, views, world))
        temporary.chmod(0o755)
        _check_free(place)
        os.replace(temporary, place)
    except BaseException as error:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, FormatError):
            raise FormatError(f"{place} cannot be written: {error.strerror or error}; nothing is left of it") from error
        raise
    return place


def manifest(world: World, sample: Sample, names: Sequence[str] | None = None) -> dict[str, Any]:
    """What is known of a world, for JSON.

    Args:
        world: The world.
        sample: Rows of it: for the noise of a world that does not say its laws.
        names: The latents whose values are written; None for the visible ones.
    """
    return {
        "world": world.name,
        "class": f"{type(world).__module__}.{type(world).__qualname__}",
        "aitia": __version__,
        "seen": world.seen,
        "form": getattr(world, "form", None),
        "frames": world.frames,
        "views": list(world.views),
        "graph": {"nodes": list(world.graph.nodes), "edges": [[e.left, e.right] for e in world.graph.edges]},
        "latents": [asdict(latent) for latent in world.latents],
        "written": list(world.visible if names is None else names),
        "noise": _noise_laws(world, sample),
        "environments": list(world.environments),
        "changes": {label: list(changed) for label, changed in world.changes.items()},
        "done": world.intervention.to_json(),
        "held": [
            {"do": action.to_json(), "frames": [start, stop]}
            for action, start, stop in getattr(world, "_frames_done", ())
        ],
        "config": world.config.to_dict() if hasattr(world, "config") else None,
        "assumptions": _assumptions(world),
    }


# -- rows -------------------------------------------------------------------------------------------------------------


def _write_rows(
    world: World,
    sample: Sample,
    names: Sequence[str],
    views: tuple[str | None, ...],
    size: int,
    format: Format,
    folder: Path,
) -> int:
    """Writes the labels and what is seen; the number of lines."""
    lines, tracks = 0, []
    with ExitStack() as stack:
        write: Callable[[Columns, list[bytes]], None] | None = None
        for start in range(0, len(sample), _AT_ONCE):
            part = sample.take(slice(start, start + _AT_ONCE))
            for view in views:
                seen = world.render(part, size=size, view=view)
                columns, pictures = _lines(world, part, names, view, start, seen)
                if world.seen == "tracks":
                    tracks.append(seen)
                if format == "png":
                    _write_pictures(folder, columns.get("render_path", []), pictures)
                if write is None:
                    write = _writer(folder, format, columns, bool(pictures), stack)
                write(columns, pictures)
                lines += len(columns["id"])
    if tracks:
        raw = [np.concatenate(tracks[place :: len(views)]) for place in range(len(views))]
        file = io.BytesIO()
        np.savez_compressed(file, raw=raw[0] if len(views) == 1 else np.stack(raw, axis=1))
        write_whole(folder / "raw.npz", file.getvalue())
    return lines


def _lines(
    world: World, part: Sample, names: Sequence[str], view: str | None, start: int, seen: NDArray[Any]
) -> tuple[Columns, list[bytes]]:
    """The columns of some rows, and the pictures as PNG where the world is seen as such."""
    by_frame = world.seen == "video" or (world.seen != "image" and any(world.latent(name).varies for name in names))
    frames, n = world.frames if by_frame else 1, len(part)
    number = np.repeat(np.arange(start, start + n), frames)
    frame = np.tile(np.arange(frames), n)
    columns: Columns = {"id": number.tolist(), "env": np.repeat(part.labels, frames).tolist()}
    if view is not None:
        columns["view"] = [view] * len(number)
    if by_frame:
        columns["frame"] = frame.tolist()
    if world.seen in ("image", "video"):
        stem = [f"{i:06d}" if view is None else f"{i:06d}_{view}" for i in columns["id"]]
        ends = [f"/{t:03d}.png" for t in frame] if by_frame else [".png"] * len(stem)
        columns["render_path"] = [f"images/{a}{b}" for a, b in zip(stem, ends, strict=True)]
    elif world.seen == "tracks":
        columns["render_path"] = ["raw.npz"] * len(number)
    for name in names:
        values = part[name] if by_frame else part[name].reshape(n, -1)[:, :1]
        spread = np.repeat(values, frames) if values.ndim == 1 else values.ravel()
        labels = world.latent(name).labels
        columns[name] = [labels[int(code)] for code in spread] if labels else spread.tolist()
    if world.seen == "text":
        columns["text"] = [str(text) for text in seen]
    if world.seen == "vector":
        rows = np.asarray(seen, dtype=np.float64).reshape(n, -1)
        if by_frame and np.ndim(seen) == 3:
            rows = np.asarray(seen, dtype=np.float64).reshape(n * frames, -1)
        elif by_frame:
            rows = np.repeat(rows, frames, axis=0)
        columns |= {f"vector_{k + 1}": rows[:, k].tolist() for k in range(rows.shape[1])}
    if world.seen not in ("image", "video"):
        return columns, []
    return columns, [_png(picture) for picture in seen.reshape(-1, *seen.shape[-3:])]


def _png(picture: NDArray[np.uint8]) -> bytes:
    image, file = _import("PIL.Image", "nets"), io.BytesIO()
    image.fromarray(picture).save(file, format="PNG", compress_level=1)
    return file.getvalue()


def _write_pictures(folder: Path, paths: Sequence[str], pictures: Sequence[bytes]) -> None:
    for parent in dict.fromkeys((folder / path).parent for path in paths[: len(pictures)]):
        parent.mkdir(parents=True, exist_ok=True)
    # Plain writes: the whole folder moves into place at the end.
    for path, picture in zip(paths, pictures, strict=False):
        (folder / path).write_bytes(picture)


def _writer(
    folder: Path, format: Format, first: Columns, pictures: bool, stack: ExitStack
) -> Callable[[Columns, list[bytes]], None]:
    """What takes the columns, part by part."""
    if format == "png":
        file = stack.enter_context((folder / "labels.csv").open("w", newline="", encoding="utf-8"))
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(first)

        def write_csv(columns: Columns, _: list[bytes]) -> None:
            lines.writerows(zip(*columns.values(), strict=True))

        return write_csv

    arrow = _import("pyarrow", "data")
    kinds = {int: arrow.int64(), float: arrow.float64(), str: arrow.string()}
    columns = [arrow.field(name, kinds[type(values[0])]) for name, values in first.items()]
    if pictures:
        columns.insert(0, arrow.field("image", arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])))
    features = {field.name: {"dtype": str(_feature(field.type)), "_type": "Value"} for field in columns}
    if pictures:
        features["image"] = {"_type": "Image"}
    schema = arrow.schema(columns, {"huggingface": json.dumps({"info": {"features": features}})})
    (folder / "data").mkdir()
    ending = "arrow" if format == "arrow" else "parquet"
    path = folder / "data" / f"train-00000-of-00001.{ending}"
    if format == "arrow":
        target = stack.enter_context(arrow.ipc.new_file(str(path), schema))
    else:
        target = stack.enter_context(_import("pyarrow.parquet", "data").ParquetWriter(str(path), schema))

    def write_arrow(columns: Columns, encoded: list[bytes]) -> None:
        images = [{"bytes": b, "path": p} for b, p in zip(encoded, columns.get("render_path", []), strict=False)]
        given = {"image": images, **columns} if pictures else columns
        target.write_table(arrow.table({name: given[name] for name in schema.names}, schema=schema))

    return write_arrow


def _feature(kind: Any) -> str:
    return {"double": "float64"}.get(str(kind), str(kind))


# -- the card ---------------------------------------------------------------------------------------------------------


def _card(
    described: Mapping[str, Any], sample: Sample, names: Sequence[str], views: tuple[str | None, ...], world: World
) -> str:
    """The data card: a YAML header that `datasets` reads, then what a reader has to know."""
    columns, pictures = _lines(
        world,
        sample.take(slice(0, 1)),
        names,
        views[0],
        0,
        world.render(sample.take(slice(0, 1)), size=8, view=views[0]),
    )
    kinds = {int: "int64", float: "float64", str: "string"}
    features = [("image", "image")] if pictures else []
    features += [(name, kinds[type(values[0])]) for name, values in columns.items()]
    header = [
        "---",
        f"license: {_LICENSE}",
        f"pretty_name: {json.dumps('aitia world: ' + world.name)}",
        "tags:",
        "- causal-representation-learning",
        "- synthetic",
        "- aitia",
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: train",
        "    path: data/*.parquet",
        "dataset_info:",
        "  features:",
        *(line for name, kind in features for line in (f"  - name: {json.dumps(name)}", f"    dtype: {kind}")),
        "---",
    ]
    edges = [f"{a} -> {b}" for a, b in described["graph"]["edges"]]
    changes = [
        f"- `{label}`: {', '.join(described['changes'].get(label, ())) or 'none'}" for label in world.environments
    ]
    body = [
        "",
        f"# {world.name}",
        "",
        f"{described['rows']} rows of the simulated world `{described['class']}`, seen as {world.seen}, with the "
        "latents that made them. The frames and views of one `id` belong together: split by `id`.",
        "",
        "## Graph",
        "",
        *([f"    {edge}" for edge in edges] or ["    no edges"]),
        "",
        "## Latents",
        "",
        "| name | range | unit | kind | over time | written | noise |",
        "|---|---|---|---|---|---|---|",
        *(_latent_row(latent, names, described["noise"][latent.name]) for latent in world.latents),
        "",
        "## Environments",
        "",
        "The mechanisms that differ from those of the first:",
        "",
        *changes,
        "",
        "## How it was made",
        "",
        f"aitia {__version__}, `export_world` with n={described['rows']}, seed={described['seed']}, "
        f"env={described['env']!r}, size={described['size']}, views={described['views']}; everything is simulated. "
        f"Done: {json.dumps(described['done'])}; held for some frames: {json.dumps(described['held'])}. "
        "`manifest.json` has all of this for programs.",
        "",
        "## Assumptions offered",
        "",
        *(f"- {assumption}" for assumption in described["assumptions"]),
        "",
    ]
    return "\n".join([*header, *body])


def _latent_row(latent: Latent, names: Sequence[str], noise: str) -> str:
    span = ", ".join(latent.labels) or f"{latent.low:.6g} to {latent.high:.6g}"
    cells = (
        latent.name,
        span,
        latent.unit,
        latent.kind,
        "varies" if latent.varies else "constant",
        "yes" if latent.name in names else "no",
        noise.replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"


def _noise_laws(world: World, sample: Sample) -> dict[str, str]:
    """The laws that the world says; the standard normal one where it changes nothing; else what the rows show."""
    said: Mapping[str, str] = getattr(world, "noise_laws", {})
    laws = {}
    for name in world.names:
        if name in said:
            laws[name] = said[name]
        elif type(world).draw is World.draw:
            laws[name] = "standard normal" + (", one a frame" if world.latent(name).varies else "")
        else:
            u = sample.noise[name]
            laws[name] = f"mean {u.mean():.3g}, sd {u.std():.3g}, from {u.min():.3g} to {u.max():.3g} in these rows"
    return laws


def _assumptions(world: World) -> list[str]:
    """What a method may rely on here, as sentences."""
    offered = ["the noises of the latents are independent of each other", "the graph is known and acyclic"]
    if len(world.environments) > 1:
        changed = sorted({name for names in world.changes.values() for name in names})
        offered.append(
            f"sufficient change: {len(world.environments)} labelled environments, in which the mechanism of "
            f"{', '.join(changed) or 'no latent'} differs"
        )
    varying = [latent.name for latent in world.latents if latent.varies]
    if varying and not getattr(getattr(world, "config", None), "iid", False):
        offered.append(f"time: {', '.join(varying)} over {world.frames} frames, each with its past as a cause")
    if len(world.views) > 1:
        offered.append(f"several views: {', '.join(world.views)} show the same latents")
    if not all(latent.visible for latent in world.latents):
        unseen = ", ".join(latent.name for latent in world.latents if not latent.visible)
        offered.append(f"not offered: the values of {unseen} are withheld")
    return offered


# -- the place --------------------------------------------------------------------------------------------------------


def _check_free(place: Path) -> None:
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise FormatError(f"{place} is there already and no folder: give another name")
    if place.is_dir() and any(place.iterdir()):
        raise FormatError(
            f"the folder {place} is not empty, and an export never mixes with other files: give a new one"
        )


def _needed(world: World, format: Format) -> Iterator[tuple[str, str]]:
    if world.seen in ("image", "video"):
        yield "PIL.Image", "nets"
    if format != "png":
        yield "pyarrow", "data"
        yield "pyarrow.parquet", "data"


def _import(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = "pillow" if module.startswith("PIL") else module.partition(".")[0]
        raise MissingExtraError(f"this needs {name}, which is not installed: pip install 'aitia[{extra}]'") from error
