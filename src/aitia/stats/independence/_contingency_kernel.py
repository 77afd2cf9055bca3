"""Contingency tables by the batch: counted on packed bits or row by row, compiled; their statistic, plain or compiled.

A label of a column is a bit row with a one where a row has it. A cell of a table is then the number of ones that the
bit rows of its labels share: 64 rows a step. Where a table has so many cells that one walk over the rows is cheaper,
the rows are walked.

To load the compiler takes as long as some thousand tables of a small data set: `statistic` runs without it too, and
gives the same number.
"""

from collections.abc import Callable
from functools import cache
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEW_LABELS", "compiled", "planes_of", "statistic"]

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


@cache
def compiled() -> Callable[..., Any]:
    """The function that answers a batch: see `answer` inside."""
    from aitia.compiled import bit_count, njit

    statistic_of = njit(nogil=True)(statistic)

    @njit(nogil=True)
    def shared(a, b, into):  # type: ignore[no-untyped-def]
        for k in range(into.shape[0]):
            into[k] = a[k] & b[k]

    @njit(nogil=True)
    def common(a, b):  # type: ignore[no-untyped-def]
        total = np.uint64(0)
        for k in range(a.shape[0]):
            total += bit_count(a[k] & b[k])
        return np.int64(total)

    @njit(nogil=True)
    def by_bits(planes, first, sizes, columns, width, masks, cells):  # type: ignore[no-untyped-def]
        """Counts every cell; the labels of the set turn like the digits of a counter, the last one fastest."""
        x, y = columns[0], columns[1]
        digits = np.zeros(width, np.int64)
        masks[1, :] = ~np.uint64(0)
        fresh = 2  # the first digit whose mask has to be made
        place = 0
        while True:
            for d in range(fresh, width):
                shared(masks[d - 1], planes[first[columns[d]] + digits[d]], masks[d])
            for a in range(sizes[x]):
                shared(masks[width - 1], planes[first[x] + a], masks[0])
                for b in range(sizes[y]):
                    cells[place] = common(masks[0], planes[first[y] + b])
                    place += 1
            fresh = width - 1
            while fresh >= 2 and digits[fresh] == sizes[columns[fresh]] - 1:
                digits[fresh] = 0
                fresh -= 1
            if fresh < 2:
                return
            digits[fresh] += 1

    @njit(nogil=True)
    def append(place, column, size):  # type: ignore[no-untyped-def]
        """One more digit to the place of each row; negative from the first label on that is missing."""
        for i in range(place.shape[0]):
            place[i] = place[i] * size + column[i] if column[i] >= 0 and place[i] >= 0 else -1

    @njit(nogil=True)
    def renumbered(place):  # type: ignore[no-untyped-def]
        """Numbers the places that occur from zero on, and returns how many there are."""
        found, before = 0, np.int64(-1)
        for i in np.argsort(place):
            if place[i] >= 0:
                if place[i] != before:
                    before = place[i]
                    found += 1
                place[i] = found - 1
        return found

    @njit(nogil=True)
    def strata_of(codes, sizes, columns, width, limit, stratum):  # type: ignore[no-untyped-def]
        """The stratum of each row, negative where it lacks a label; numbered anew as soon as they are sparse."""
        stratum[:] = 0
        strata = 1
        for d in range(2, width):
            append(stratum, codes[columns[d]], sizes[columns[d]])
            strata *= sizes[columns[d]]
            if strata > limit:
                strata = renumbered(stratum)
        return strata

    @njit(nogil=True)
    def by_rows(place, cells):  # type: ignore[no-untyped-def]
        for i in range(place.shape[0]):
            if place[i] >= 0:
                cells[np.uint64(place[i])] += 1

    @njit(nogil=True)
    def answer(planes, first, codes, sizes, tests, widths, likelihood, values, freedoms, counts):  # type: ignore[no-untyped-def]
        """Fills statistic, degrees of freedom and rows of each test.

        Args:
            planes: As `planes_of` gives them, and
            first: where those of a column begin.
            codes: (p, n), -1 where missing.
            sizes: (p,) labels of each column.
            tests: (m, widest) columns x, y and the set.
            widths: (m,) how many columns a test has.
            likelihood: Whether G-square is wanted.
            values: (m,)
            freedoms: (m,)
            counts: (m,)
        """
        n = codes.shape[1]
        masks = np.empty((tests.shape[1], planes.shape[1]), np.uint64)
        stratum = np.empty(n, np.int64)
        cells = np.empty(FEW_CELLS, np.int64)
        widest = sizes.max()
        by_x, by_y = np.empty(widest, np.int64), np.empty(widest, np.int64)
        limit = max(n, 1024)
        for t in range(tests.shape[0]):
            columns, width = tests[t], widths[t]
            k_x, k_y = sizes[columns[0]], sizes[columns[1]]
            strata, size, packed = 1, k_x * k_y, True
            for d in range(width):
                packed = packed and first[columns[d]] >= 0
                if d >= 2 and size <= FEW_CELLS:
                    strata *= sizes[columns[d]]
                    size *= sizes[columns[d]]
            if packed and size <= FEW_CELLS:
                by_bits(planes, first, sizes, columns, width, masks, cells)
            else:
                strata = strata_of(codes, sizes, columns, width, limit, stratum)
                if strata * k_x * k_y > cells.shape[0]:
                    cells = np.empty(strata * k_x * k_y, np.int64)
                cells[: strata * k_x * k_y] = 0
                append(stratum, codes[columns[0]], k_x)
                append(stratum, codes[columns[1]], k_y)
                by_rows(stratum, cells)
            values[t], freedoms[t], counts[t] = statistic_of(cells, strata, k_x, k_y, likelihood, by_x, by_y)

    function: Callable[..., Any] = answer
    return function
