"""Pictures of a bar and its shadow, whose height and length stand in a CSV file, for some rows only."""

from pathlib import Path

import numpy as np

from aitia.data.reading.pictures import write_pictures
from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]

SIDE = 8


def write(folder: Path, seed: int) -> Example:
    """64 pictures of 8 x 8 with `metadata.csv`, a quarter without a length, and rows whose picture or causes lack."""
    rng = np.random.default_rng(seed)
    height = rng.uniform(0.1, 1, 64)
    length = 0.1 + 0.7 * height + 0.05 * rng.normal(size=64)
    images = np.round(255 * np.stack([_scene(h, s) for h, s in zip(height, length, strict=True)])).astype(np.uint8)
    files = [f"{k}.png" for k in range(64)]
    place = folder / "pictures"
    write_pictures(images, place, files)
    cells = [
        f"{f},{h:.4f},{'' if k % 4 == 3 else f'{s:.4f}'}"
        for k, (f, h, s) in enumerate(zip(files, height, length, strict=True))
    ]
    write_whole(place / "metadata.csv", "\n".join(["file_name,height,length", *cells, ""]))
    holes = folder / "holes"
    write_pictures(images[:3], holes, files[:3])
    lines = ["0.png,,", "1.png,0.5,", "2.png,,0.6", ",0.5,0.5", ",,"]
    write_whole(holes / "metadata.csv", "\n".join(["file_name,height,length", *lines, ""]))
    return Example(
        place,
        options={
            "graph": "height -> length",
            "steps": 90,
            "channels": (8, 16),
            "width": 8,
            "hidden": 16,
            "batch": 16,
            "mean": 0.9,
            "learning_rate": 5e-3,
            "noise_steps": 40,
            "draw_steps": 8,
            "refine": 4,
        },
        do="do(height=0.2)",
        other="do(height=0.9)",
        rows=holes,
        outcome="length",
        why_not="nothing is conditioned on: a row that has some of the causes and no picture is refused",
    )


def _scene(height: float, length: float) -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    bar = np.clip(height * 6 - (5 - y), 0, 1) * (x >= 1) * (x < 3) * (y < 6)
    shadow = np.clip(length * 7 - (x - 1), 0, 1) * (x >= 1) * (y >= 6)
    return np.stack([0.8 * bar + 0.6 * shadow, 0.3 * bar + 0.6 * shadow, 0.2 * bar + 0.6 * shadow], axis=-1)
