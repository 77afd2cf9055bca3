"""A small input: a farm, whose harvest follows sun and soil, and its price the harvest and the season."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """300 rows of five numbers, as a CSV file."""
    rng = np.random.default_rng([seed, 303])
    sun, soil, season = rng.normal(size=(3, 300))
    harvest = sun + soil + 0.7 * rng.normal(size=300)
    price = season - harvest + 0.7 * rng.normal(size=300)
    columns = zip(sun, soil, season, harvest, price, strict=True)
    lines = [",".join(f"{value:.4f}" for value in row) for row in columns]
    write_whole(folder / "farm.csv", "\n".join(["sun,soil,season,harvest,price", *lines, ""]))
    return Example(folder / "farm.csv", options={"starts": 3})
