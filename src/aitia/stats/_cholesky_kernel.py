"""The loop of the incomplete Cholesky factorisation, compiled."""

import numpy as np

from aitia.compiled import njit

__all__ = ["pivoted"]


@njit(nogil=True, fastmath={"contract", "nnan", "ninf"})
def pivoted(points, codes, tolerance, limit):  # type: ignore[no-untyped-def]
    """Rows of L' (limit, n) and the rank, or -1 where the limit did not suffice.

    Args:
        points: (d, n), one row a dimension, so that every inner loop runs over contiguous memory.
        codes: (c, n).
        tolerance: Largest diagonal entry of the rest.
        limit: Largest rank.
    """
    n = points.shape[1] if points.shape[0] else codes.shape[1]
    room = min(limit, 64)
    factor = np.empty((room, n))
    rest = np.ones(n)
    decades = np.log10(0.01 / tolerance)
    tenth = 0  # the rank at which a tenth was left
    hundredth = 0
    column = np.empty(n)
    for rank in range(limit + 1):
        pivot = np.argmax(rest)
        if rest[pivot] <= tolerance:
            return factor, rank
        if rank == limit:
            break
        if limit < n and not hundredth:
            if not tenth and rest[pivot] <= 0.1:
                tenth = rank
            if not tenth and 4 * rank > limit:
                break
            if rest[pivot] <= 0.01:
                hundredth = rank
                if 0.85 * (rank + decades * (rank - tenth)) > limit:
                    break
        if rank == room:  # grow by doubling: the rank is not known beforehand
            room = min(limit, 2 * room)
            larger = np.empty((room, n))
            larger[:rank] = factor
            factor = larger
        column[:] = 0.0
        for k in range(points.shape[0]):
            at = points[k, pivot]
            row = points[k]
            for i in range(n):
                column[i] += (row[i] - at) * (row[i] - at)
        for i in range(n):
            column[i] = np.exp(-0.5 * column[i])
        for k in range(codes.shape[0]):
            label = codes[k, pivot]
            for i in range(n):
                if codes[k, i] != label:
                    column[i] = 0.0
        whole = rank - rank % 4  # four rows at a time: the column is read and written once for all of them
        for q in range(0, whole, 4):
            w0, w1, w2, w3 = factor[q, pivot], factor[q + 1, pivot], factor[q + 2, pivot], factor[q + 3, pivot]
            r0, r1, r2, r3 = factor[q], factor[q + 1], factor[q + 2], factor[q + 3]
            for i in range(n):
                column[i] -= w0 * r0[i] + w1 * r1[i] + w2 * r2[i] + w3 * r3[i]
        for q in range(whole, rank):
            weight = factor[q, pivot]
            row = factor[q]
            for i in range(n):
                column[i] -= weight * row[i]
        scale = 1.0 / np.sqrt(rest[pivot])
        row = factor[rank]
        for i in range(n):
            row[i] = column[i] * scale
            rest[i] -= row[i] * row[i]
        rest[pivot] = 0.0
    return factor, -1
