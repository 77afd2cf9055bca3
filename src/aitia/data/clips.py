"""Clips: images of the same thing frame after frame, with labels that may change from one to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table

__all__ = ["Clips"]


@dataclass(frozen=True, eq=False)
class Clips:
    """Images in time.

    Args:
        images: (n, frames, height, width, 3), 0 to 255.
        labels: n rows; (n, frames) in a column for what varies.
        source: Where they are from, for messages.
    """

    images: NDArray[np.uint8]
    labels: Table
    source: str = "given"

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: NDArray[Any] | Sequence[int]) -> "Clips":
        """Some of the clips, in the order given."""
        pick = np.asarray(rows)
        return Clips(self.images[pick], self.labels.take(pick), self.source)
