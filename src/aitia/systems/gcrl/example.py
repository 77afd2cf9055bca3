"""A small file of crossings of two agents, who keep a small distance in one place and a large one in the other."""

from pathlib import Path

from aitia.data.reading.tracks import write_tracks
from aitia.data.tracks import Tracks
from aitia.system.example import Example
from aitia.worlds import OrcaWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """A file of whole scenes, and one of pasts."""
    world = OrcaWorld((0.1, 0.5))
    sample, fresh = world.sample(60, seed=seed), world.sample(4, seed=seed + 1)
    write_tracks(Tracks(world.render(sample), sample.labels), folder / "crossings.npz")
    write_tracks(Tracks(world.render(fresh)[:, :, :8], fresh.labels), folder / "pasts.npz")
    return Example(
        files=folder / "crossings.npz",
        options={"steps": 30, "batch": 8, "width": 16},
        do="do(environment=0.5)",
        other="do(environment=0.1)",
        rows=folder / "pasts.npz",
        why_not="what is forecast are positions, which are no column that the law could compare",
    )
