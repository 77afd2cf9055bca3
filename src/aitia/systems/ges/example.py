"""A small input: a clinic, where treatment follows age group and ward, and recovery the treatment."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """300 rows of four labels, as a CSV file."""
    rng = np.random.default_rng([seed, 304])
    age, ward, chance, luck = rng.random((4, 300))
    old, north = age < 0.4, ward < 0.5
    treated = chance < np.where(old & north, 0.9, np.where(old | north, 0.5, 0.1))
    better = luck < np.where(treated, 0.8, 0.3)
    words = (("old", "young"), ("north", "south"), ("yes", "no"), ("better", "same"))
    told = [np.where(column, *pair) for column, pair in zip((old, north, treated, better), words, strict=True)]
    lines = [",".join(row) for row in zip(*told, strict=True)]
    write_whole(folder / "clinic.csv", "\n".join(["age,ward,treated,recovery", *lines, ""]))
    return Example(folder / "clinic.csv")
