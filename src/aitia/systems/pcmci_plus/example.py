"""A small input: two ponds, in which rain fills the pond a day later and the pond feeds the reeds at once."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """600 days of three numbers in each of two ponds, as a CSV file with the day and the pond."""
    rng = np.random.default_rng([seed, 305])
    lines = ["day,pond,rain,level,reeds"]
    for pond in ("north", "south"):
        rain, level, reeds = (0.0, 0.0, 0.0)
        for day in range(600):
            before, noise = rain, rng.normal(size=3)
            rain = 0.5 * rain + noise[0]
            level = 0.5 * level + 0.7 * before + noise[1]
            reeds = 0.4 * reeds + 0.6 * level + noise[2]
            lines.append(f"{day},{pond},{rain:.4f},{level:.4f},{reeds:.4f}")
    write_whole(folder / "ponds.csv", "\n".join([*lines, ""]))
    return Example(folder / "ponds.csv", roles={"time": "day", "series": "pond"}, options={"lags": 2, "alpha": 0.01})
