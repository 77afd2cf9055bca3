"""What belongs to a query: the targets of the fit, ranked by cosine; hits, and the better of two modes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.systems.ume_r1.items import Item

__all__ = ["Gallery", "gallery_of", "hits"]

Vectors = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Gallery:
    """Different targets.

    Args:
        items: Each once.
        rows: (m,) the first row that has it.
        meanings: (m,) numbers.
    """

    items: tuple[Item, ...]
    rows: Numbers
    meanings: Numbers

    def told(self, number: int) -> str:
        """The words of a target, or which row has its pictures."""
        return self.items[number].text or f"pictures of row {self.rows[number]}"


def gallery_of(targets: Sequence[Item | None], meanings: Numbers) -> Gallery:
    """The different targets of rows, in their order."""
    first: dict[object, int] = {}
    for row, item in enumerate(targets):
        if item is not None:
            first.setdefault(item.input, row)
    rows = np.array([*first.values()], dtype=np.int64)
    return Gallery(tuple(t for t in (targets[row] for row in rows) if t is not None), rows, meanings[rows])


def hits(queries: Vectors, candidates: Vectors, meanings: Numbers, held: Numbers) -> NDArray[np.bool_]:
    """(n,) whether the nearest candidate of each query has its meaning.

    Args:
        queries: (n, width) of unit length.
        candidates: (m, width) of unit length.
        meanings: (n,) of the queries.
        held: (m,) of the candidates.

    Example:
        >>> found = hits(np.eye(2), np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([0, 1]), np.array([0, 0]))
        >>> found.tolist()
        [True, False]
    """
    found: NDArray[np.bool_] = held[(queries @ candidates.T).argmax(axis=1)] == meanings
    return found
