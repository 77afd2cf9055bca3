"""The lines of an export: a picture each, or a frame of a video.

Columns are `id`, `env`, `view` where views were asked for, `frame` where there are several, `render_path`, and the
latents; what is constant over the frames is repeated. The views and frames of one `id` belong together: split by it. A
world seen as vectors has them as columns `vector_1`, ...; one seen as text has a column `text`.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.frames import import_extra
from aitia.worlds.export.writer import Columns
from aitia.worlds.sample import Sample
from aitia.worlds.world import World

__all__ = ["TAKEN", "lines_of"]

TAKEN = ("id", "env", "view", "frame", "render_path", "image", "text")
"""Names of columns that no latent may have."""


def lines_of(
    world: World, part: Sample, names: Sequence[str], view: str | None, start: int, seen: NDArray[Any]
) -> tuple[Columns, list[bytes]]:
    """The columns of some rows, and the pictures as PNG where the world is seen as such.

    Args:
        world: The world.
        part: Some rows of a sample of it.
        names: The latents that are written.
        view: That from which they are seen; None where there is one.
        start: Number of the first row.
        seen: What `render` gives for these rows.
    """
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
    image, file = import_extra("PIL.Image", "nets"), io.BytesIO()
    image.fromarray(picture).save(file, format="PNG", compress_level=1)
    return file.getvalue()
