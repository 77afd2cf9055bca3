"""Four animals with forty neurons."""

from pathlib import Path

from aitia.data.recordings import write_recordings
from aitia.system import Example
from aitia.worlds.calcium import CalciumWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """Recordings with three phases, in one file."""
    world = CalciumWorld()
    recordings = world.traces(world.sample(4, seed=seed))
    write_recordings(recordings, folder / "animals.npz")
    first, second = recordings.units[:2]
    return Example(
        folder / "animals.npz", options={"rank": 2, "starts": 2}, do=f"do({first}=silent)", other=f"do({second}=silent)"
    )
