"""Contingency tables by the batch: counted on packed bits or row by row, compiled; their statistic, plain or compiled.

A label of a column is a bit row with a one where a row has it. A cell of a table is then the number of ones that the
bit rows of its labels share: 64 rows a step. Where a table has so many cells that one walk over the rows is cheaper,
the rows are walked.

To load the compiler takes as long as some thousand tables of a small data set: `statistic` runs without it too, and
gives the same number.
"""

from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEW_CELLS", "FEW_LABELS", "planes_of", "statistic"]

FEW_LABELS = 32
"""A column with more labels is walked by rows."""
FEW_CELLS = 128
"""A table with more cells is."""


def planes_of(codes: NDArray[np.signedinteger[Any]], sizes: NDArray[np.int64]) -> tuple[Any, NDArray[np.int64]]:
    """Bit rows of the labels of each column, (labels, words), and where those of a column begin; -1 for many labels.

    Args:
        codes: (p, n), -1 where missing.
        sizes: (p,) labels of each column.
    """
    n = codes.shape[1]
    few = np.where(sizes <= FEW_LABELS, sizes, 0)
    first = np.where(few > 0, np.cumsum(few) - few, -1)
    packed = np.zeros((int(few.sum()), (n + 63) // 64 * 8), np.uint8)
    for column, start, size in zip(codes, first, few, strict=True):
        for label in range(size):
            packed[start + label, : (n + 7) // 8] = np.packbits(column == label)
    return packed.view(np.uint64), first


def statistic(cells, strata, k_x, k_y, likelihood, by_x, by_y):  # type: ignore[no-untyped-def]
    """The statistic, its degrees of freedom and the rows of a table.

    Args:
        cells: (strata * k_x * k_y,) counts.
        strata: Their number.
        k_x: Labels of x.
        k_y: Labels of y.
        likelihood: Whether G-square is wanted rather than chi-square.
        by_x: Room for k_x counts.
        by_y: Room for k_y counts.
    """
    value = 0.0
    freedom = 0
    rows = 0
    place = 0
    for _ in range(strata):
        for a in range(k_x):
            by_x[a] = 0
        for b in range(k_y):
            by_y[b] = 0
        here = 0
        for a in range(k_x):
            for b in range(k_y):
                count = cells[place + a * k_y + b]
                by_x[a] += count
                by_y[b] += count
                here += count
        if here:
            rows += here
            present_x = 0
            for a in range(k_x):
                present_x += by_x[a] > 0
            present_y = 0
            for b in range(k_y):
                present_y += by_y[b] > 0
            freedom += (present_x - 1) * (present_y - 1)
            for a in range(k_x):
                if by_x[a]:
                    for b in range(k_y):
                        if by_y[b]:
                            count = cells[place + a * k_y + b]
                            expected = by_x[a] * by_y[b] / here
                            if not likelihood:
                                value += (count - expected) * (count - expected) / expected
                            elif count:
                                value += 2 * count * log(count / expected)
        place += k_x * k_y
    return value, freedom, rows
