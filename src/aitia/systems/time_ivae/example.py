"""Clips of numbers that their past drives, as one file of arrays."""

from pathlib import Path

from aitia.representations.example import clips_example
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """60 clips of six frames."""
    return clips_example(folder, seed)
