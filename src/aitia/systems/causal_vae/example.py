"""Pictures of a bar and its shadow, whose height and length stand in a CSV file."""

from pathlib import Path

import numpy as np

from aitia.data.reading.pictures import write_pictures
from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """80 pictures of 16 x 16 with `metadata.csv`, and five rows whose picture or causes are missing."""
    rng = np.random.default_rng(seed)
    height = rng.uniform(0.2, 0.9, 80)
    length = 0.2 + 0.6 * height + 0.05 * rng.normal(size=80)
    images = np.round(255 * np.stack([_scene(h, s) for h, s in zip(height, length, strict=True)])).astype(np.uint8)
    files = [f"{k}.png" for k in range(80)]
    place = folder / "pictures"
    write_pictures(images, place, files)
    cells = [f"{f},{h:.4f},{s:.4f}" for f, h, s in zip(files, height, length, strict=True)]
    write_whole(place / "metadata.csv", "\n".join(["file_name,height,length", *cells, ""]))
    holes = folder / "holes"
    write_pictures(images[:3], holes, files[:3])
    lines = ["0.png,,", "1.png,0.5,", "2.png,,0.6", ",0.5,0.5", ",,"]
    write_whole(holes / "metadata.csv", "\n".join(["file_name,height,length", *lines, ""]))
    return Example(
        place,
        options={"graph": "height -> length", "steps": 40, "width": 4, "residual": 1, "batch": 16},
        do="do(height=0.4)",
        other="do(height=0.8)",
        rows=holes,
        outcome="length",
        why_not="nothing is conditioned on: a row that has some of the causes and no picture is refused",
    )


def _scene(height: float, length: float) -> np.ndarray:
    y, x = np.mgrid[0:16, 0:16]
    bar = np.clip(height * 10 - (13 - y), 0, 1) * (x >= 2) * (x < 5) * (y < 14)
    shadow = np.clip(length * 12 - (x - 2), 0, 1) * (x >= 2) * (y >= 14)
    return np.stack([0.8 * bar + 0.6 * shadow, 0.3 * bar + 0.6 * shadow, 0.2 * bar + 0.6 * shadow], axis=-1)
