"""A small input: recordings of four animals whose units fire in groups, as a folder of CSV files."""

from pathlib import Path

from aitia.system import Example
from aitia.worlds.calcium import CalciumWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """A file of recordings for each animal; units u1, u2, ..."""
    world = CalciumWorld(units=12, groups=2, members=4, phase_frames=40, seed=100)
    world.signals(world.sample(4, seed=seed)).write(folder / "animals", "animal", range(4))
    return Example(
        folder / "animals",
        options={"bin_frames": 4, "rank": 2, "starts": 2, "iterations": 60, "orders": 1},
        do="do(u1=silent)",
        other="do(u2=silent)",
        outcome="motif 1",
    )
