"""A small leaderboard: models made from four base models, five scores, and three models with a score missing."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds.capabilities import CapabilitiesWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """600 models as a CSV file, and three without their last score."""
    world = CapabilitiesWorld(capabilities=2, scores=5, seed=3)
    sample = world.sample(603, seed=seed)
    scores = 50 + 4 * world.render(sample)
    head = "base,reading,writing,logic,sums,facts"
    lines = [
        ",".join([str(base), *(f"{value:.3f}" for value in row)])
        for base, row in zip(sample.labels, np.asarray(scores), strict=True)
    ]
    write_whole(folder / "board.csv", "\n".join([head, *lines[:600], ""]))
    holes = [line.rsplit(",", 1)[0] + "," for line in lines[600:]]
    write_whole(folder / "unscored.csv", "\n".join([head, *holes, ""]))
    return Example(
        folder / "board.csv",
        options={"factors": 2, "starts": 2, "null_draws": 20, "permutations": 20, "resamples": 40},
        do="do(z1=55)",
        other="do(z1=shift(5))",
        rows=folder / "unscored.csv",
        outcome="facts",
        why_not="its targets are latents, no columns of the rows: there is nothing to condition on",
    )
