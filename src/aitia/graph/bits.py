"""Sets of nodes as the bits of an integer: set algebra is then one machine operation per 64 nodes."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bits", "bits", "closure", "from_words", "pack", "to_words", "transpose"]

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


def to_words(rows: Sequence[int], nodes: int | None = None) -> NDArray[np.uint64]:
    """(rows, words) of 64 bits for so many nodes, as many as rows by default: what compiled loops take and write to."""
    count = ((len(rows) if nodes is None else nodes) + 63) // 64 * 8
    return np.frombuffer(bytearray().join([row.to_bytes(count, "little") for row in rows]), np.uint64).reshape(
        len(rows), -1
    )


def from_words(words: NDArray[np.uint64]) -> list[int]:
    """The bit rows that these words hold."""
    held, count = words.tobytes(), words.shape[1] * 8
    return [int.from_bytes(held[k : k + count], "little") for k in range(0, len(held), count)]


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
