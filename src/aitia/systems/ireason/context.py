"""What is seen of a clip at the frames of its events: objects, each with a name, a box and features.

colours     the largest patch of each colour in a drawn scene, the background left out
patches     squares of a frame, named `patch`, with their pixels as features
objects     what the rows say is there
detector    a model of the Hugging Face library; see `seeing.py`

The frames of an event are the one before it begins and its last one. What is seen of a clip is kept in a folder by the
hash of its frames, so that a detector sees each of them once.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from aitia.arrays import read_arrays
from aitia.data.columns.picture import scaled
from aitia.files import made_folder, write_whole
from aitia.systems.ireason.events import ClipEvents, Happening

__all__ = ["Colours", "Objects", "Patches", "Sight", "looks_at", "seen_of"]

Values = NDArray[np.float64]
Image = NDArray[np.uint8]
BOX = 5
"""Numbers of an object: its middle, width and height in shares of the frame, and its brightness."""
GREY = 0.25
"""Saturation below which a colour is none."""
APART = 0.08
"""Distance, in one of the three colours, from the background of what is no part of it."""
HUES = (("red", 15), ("orange", 40), ("yellow", 70), ("green", 165), ("cyan", 195), ("blue", 255), ("violet", 295),
        ("pink", 345), ("red", 361))  # fmt: skip
"""Names of hues, each up to this angle."""
SIDE, SQUARES = 16, 4
"""Pixels that a frame is scaled to for patches, and squares on a side."""


@dataclass(frozen=True)
class Objects:
    """What is seen in one frame.

    Args:
        names: Of each object.
        boxes: (objects, 5), see `BOX`.
        features: (objects, d); d may be 0.
    """

    names: tuple[str, ...]
    boxes: Values
    features: Values = field(default_factory=lambda: np.zeros((0, 0)))


class Sight(Protocol):
    """What looks at frames."""

    @property
    def key(self) -> str:
        """What its answers follow from beside the frames."""

    def look(self, frames: Image) -> list[Objects]:
        """The objects of each frame, (n, height, width, 3) of bytes."""


class Colours:
    """One object a colour: its middle, twice the spread of its pixels, and how bright they are."""

    key = "colours 1"

    def look(self, frames: Image) -> list[Objects]:
        """Of each frame the colours that are there, in the order of the rainbow, greys last."""
        return [_coloured(frame.astype(np.float64) / 255) for frame in frames]


class Patches:
    """Squares of each frame, with their pixels."""

    key = "patches 1"

    def look(self, frames: Image) -> list[Objects]:
        """16 squares of each frame, row after row."""
        step = SIDE // SQUARES
        place = (np.arange(SQUARES) + 0.5) / SQUARES
        found = []
        for frame in frames:
            small = scaled(frame, SIDE).astype(np.float64) / 255
            cut = small.reshape(SQUARES, step, SQUARES, step, 3).transpose(0, 2, 1, 3, 4).reshape(SQUARES**2, -1)
            y, x = (side.reshape(-1) for side in np.meshgrid(place, place, indexing="ij"))
            size = np.full(SQUARES**2, 1 / SQUARES)
            boxes = np.stack([x, y, size, size, cut.mean(axis=1)], axis=1)
            found.append(Objects(("patch",) * SQUARES**2, boxes, cut))
        return found


def _coloured(frame: Values) -> Objects:
    height, width, _ = frame.shape
    pixels = frame.reshape(-1, 3)
    levels, counts = np.unique((pixels * 15).round().astype(np.int64) @ (256, 16, 1), return_counts=True)
    common = (pixels * 15).round().astype(np.int64) @ (256, 16, 1) == levels[counts.argmax()]
    apart = np.abs(pixels - np.median(pixels[common], axis=0)).max(axis=1) > APART
    top, low = pixels.max(axis=1), pixels.min(axis=1)
    span = np.maximum(top - low, 1e-9)
    r, g, b = pixels.T
    hue = np.select([top == r, top == g], [(g - b) / span % 6, (b - r) / span + 2], (r - g) / span + 4) * 60
    kinds = np.searchsorted([angle for _, angle in HUES], hue, side="right")
    names = np.array([*(name for name, _ in HUES), "grey", "white"])
    plain = top - low < GREY * np.maximum(top, 1e-9)
    kinds = np.where(plain, len(HUES) + (top > 0.9), kinds)
    y, x = np.divmod(np.arange(len(pixels)), width)
    said, boxes = [], []
    for name in dict.fromkeys(names.tolist()):
        own = _largest((apart & (names[kinds] == name)).reshape(height, width)).reshape(-1)
        if own.sum() >= max(4, 0.008 * len(pixels)):
            at = [(x[own] + 0.5) / width, (y[own] + 0.5) / height]
            said.append(name)
            boxes.append([*(side.mean() for side in at), *(4 * side.std() for side in at), top[own].mean()])
    return Objects(tuple(said), np.array(boxes).reshape(-1, BOX))


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest patch that hangs together: where two things overlap, their edges have colours of neither."""
    patches, count = label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(patches.reshape(-1))[1:]
    found: NDArray[np.bool_] = patches == sizes.argmax() + 1
    return found


def looks_at(event: Happening) -> tuple[int, int]:
    """The frame before an event begins, and its last."""
    return max(event.start - 1, 0), event.stop - 1


def seen_of(
    clips: Sequence[ClipEvents], sight: Sight | None, *, most: int, cache: str = ""
) -> list[dict[int, Objects]]:
    """For each clip the objects of the frames of its events; those that the rows say, where they do.

    Args:
        clips: The events of each.
        sight: What looks; None sees nothing.
        most: Objects of a frame, the first ones.
        cache: Folder in which what is seen is kept; empty for none.
    """
    found = []
    for clip in clips:
        wanted = sorted({frame for pair in clip.pairs for k in pair for frame in looks_at(clip.events[k])})
        if clip.objects is not None:
            told = {frame: _told(clip.objects.get(frame, [])) for frame in wanted}
        elif sight is None or not wanted:
            told = {}
        else:
            told = dict(zip(wanted, _looked(clip.frames(wanted), sight, cache), strict=True))
        found.append({frame: _first(one, most) for frame, one in told.items()})
    return found


def _told(objects: Sequence[tuple[str, tuple[float, ...]]]) -> Objects:
    boxes = [[*box, 0.0] if box else [0.5, 0.5, 1.0, 1.0, 0.0] for _, box in objects]
    return Objects(tuple(name for name, _ in objects), np.array(boxes, dtype=np.float64).reshape(-1, BOX))


def _first(objects: Objects, most: int) -> Objects:
    return Objects(objects.names[:most], objects.boxes[:most], objects.features[:most])


def _looked(frames: Image, sight: Sight, cache: str) -> list[Objects]:
    if not cache:
        return sight.look(frames)
    told = f"{sight.key} {frames.shape}".encode()
    path = Path(cache).expanduser() / f"{hashlib.sha256(told + np.ascontiguousarray(frames).tobytes()).hexdigest()}.npz"
    if path.is_file():
        return _unpacked(read_arrays(path))
    found = sight.look(frames)
    with made_folder(path.parent):
        write_whole(path, _packed(found))
    return found


def _packed(objects: Sequence[Objects]) -> bytes:
    arrays: dict[str, Any] = {}
    for k, one in enumerate(objects):
        names = np.frombuffer(json.dumps(one.names).encode(), dtype=np.uint8)
        arrays |= {f"names{k}": names, f"boxes{k}": one.boxes, f"features{k}": one.features}
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return packed.getvalue()


def _unpacked(arrays: dict[str, NDArray[Any]]) -> list[Objects]:
    return [
        Objects(tuple(json.loads(arrays[f"names{k}"].tobytes())), arrays[f"boxes{k}"], arrays[f"features{k}"])
        for k in range(len(arrays) // 3)
    ]
