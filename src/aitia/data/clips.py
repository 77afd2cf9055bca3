"""Clips: images of the same thing, or vectors, frame after frame, with labels that may change from one to the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.base import Data, Form
from aitia.data.table import Table

if TYPE_CHECKING:
    from aitia.report import Block

__all__ = ["Clips"]


@dataclass(frozen=True, eq=False)
class Clips(Data):
    """Images or vectors in time.

    Args:
        images: (n, frames, height, width, 3), 0 to 255; or vectors, (n, frames, d), of numbers.
        labels: n rows; (n, frames) in a column for what varies.
        source: Where they are from, for messages.
    """

    form: ClassVar[Form] = "clips"
    images: NDArray[Any]
    labels: Table
    source: str = "given"

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: ArrayLike | slice) -> "Clips":
        """Some of the clips, in the order given."""
        pick = rows if isinstance(rows, slice) else np.asarray(rows)
        return Clips(self.images[pick], self.labels.take(pick), self.source)

    @property
    def known(self) -> Table:
        """The labels."""
        return self.labels

    @property
    def sequences(self) -> NDArray[Any]:
        """The images or vectors."""
        return self.images

    def with_sequences(self, values: NDArray[Any]) -> "Clips":
        """The clips with these images or vectors."""
        return Clips(values, self.labels, self.source)

    def with_known(self, columns: Mapping[str, Any], kinds: Mapping[str, str] | None = None) -> "Clips":
        """The clips with these labels."""
        return Clips(self.images, self.labels.with_known(columns, kinds), self.source)

    def hash(self) -> str:
        """SHA-256 of images and labels."""
        from aitia.runs import content_hash

        return content_hash([content_hash(self.images.tobytes()), list(self.images.shape), self.labels.hash()])

    def write(self, folder: Path, stem: str, rows: Sequence[int]) -> list[Path]:
        """`STEM-ROW.npz` with the frames, for images `STEM-ROW.png` with some in a row, and `STEM.csv` of labels."""
        from aitia.data.writing import write_clips

        return write_clips(self, folder, stem, rows)

    @classmethod
    def draw(cls, shown: "Mapping[str, Clips]", names: Sequence[str], about: str = "") -> "Sequence[Block]":
        """A grid in which each clip is some of its frames side by side; of vectors a line chart for each of them."""
        from aitia.data.drawing import draw_clips

        return draw_clips(shown, names, about)
