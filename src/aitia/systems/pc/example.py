"""A small input: a garden whose growth follows light and water, and water the rain."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """300 rows of four numbers, as a CSV file."""
    rng = np.random.default_rng([seed, 302])
    rain, light = rng.normal(size=(2, 300))
    water = rain + 0.7 * rng.normal(size=300)
    growth = water + light + 0.7 * rng.normal(size=300)
    lines = [",".join(f"{value:.4f}" for value in row) for row in zip(rain, water, light, growth, strict=True)]
    write_whole(folder / "garden.csv", "\n".join(["rain,water,light,growth", *lines, ""]))
    return Example(folder / "garden.csv", options={"test": "fisher-z", "alpha": 0.01})
