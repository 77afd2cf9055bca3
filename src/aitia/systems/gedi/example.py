"""Pictures of two kinds of bars, some of which lack a picture or a cluster."""

from pathlib import Path

import numpy as np

from aitia.data.reading.pictures import write_pictures
from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """80 pictures of 8 x 8 in two sub-folders, and five rows of which something is to be told or drawn."""
    rng = np.random.default_rng(seed)
    kind = np.arange(80) % 2
    place = rng.integers(1, 6, 80)
    light = rng.uniform(0.6, 1.0, 80)
    y, x = np.mgrid[0:8, 0:8]
    along = np.where(kind[:, None, None] == 0, x, y)
    bars = (np.abs(along - place[:, None, None] - 0.5) < 1) * light[:, None, None]
    noisy = np.clip(bars + 0.03 * rng.normal(size=bars.shape), 0, 1)
    images = np.repeat(np.round(255 * noisy).astype(np.uint8)[..., None], 3, axis=3)
    for k, name in enumerate(("upright", "lying")):
        few = images[kind == k]
        write_pictures(few, folder / "pictures" / name, [f"{i}.png" for i in range(len(few))])
    holes = folder / "holes"
    write_pictures(images[:2], holes, ["0.png", "1.png"])
    write_whole(holes / "metadata.csv", "file_name,cluster\n0.png,\n1.png,c1\n,c0\n,c1\n,\n")
    options = {"clusters": 2, "steps": 60, "hidden": 32, "batch": 32, "walk": 5, "buffer": 100, "draw_walk": 20}
    return Example(folder / "pictures", options=options, rows=holes, outcome="cluster")
