"""A small input: a garden in twenty plots whose soil differs, so that the water's mechanism changes with the plot."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """500 rows of three numbers and the plot, as a CSV file."""
    rng = np.random.default_rng([seed, 303])
    plot = np.repeat(np.arange(20), 25)
    light = rng.normal(size=500)
    water = 1.5 * rng.normal(size=20)[plot] + light + 0.6 * rng.normal(size=500)
    growth = 2 * np.tanh(water) + 0.6 * rng.normal(size=500)
    lines = [
        f"{a:.4f},{b:.4f},{c:.4f},plot {k}" for a, b, c, k in zip(light, water, growth, plot.tolist(), strict=True)
    ]
    write_whole(folder / "garden.csv", "\n".join(["light,water,growth,plot", *lines, ""]))
    return Example(folder / "garden.csv", roles={"context": "plot"}, options={"test": "kci", "phases": 3})
