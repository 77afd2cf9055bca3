"""Codes that somebody made, beside the true variables, as a CSV file."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """200 rows of three codes and of two numbers and a kind."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(200, 2))
    codes = np.column_stack([true @ [[1.0, 0.4], [-0.4, 1.0]], rng.normal(size=200)])
    kinds = np.where(true[:, 0] > 0, "heavy", "light")
    lines = [",".join([*(f"{v:.6f}" for v in (*z, *a)), kind]) for z, a, kind in zip(codes, true, kinds, strict=True)]
    write_whole(folder / "codes.csv", "\n".join(["z1,z2,z3,mass,length,kind", *lines, ""]))
    return Example(folder / "codes.csv", roles={"truth": ("mass", "length", "kind")})
