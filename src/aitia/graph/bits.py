"""Sets of nodes as the bits of an integer: set algebra is then one machine operation per 64 nodes."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bits", "bits", "closure", "pack", "transpose"]

Bits = tuple[int, ...]
"""One bit row a node."""


def bits(mask: int) -> Iterator[int]:
    """The positions of the set bits, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def pack(row: NDArray[np.bool_]) -> int:
    """The bit row of a row of truth values."""
    return int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little")


def transpose(rows: Sequence[int]) -> Bits:
    """Rows and columns changed over."""
    turned = [0] * len(rows)
    for i, row in enumerate(rows):
        for j in bits(row):
            turned[j] |= 1 << i
    return tuple(turned)


def closure(rows: Bits, start: int) -> int:
    """Everything reachable from `start` along the rows, `start` included."""
    reached = frontier = start
    while frontier:
        step = 0
        for i in bits(frontier):
            step |= rows[i]
        frontier = step & ~reached
        reached |= frontier
    return reached
