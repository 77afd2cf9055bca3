"""A small file of crossings of two agents, who keep a small distance in one place and a large one in the other."""

from pathlib import Path

from aitia.forecasters.example import crossings
from aitia.system.example import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """A file of whole scenes, and one of pasts."""
    return crossings(folder, seed, {"steps": 30, "batch": 8, "width": 16})
