"""The compiled loops of `_contingency_kernel`, which loads them once a process has put enough tests."""

import numpy as np

from aitia.compiled import bit_count, njit
from aitia.stats.independence._contingency_kernel import FEW_CELLS, statistic

__all__ = ["answer", "sums_of_cells"]

_statistic = njit(nogil=True)(statistic)


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
        values[t], freedoms[t], counts[t] = _statistic(cells, strata, k_x, k_y, likelihood, by_x, by_y)


@njit(nogil=True)
def occurring(place, cells, found):  # type: ignore[no-untyped-def]
    """Writes how often each place occurs to `found`, sorted; returns how many do. `cells` is zero before and after."""
    for i in range(place.shape[0]):
        cells[place[i]] += 1
    stop = 0
    for i in range(place.shape[0]):
        if cells[place[i]]:
            found[stop] = cells[place[i]]
            cells[place[i]] = 0
            stop += 1
    found[:stop].sort()
    return stop


@njit(nogil=True)
def sums_of_cells(planes, first, sizes, codes, sets, cells, weight, values, counts):  # type: ignore[no-untyped-def]
    """Fills the sum of the weights of the counts N over the cells of each table, smallest first.

    Args:
        planes: As `planes_of` gives them, and
        first: where those of a column begin.
        sizes: (p,) labels of each column.
        codes: (p, n), none missing.
        sets: (m, width) the columns of each table, two or more.
        cells: Zeros, as many as the largest table has cells.
        weight: (n + 1,) of each N above zero.
        values: (m,) the sums.
        counts: (m,) how many cells hold rows.
    """
    width = sets.shape[1]
    masks = np.empty((width, planes.shape[1]), np.uint64)
    place, few = np.empty(codes.shape[1], np.int64), np.empty(FEW_CELLS, np.int64)
    found = np.empty(max(codes.shape[1], FEW_CELLS), np.int64)
    for t in range(sets.shape[0]):
        size, packed = 1, True
        for d in range(width):
            size *= sizes[sets[t, d]]
            packed = packed and first[sets[t, d]] >= 0
        if packed and size <= FEW_CELLS:
            by_bits(planes, first, sizes, sets[t], width, masks, few)
            stop = 0
            for c in range(size):
                if few[c]:
                    found[stop] = few[c]
                    stop += 1
            found[:stop].sort()
        else:
            place[:] = 0
            for d in range(width):
                append(place, codes[sets[t, d]], sizes[sets[t, d]])
            stop = occurring(place, cells, found)
        total = 0.0
        for c in range(stop):
            total += weight[found[c]]
        values[t] = total
        counts[t] = stop
