"""Two clouds of points, each with its label."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """80 rows of two numbers and a label, and 10 rows without."""
    rng = np.random.default_rng(seed)
    side = np.arange(80) % 2
    x = rng.normal(size=(80, 2)) + 3 * side[:, None]
    lines = [f"{a!r},{b!r},{'right' if s else 'left'}" for (a, b), s in zip(x.tolist(), side, strict=True)]
    write_whole(folder / "rows.csv", "\n".join(["a,b,label", *lines, ""]))
    bare = [f"{a!r},{b!r}" for a, b in rng.normal(1.5, 2, (10, 2)).tolist()]
    write_whole(folder / "ask.csv", "\n".join(["a,b", *bare, ""]))
    return Example(
        folder / "rows.csv",
        do="do(a=5)",
        other="do(a=-2)",
        rows=folder / "ask.csv",
        outcome="label",
        exogenous="do(a=1)",
    )
