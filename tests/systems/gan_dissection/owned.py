"""What the user of the page of this system has."""

import shutil

import numpy as np
from PIL import Image
from tests.docs.files import example

from aitia.worlds import TownWorld


def owned(folder):
    found = example("gan-dissection", folder)
    for name, place in found.subjects.items():
        mine = folder / {"model": "town-gan", "segmenter": "town-segmenter", "referee": "another-segmenter"}[name]
        if not mine.exists():
            shutil.copytree(place, mine)
    if not (folder / "latents.csv").exists():
        shutil.copy(found.files, folder / "latents.csv")
    labelled(folder / "labelled", 60)
    return {}


def labelled(folder, rows, side=16):
    """Pictures of towns with label pictures, as people draw them."""
    world = TownWorld()
    sample = world.sample(rows, seed=5)
    masks = world.segments(sample, size=side)
    names = ("ground", "sky", "house", "tree", "sun")
    codes = np.zeros((rows, side, side), dtype=np.uint8)
    for k, name in enumerate(names):
        codes[masks[name]] = k
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for row, (picture, code) in enumerate(zip(world.render(sample, size=side), codes, strict=True)):
        Image.fromarray(picture).save(folder / "images" / f"{row:03}.png")
        Image.fromarray(code).save(folder / "labels" / f"{row:03}.png")
    (folder / "names.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return folder
