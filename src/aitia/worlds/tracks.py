"""Worlds seen as tracks, whose environments are levels of one latent: a radius to keep, a strength of a channel."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.worlds.rollout import Rollout
from aitia.worlds.world import Seen

__all__ = ["TracksWorld"]

Values = NDArray[np.float64]


class TracksWorld(Rollout):
    """A rollout of which `render` gives tracks, (n, agents, frames, 2) in metres, 0.4 s from frame to frame.

    Args:
        levels: Of the latent `graded`, one for each environment; environments are named by it.
        frames: Of a track.

    Raises:
        OptionError: If a level is not positive and finite or comes twice, or there is none.
    """

    seen: ClassVar[Seen] = "tracks"
    graded: ClassVar[str]
    """The latent whose level is the environment."""

    def __init__(self, levels: Sequence[float], frames: int) -> None:
        if not levels or len(set(levels)) < len(levels) or not all(0 < level < np.inf for level in levels):
            raise OptionError(
                f"the levels of {self.graded} are positive, finite and none comes twice, got {tuple(levels)}"
            )
        self.levels = tuple(float(level) for level in levels)
        self.frames = frames
        self.environments = tuple(f"{level:g}" for level in self.levels)
        self.changes = dict.fromkeys(self.environments[1:], (self.graded,))

    def level(self, env: NDArray[np.int64]) -> Values:
        """The latent `graded` of each row, (n,), by its environment."""
        levels: Values = np.array(self.levels)[env]
        return levels
