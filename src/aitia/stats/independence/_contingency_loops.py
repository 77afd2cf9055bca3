"""The compiled loops of `_contingency_kernel`, which loads them once a process has put enough tests."""

import numpy as np

from aitia.compiled import bit_count, njit
from aitia.stats.independence._contingency_kernel import FEW_CELLS, statistic

__all__ = ["answer", "sums_of_both"]

DENSE = 16
"""A table is counted whole up to so many cells for each row."""

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
def merged(columns, width, whole, known):  # type: ignore[no-untyped-def]
    """Writes the columns of a test to `whole`, ascending; returns how many of the first `known` stay as they were."""
    stay, end, k = 0, 0, 2
    for place in range(width):
        if end < 2 and (k == width or columns[end] < columns[k]):
            column = columns[end]
            end += 1
        else:
            column = columns[k]
            k += 1
        stay += stay == place and place < known and whole[place] == column
        whole[place] = column
    return stay


@njit(nogil=True)
def joined(codes, sizes, gaps, whole, width, made, place, cells):  # type: ignore[no-untyped-def]
    """Counts the rows by all columns; of the first `made` of them the place of each row is known from another table."""
    for d in range(made, width - 1):
        if d:
            place[d] = place[d - 1]
        else:
            place[0] = 0
        extended(place[d], codes[whole[d]], sizes[whole[d]], gaps)
    column, size, before = codes[whole[width - 1]], sizes[whole[width - 1]], place[width - 2]
    for i in range(column.shape[0]):
        if not gaps or (column[i] >= 0 and before[i] >= 0):
            cells[np.uint64(before[i] * size + column[i])] += 1


@njit(nogil=True)
def extended(place, column, size, gaps):  # type: ignore[no-untyped-def]
    """`append`, without a look for missing labels where there are none."""
    if gaps:
        append(place, column, size)
        return
    for i in range(place.shape[0]):
        place[i] = place[i] * size + column[i]


@njit(nogil=True)
def turned(table, sizes, whole, columns, width, steps, cells):  # type: ignore[no-untyped-def]
    """Writes a table, its last column fastest, as strata of x and y; returns how many strata have a row.

    A stratum without any says nothing, and is passed over.
    """
    step = 1
    for d in range(width - 1, -1, -1):
        steps[0, d] = step
        step *= sizes[whole[d]]
    for d in range(width):
        for k in range(width):
            if whole[k] == columns[d]:
                steps[1, d] = steps[0, k]
                steps[2, d] = 0
    k_x, k_y, by_x, by_y = sizes[columns[0]], sizes[columns[1]], steps[1, 0], steps[1, 1]
    start, place, found = 0, 0, 0
    while True:
        here = place
        rows = 0
        for a in range(k_x):
            for b in range(k_y):
                count = table[start + a * by_x + b * by_y]
                cells[here] = count
                rows += count
                here += 1
        if rows:
            place = here
            found += 1
        d = width - 1
        while d >= 2 and steps[2, d] == sizes[columns[d]] - 1:
            start -= steps[1, d] * steps[2, d]
            steps[2, d] = 0
            d -= 1
        if d < 2:
            return found
        steps[2, d] += 1
        start += steps[1, d]


@njit(nogil=True)
def answer(planes, first, codes, sizes, gaps, tests, widths, order, likelihood, values, freedoms, counts):  # type: ignore[no-untyped-def]
    """Fills statistic, degrees of freedom and rows of each test. Neighbours in `order` share what they have in common:
    tests of the same columns one table, and tables of the same first columns the place of each row by these.

    Args:
        planes: As `planes_of` gives them, and
        first: where those of a column begin.
        codes: (p, n), -1 where missing.
        sizes: (p,) labels of each column.
        gaps: Whether a label is missing.
        tests: (m, widest) columns x, y and the set, x < y and the set ascending.
        widths: (m,) how many columns a test has.
        order: (m,) in which they are answered.
        likelihood: Whether G-square is wanted.
        values: (m,)
        freedoms: (m,)
        counts: (m,)
    """
    n, widest = codes.shape[1], tests.shape[1]
    masks = np.empty((widest, planes.shape[1]), np.uint64)
    whole, inner, steps = np.zeros(widest, np.int64), np.zeros(widest, np.int64), np.zeros((3, widest), np.int64)
    place, stratum = np.empty((max(widest - 1, 1), n), np.int32), np.empty(0, np.int64)
    table, cells = np.empty(FEW_CELLS, np.int64), np.empty(FEW_CELLS, np.int64)
    by_x, by_y = np.empty(sizes.max(), np.int64), np.empty(sizes.max(), np.int64)
    limit = max(n, 1024)
    dense = min(DENSE * limit, 1 << 20)
    made, known, before = 0, 0, 0  # columns of `whole` that `place` and `table` are of; of the test before
    for t in order:
        columns, width = tests[t], widths[t]
        k_x, k_y = sizes[columns[0]], sizes[columns[1]]
        stay = merged(columns, width, whole, before)
        made, before = min(made, stay), width
        size, packed = 1, True
        for d in range(width):
            packed = packed and first[columns[d]] >= 0
            size = size * sizes[columns[d]] if size <= dense else size
        if size > dense:
            known = 0
            if stratum.shape[0] == 0:
                stratum = np.empty(n, np.int64)
            strata = strata_of(codes, sizes, columns, width, limit, stratum)
            if strata * k_x * k_y > cells.shape[0]:
                cells = np.empty(strata * k_x * k_y, np.int64)
            cells[: strata * k_x * k_y] = 0
            append(stratum, codes[columns[0]], k_x)
            append(stratum, codes[columns[1]], k_y)
            by_rows(stratum, cells)
        else:
            if size > table.shape[0]:
                table = np.empty(2 * size, np.int64)
            if size > cells.shape[0]:
                cells = np.empty(2 * size, np.int64)
            if stay < width or known != width:
                if packed and size <= FEW_CELLS:
                    inner[:2], inner[2:width] = whole[width - 2 : width], whole[: width - 2]
                    by_bits(planes, first, sizes, inner, width, masks, table)
                else:
                    table[:size] = 0
                    joined(codes, sizes, gaps, whole, width, made, place, table)
                    made = width - 1
                known = width
            strata = turned(table, sizes, whole, columns, width, steps, cells)
        values[t], freedoms[t], counts[t] = _statistic(cells, strata, k_x, k_y, likelihood, by_x, by_y)


@njit(nogil=True)
def ascending(found, stop):  # type: ignore[no-untyped-def]
    if stop > 32:
        found[:stop].sort()
        return
    for k in range(1, stop):
        count, place = found[k], k
        while place and found[place - 1] > count:
            found[place] = found[place - 1]
            place -= 1
        found[place] = count


@njit(nogil=True)
def occurring(place, column, size, most, cells, found):  # type: ignore[no-untyped-def]
    """Writes how often each place in one more column occurs to `found`; returns how many do.

    Args:
        place: (n,)
        column: (n,)
        size: Its labels.
        most: Places there may be.
        cells: Zeros, before and after, at least as many.
        found: (n,)
    """
    stop = 0
    for i in range(place.shape[0]):
        cells[np.uint64(place[i] * size + column[i])] += 1
    if most <= 2 * place.shape[0]:
        for k in range(most):
            if cells[k]:
                found[stop] = cells[k]
                cells[k] = 0
                stop += 1
        return stop
    for i in range(place.shape[0]):
        cell = np.uint64(place[i] * size + column[i])
        if cells[cell]:
            found[stop] = cells[cell]
            cells[cell] = 0
            stop += 1
    return stop


@njit(nogil=True)
def split(planes, first, sizes, held, more, room, masks, found, stops):  # type: ignore[no-untyped-def]
    """Counts the cells of some columns, and each of these split by one more column: (m, room) and how many have rows.

    The tables of more than `room` cells are left out. The labels turn like the digits of a counter.
    """
    width = held.shape[0]
    digits = np.zeros(width, np.int64)
    size = 1
    for d in range(width):
        size *= sizes[held[d]]
    fresh = 0
    while True:
        for d in range(fresh, width):
            label = planes[first[held[d]] + digits[d]]
            if d:
                shared(masks[d - 1], label, masks[d])
            else:
                masks[0] = label
        here = common(masks[width - 1], masks[width - 1])
        for k in range(more.shape[0] if here else 0):
            x = more[k]
            if first[x] >= 0 and size * sizes[x] <= room:
                rest = here
                for label in range(sizes[x] - 1):
                    count = common(masks[width - 1], planes[first[x] + label]) if rest else 0
                    if count:
                        found[k, stops[k]] = count
                        stops[k] += 1
                        rest -= count
                if rest:
                    found[k, stops[k]] = rest
                    stops[k] += 1
        fresh = width - 1
        while fresh >= 0 and digits[fresh] == sizes[held[fresh]] - 1:
            digits[fresh] = 0
            fresh -= 1
        if fresh < 0:
            return
        digits[fresh] += 1


@njit(nogil=True)
def alone(planes, first, sizes, more, found, stops):  # type: ignore[no-untyped-def]
    """Counts the labels of some columns, but for those of many labels."""
    for k in range(more.shape[0]):
        begin = first[more[k]]
        for label in range(sizes[more[k]] if begin >= 0 else 0):
            count = common(planes[begin + label], planes[begin + label])
            if count:
                found[k, stops[k]] = count
                stops[k] += 1


@njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _sums_of_cells(planes, first, sizes, codes, held, more, cells, weight, told):  # type: ignore[no-untyped-def]
    """Fills the sum of weights of counts N over the cells of tables of some columns and one more, smallest first.

    Args:
        planes: As `planes_of` gives them, and
        first: where those of a column begin.
        sizes: (p,) labels of each column.
        codes: (p, n), none missing.
        held: (w,) columns that all tables have; without any each of the others is counted alone.
        more: (m,) of each table another column.
        cells: Zeros, as many as the largest table has cells.
        weight: (n + 1,) of each N above zero.
        told: (2, m) the sums, and how many cells hold rows.
    """
    width = held.shape[0]
    size, packed = 1, True
    for d in range(width):
        size *= sizes[held[d]]
        packed = packed and first[held[d]] >= 0
    few, stops = np.empty((more.shape[0], FEW_CELLS), np.int64), np.zeros(more.shape[0], np.int64)
    place, many = np.empty(0, np.int32), np.empty(0, np.int64)
    if width == 0:
        alone(planes, first, sizes, more, few, stops)
    elif packed and 2 * size <= FEW_CELLS:
        masks = np.empty((width, planes.shape[1]), np.uint64)
        split(planes, first, sizes, held, more, FEW_CELLS, masks, few, stops)
    for k in range(more.shape[0]):
        counts, stop = few[k], stops[k]
        if stop == 0:
            if place.shape[0] == 0:
                place, many = np.zeros(codes.shape[1], np.int32), np.empty(codes.shape[1], np.int64)
                for d in range(width):
                    extended(place, codes[held[d]], sizes[held[d]], False)
            counts = many
            stop = occurring(place, codes[more[k]], sizes[more[k]], size * sizes[more[k]], cells, many)
        ascending(counts, stop)
        total = 0.0
        for c in range(stop):
            total += weight[counts[c]]
        told[0, k], told[1, k] = total, stop


@njit(nogil=True)
def sums_of_both(planes, first, sizes, codes, asked, width, stop, cells, weight, told):  # type: ignore[no-untyped-def]
    """The same of some columns, and then of these and one more, each with others.

    Args:
        asked: (m,) the columns that all tables have, so many; the one more; the columns beside the first, up to the
            stop; those beside all of them.
        told: (2, m - width - 1) of each table its sum, and how many cells hold rows.
    """
    new = stop - width - 1
    for held, more, into in (
        (asked[:width], asked[width + 1 : stop], told[:, :new]),
        (asked[: width + 1], asked[stop:], told[:, new:]),
    ):
        if len(more):
            _sums_of_cells(planes, first, sizes, codes, held, more, cells, weight, into)
