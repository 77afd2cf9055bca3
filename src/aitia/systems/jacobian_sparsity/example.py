"""Rows of five numbers with what is behind them, as a CSV file."""

from pathlib import Path

from aitia.representations.example import table_example
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """120 rows from four places, two views of a thing."""
    return table_example(folder, seed)
