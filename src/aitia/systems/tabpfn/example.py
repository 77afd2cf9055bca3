"""A small input: sizes of beetles of two species, and three beetles whose species nobody knows."""

from pathlib import Path

import numpy as np

from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """Writes `beetles.csv` of 60 rows, and `unknown.csv` of three without a species."""
    rng = np.random.default_rng([seed, 301])
    species = np.arange(63) % 2
    length = 20 + 6 * species + 2 * rng.normal(size=63)
    width = 0.4 * length + rng.normal(size=63)
    spots = rng.poisson(3 + 2 * species)
    head = "length,width,spots,species"
    lines = [
        f"{a:.2f},{b:.2f},{c},{('carabus', 'lucanus')[k]}"
        for a, b, c, k in zip(length, width, spots, species, strict=True)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "beetles.csv").write_text("\n".join([head, *lines[:60]]) + "\n", encoding="utf-8")
    holes = [line.rsplit(",", 1)[0] + "," for line in lines[60:]]
    (folder / "unknown.csv").write_text("\n".join([head, *holes]) + "\n", encoding="utf-8")
    return Example(
        folder / "beetles.csv",
        roles={"label": "species"},
        options={"ensemble": 2},
        rows=folder / "unknown.csv",
        outcome="species",
    )
