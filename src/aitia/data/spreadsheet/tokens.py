"""The distinct cells of a column, so that what a cell means is decided once for each that is different."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tokens"]


class Tokens:
    """A column of text as codes into its distinct cells, in order of first appearance, without outer blanks.

    Args:
        cells: The text of each row.
        lines: The line of the file that each row begins in.
    """

    def __init__(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        places: dict[str, int] = {}
        self.codes: NDArray[np.intp] = np.fromiter(
            (places.setdefault(cell.strip(), len(places)) for cell in cells), dtype=np.intp, count=len(cells)
        )
        self.words = list(places)
        self.counts: NDArray[np.intp] = np.bincount(self.codes, minlength=len(places))
        self._lines = lines

    def line_of(self, word: str) -> int:
        """The line in which a cell first stands."""
        return self._lines[int(np.flatnonzero(self.codes == self.words.index(word))[0])]

    def count(self, words: set[str]) -> int:
        """How many rows hold one of these."""
        return int(sum(self.counts[k] for k, word in enumerate(self.words) if word in words))

    def numbers(self, value: Callable[[str], float]) -> NDArray[np.float64]:
        """(n,) the number that each cell stands for."""
        return np.array([value(word) for word in self.words], dtype=np.float64)[self.codes]

    def objects(self, value: Callable[[str], Any]) -> NDArray[Any]:
        """(n,) what each cell stands for."""
        made = np.empty(len(self.words), dtype=object)
        made[:] = [value(word) for word in self.words]
        return made[self.codes]
