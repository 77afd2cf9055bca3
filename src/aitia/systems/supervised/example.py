"""Rows of five numbers with what is behind them, and rows where that is missing."""

from dataclasses import replace
from pathlib import Path

from aitia.files import write_whole
from aitia.representations.example import table_example
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """120 rows, and the first ten without their mass and kind."""
    made = table_example(folder, seed, do=False)
    head, *lines = (folder / "rows.csv").read_text(encoding="utf-8").splitlines()
    places = [head.split(",").index(name) for name in ("mass", "kind")]
    holes = [["" if k in places else cell for k, cell in enumerate(line.split(","))] for line in lines[:10]]
    write_whole(folder / "holes.csv", "\n".join([head, *(",".join(cells) for cells in holes), ""]))
    return replace(made, rows=folder / "holes.csv", outcome="mass")
