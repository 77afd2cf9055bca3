"""The example of systems that forecast tracks: two places where agents keep a small and a large distance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aitia.data.reading.tracks import write_tracks
from aitia.data.tracks import Tracks
from aitia.system.example import Example
from aitia.worlds import OrcaWorld

__all__ = ["crossings"]


def crossings(folder: Path, seed: int, options: Mapping[str, Any]) -> Example:
    """A file of whole scenes, and one of pasts.

    Args:
        folder: Where they are written.
        seed: Of the scenes.
        options: Of the system.
    """
    world = OrcaWorld((0.1, 0.5))
    sample, fresh = world.sample(60, seed=seed), world.sample(4, seed=seed + 1)
    write_tracks(Tracks(world.render(sample), sample.labels), folder / "crossings.npz")
    write_tracks(Tracks(world.render(fresh)[:, :, :8], fresh.labels), folder / "pasts.npz")
    return Example(
        files=folder / "crossings.npz",
        options=options,
        do="do(environment=0.5)",
        other="do(environment=0.1)",
        rows=folder / "pasts.npz",
        why_not="what is forecast are positions, which are no column that the law could compare",
    )
