"""What the machine can do: move memory, multiply matrices, count bits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from _limits.base import in_turn
from aitia.compiled import bit_count, njit

__all__ = ["Speed", "rows"]


@dataclass(frozen=True)
class Speed:
    """One speed of the machine on one thread."""

    name: str
    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.name:44} {self.value:9.1f} {self.unit}"

    def to_json(self) -> dict[str, Any]:
        """The speed."""
        return {"machine": self.name, "value": self.value, "unit": self.unit}


@njit(nogil=True)
def _common(a, b):  # type: ignore[no-untyped-def]
    """Bits that are set in both."""
    total = np.uint64(0)
    for k in range(a.shape[0]):
        total += bit_count(a[k] & b[k])
    return total


def rows(full: bool) -> Iterator[Speed]:
    """Triad, products of matrices, AND with a count of bits."""
    del full
    a, b, c = np.zeros(10_000_000), np.ones(10_000_000), np.ones(10_000_000)

    def triad() -> None:
        np.multiply(c, 3.0, out=a)
        np.add(a, b, out=a)

    square = np.random.default_rng(0).normal(size=(1024, 1024))
    single = square.astype(np.float32)
    words = np.random.default_rng(0).integers(0, 1 << 62, 2**14).astype(np.uint64)
    seconds = in_turn(
        5,
        triad,
        lambda: square @ square,
        lambda: single @ single,
        lambda: [_common(words, words) for _ in range(100)],
    )
    yield Speed("a = b + 3 c, two passes", 5 * 8e7 / seconds[0] / 1e9, "GB/s")
    yield Speed("product of matrices, 64 bits", 2 * 1024**3 / seconds[1] / 1e9, "GFLOP/s")
    yield Speed("product of matrices, 32 bits", 2 * 1024**3 / seconds[2] / 1e9, "GFLOP/s")
    yield Speed("AND and count of bits", 100 * 2**14 / seconds[3] / 1e9, "Gwords/s")
