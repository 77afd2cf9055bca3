"""What causal motion answers with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Forecast"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Forecast:
    """The future of scenes and what its style is from; numpy takes it for the array of its tracks.

    Args:
        tracks: (scenes, agents, future, 2) in metres.
        style: s of (1), (scenes, style_size); None without style.
        references: What the style is from, in words.
    """

    tracks: Values
    style: Values | None
    references: str

    def __len__(self) -> int:
        return len(self.tracks)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.tracks, dtype=dtype, copy=copy)
