"""A small input: an orchard in which an unmeasured blight harms both leaves and fruit."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """500 rows of four numbers, as a CSV file: water feeds the leaves, bees the fruit, and the blight has no column."""
    rng = np.random.default_rng([seed, 304])
    water, bees, blight = rng.normal(size=(3, 500))
    leaves = water - blight + 0.5 * rng.normal(size=500)
    fruit = bees - blight + 0.5 * rng.normal(size=500)
    columns = (water, leaves, fruit, bees)
    lines = [",".join(f"{value:.4f}" for value in row) for row in zip(*columns, strict=True)]
    write_whole(folder / "orchard.csv", "\n".join(["water,leaves,fruit,bees", *lines, ""]))
    return Example(folder / "orchard.csv", options={"test": "fisher-z", "alpha": 0.01})
