"""Latents, a small generator of towns of random weights, and two segmenters of it, each in a folder of its own."""

from pathlib import Path

import numpy as np

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.nn.gan import SmallGan
from aitia.nn.segmenters import SmallSegmenter
from aitia.system import Example
from aitia.worlds import TownWorld

__all__ = ["write"]

SIDE, LATENTS = 16, 4


def write(folder: Path, seed: int) -> Example:
    """48 latents, 6 more, a generator that was trained for a moment, and two segmenters."""
    world = TownWorld()
    sample = world.sample(320, seed=seed)
    pictures, masks = world.render(sample, size=SIDE), world.segments(sample, size=SIDE)
    names = tuple(name for name in masks if name not in ("mark", "ground"))
    masks["ground"] = ~np.any([masks[name] for name in names], axis=0)  # edges of three parts too
    names = (*names, "ground")
    gan = SmallGan(LATENTS, (16, 16), updates=60, batch=16, rate=2e-3, mean=0.9, seed=seed).fit(pictures)
    gan.save_pretrained(folder / "generator")
    for number, name in enumerate(("segmenter", "referee")):
        rows = np.arange(number, len(pictures), 2)
        learner = SmallSegmenter(names, width=4, updates=80, batch=16, seed=seed + number)
        learner.fit(pictures[rows], {thing: masks[thing][rows] for thing in names}).save_pretrained(folder / name)
    rng = np.random.default_rng(seed)
    for name, count in (("latents.csv", 48), ("fresh.csv", 6)):
        z = rng.standard_normal((count, LATENTS)).round(4)
        table = Table.of({f"z{k + 1}": z[:, k] for k in range(LATENTS)})
        write_whole(folder / name, table_bytes(table, ".csv"))
    return Example(
        folder / "latents.csv",
        subjects={name: folder / place for name, place in
                  (("model", "generator"), ("segmenter", "segmenter"), ("referee", "referee"))},
        options={"units": 3, "samples": 48, "controls": 4, "concepts": ("ground", "house"), "layer": "blocks.0"},
        do="do(house=absent)",
        other="do(ground=absent)",
        rows=folder / "fresh.csv",
        outcome="house",
    )  # fmt: skip
