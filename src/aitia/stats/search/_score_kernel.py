"""Local scores in loops: of one variable given a set, and of that set grown by each other variable.

The score of y given S is the logarithm of a likelihood less a penalty, in nats; higher is better.

    Gaussian   -n/2 (w (log 2 pi + 1) + log det C) - penalty/2 log n (w sum of widths of S + w (w + 3) / 2),
               C the covariance of the w columns of y that S leaves; labels stand as indicator columns
    BIC        sum of N_jk log(N_jk / N_j) - penalty/2 log n q (r - 1)
    BDeu       sum over j of log G(a/q) - log G(a/q + N_j) + sum over k of log G(a/(qr) + N_jk) - log G(a/(qr)),
               G the gamma function; less c for each of S, which is what a prior of sparse graphs says

with N_jk rows at the j-th of q values of S and the k-th of r values of y. `compiled.py` beside it makes machine code of
these functions; small tables are searched with them as they stand.
"""

from math import exp, lgamma, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BDEU", "BIC", "GAUSSIAN", "ScoreData", "fewer_lines", "grow", "local", "several"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

GAUSSIAN, BIC, BDEU = 0, 1, 2
"""Kinds of scores."""
TINY = 1e-9
"""Variance, of one, below which a column counts as a function of others."""
FAR = 1e-4
"""Variance above which rounding in what is left of a column moves no score."""


class ScoreData(NamedTuple):
    """What local scores are made of.

    Args:
        kind: Which score.
        correlation: (c, c), of all columns, for Gaussian scores.
        first: (p + 1,), where the columns of each variable begin.
        constant: (p,), what a Gaussian score has beside its correlations.
        codes: (p, m), the label of each variable in each distinct row, for discrete scores.
        weights: (m,), how often each distinct row stands in the table.
        levels: (p,), labels of each variable.
        rows: n.
        penalty: Factor of the penalty of BIC; 1 is BIC itself.
        prior: Equivalent sample size a of BDeu.
        edge: Nats c that a parent costs beforehand in BDeu.
    """

    kind: int
    correlation: NDArray[np.float64]
    first: NDArray[np.int64]
    constant: NDArray[np.float64]
    codes: NDArray[np.int32]
    weights: NDArray[np.int64]
    levels: NDArray[np.int64]
    rows: int
    penalty: float
    prior: float
    edge: float


def local(data: ScoreData, y: int, parents: Ints, size: int, wanted: Flags, out: Floats) -> float:
    """The score of y given the first `size` of `parents`; `wanted` and `out` are empty."""
    if data.kind == GAUSSIAN:
        return gaussian(data, y, parents, size, wanted, out)
    return discrete(data, y, parents, size, wanted, out)


def several(data: ScoreData, ys: Ints, begins: Ints, parents: Ints, found: Floats) -> None:
    """Puts into found[k] the score of ys[k] given parents[begins[k] : begins[k + 1]]."""
    wanted, out = np.zeros(0, np.bool_), np.zeros(0)
    for k in range(len(ys)):
        own = parents[begins[k] : begins[k + 1]]
        found[k] = local(data, ys[k], own, len(own), wanted, out)


def grow(data: ScoreData, y: int, parents: Ints, size: int, wanted: Flags, out: Floats, least: float) -> None:
    """Puts the score of y given `parents` and z into out[z], for every wanted z; or less, where it is below `least`."""
    if data.kind == GAUSSIAN and single(data):
        lines(data, y, parents, size, wanted, out, least)
    elif data.kind == GAUSSIAN:
        gaussian(data, y, parents, size, wanted, out)
    else:
        discrete(data, y, parents, size, wanted, out)


def single(data: ScoreData) -> bool:
    """Whether every variable of a Gaussian score is one column."""
    return len(data.correlation) == len(data.constant)


def lines(data: ScoreData, y: int, parents: Ints, size: int, wanted: Flags, out: Floats, least: float) -> None:
    """`grow` for variables of one column: eliminates the parents from all columns at once."""
    corr, p = data.correlation, len(data.constant)
    rows, own, spread = np.empty((size, p)), np.empty(p), np.ones(p)
    for z in range(p):
        own[z] = corr[y, z]
    for a in range(size):
        column = parents[a]
        row, pivot = rows[a], spread[column]
        for z in range(p):
            row[z] = corr[column, z]
        for c in range(a):
            other, factor = rows[c], rows[c, column]
            for z in range(p):
                row[z] -= factor * other[z]
        scale = 1 / sqrt(pivot) if pivot > TINY else 0.0
        factor = row[y] * scale
        for z in range(p):
            row[z] *= scale
            own[z] -= factor * row[z]
            spread[z] -= row[z] * row[z]
    price, half = 0.5 * data.penalty * log(data.rows), 0.5 * data.rows
    base = data.constant[y] - price * (size + 3)
    most = own[y]
    if least > -np.inf:  # what leaves more of y than this scores less
        most = min(most, 1.0001 * exp(min((base - least) / half, 1.0)))
    for z in range(p):
        if not wanted[z]:
            continue
        left = own[y] - own[z] * own[z] / spread[z] if spread[z] > TINY else own[y]
        out[z] = base - half * log(max(left, TINY)) if left <= most else -np.inf


def fewer_lines(
    data: ScoreData, y: int, parents: Ints, size: int, fixed: int, score: float, least: float
) -> tuple[int, float]:
    """Takes parents away one by one, the worst first, as long as the score of y rises by more than `least`.

    It sweeps the correlations of parents and y, so that every deletion is one number. Only for variables of one column
    that are far from functions of each other.

    Args:
        parents: The parents, of which the first `fixed` stay; what is left is written in their place.
        score: Of all of them.

    Returns:
        How many are left, and the score; -1 and nothing done where the columns are not of this kind.
    """
    if data.kind != GAUSSIAN or not single(data):
        return -1, score
    swept = np.empty((size + 1, size + 1))
    for a in range(size + 1):
        for b in range(size + 1):
            one, other = parents[a] if a < size else y, parents[b] if b < size else y
            swept[a, b] = data.correlation[one, other]
    for a in range(size):
        if swept[a, a] < FAR:
            return -1, score
        sweep(swept, a, 1.0)
    if swept[size, size] < FAR:
        return -1, score
    price, half = 0.5 * data.penalty * log(data.rows), 0.5 * data.rows
    gone, kept = np.zeros(size, np.bool_), size
    while True:
        left, worst, best = swept[size, size], -1, score
        for e in range(fixed, size):
            if not gone[e]:
                more = left - swept[size, e] * swept[size, e] / swept[e, e]
                value = data.constant[y] - price * (kept + 1) - half * log(more)
                if value > best + least:
                    worst, best = e, value
        if worst < 0:
            break
        sweep(swept, worst, -1.0)
        gone[worst], score, kept = True, best, kept - 1
    kept = 0
    for e in range(size):
        if not gone[e]:
            parents[kept] = parents[e]
            kept += 1
    return kept, score


def sweep(matrix: Floats, k: int, sign: float) -> None:
    """Sweeps a symmetric matrix on the k-th pivot; with sign -1 back."""
    pivot, size = matrix[k, k], len(matrix)
    for i in range(size):
        if i != k:
            factor = matrix[i, k] / pivot
            for j in range(size):
                if j != k:
                    matrix[i, j] -= factor * matrix[k, j]
    for i in range(size):
        if i != k:
            matrix[i, k] *= sign / pivot
            matrix[k, i] = matrix[i, k]
    matrix[k, k] = -1 / pivot


def gaussian(data: ScoreData, y: int, parents: Ints, size: int, wanted: Flags, out: Floats) -> float:
    """The Gaussian score: eliminates the parents, then one further variable at a time where any is wanted."""
    corr, first = data.correlation, data.first
    wide, count = first[y + 1] - first[y], 0
    for e in range(size):
        count += first[parents[e] + 1] - first[parents[e]]
    columns = np.empty(count, np.int64)
    k = 0
    for e in range(size):
        for c in range(first[parents[e]], first[parents[e] + 1]):
            columns[k] = c
            k += 1
    factor = np.zeros((count, count))
    for a in range(count):
        for b in range(a + 1):
            value = corr[columns[a], columns[b]]
            for c in range(b):
                value -= factor[a, c] * factor[b, c]
            if a == b:
                factor[a, a] = sqrt(value) if value > TINY else 0.0
            else:
                factor[a, b] = value / factor[b, b] if factor[b, b] > 0 else 0.0
    own = np.zeros((wide, count))
    for i in range(wide):
        for a in range(count):
            value = corr[columns[a], first[y] + i]
            for c in range(a):
                value -= factor[a, c] * own[i, c]
            own[i, a] = value / factor[a, a] if factor[a, a] > 0 else 0.0
    left = np.empty((wide, wide))
    for i in range(wide):
        for j in range(wide):
            value = corr[first[y] + i, first[y] + j]
            for c in range(count):
                value -= own[i, c] * own[j, c]
            left[i, j] = value
    price = 0.5 * data.penalty * log(data.rows)
    base: float = data.constant[y] - price * (wide * count + 0.5 * wide * (wide + 3))
    half = 0.5 * data.rows
    if len(wanted) == 0:
        return base - half * log_determinant(left, wide)
    most = 0
    for z in range(len(wanted)):
        most = max(most, first[z + 1] - first[z])
    other, pivots, rest = np.empty((most, count + wide)), np.empty((most, most)), np.empty((wide, wide))
    for z in range(len(wanted)):
        if not wanted[z]:
            continue
        broad = first[z + 1] - first[z]
        for w in range(wide):
            for v in range(wide):
                rest[w, v] = left[w, v]
        for i in range(broad):
            for a in range(count):
                value = corr[columns[a], first[z] + i]
                for c in range(a):
                    value -= factor[a, c] * other[i, c]
                other[i, a] = value / factor[a, a] if factor[a, a] > 0 else 0.0
            for j in range(i + 1):
                value = corr[first[z] + i, first[z] + j]
                for c in range(count):
                    value -= other[i, c] * other[j, c]
                for c in range(j):
                    value -= pivots[i, c] * pivots[j, c]
                if i == j:
                    pivots[i, i] = sqrt(value) if value > TINY else 0.0
                else:
                    pivots[i, j] = value / pivots[j, j] if pivots[j, j] > 0 else 0.0
            for w in range(wide):
                value = corr[first[y] + w, first[z] + i]
                for c in range(count):
                    value -= own[w, c] * other[i, c]
                for c in range(i):
                    value -= pivots[i, c] * other[c, count + w]
                other[i, count + w] = value / pivots[i, i] if pivots[i, i] > 0 else 0.0
            for w in range(wide):
                for v in range(wide):
                    rest[w, v] -= other[i, count + w] * other[i, count + v]
        out[z] = base - price * wide * broad - half * log_determinant(rest, wide)
    return 0.0


def log_determinant(matrix: Floats, size: int) -> float:
    """Of a covariance; a direction without variance counts as one of TINY. The matrix is used up."""
    total = 0.0
    for i in range(size):
        pivot = matrix[i, i]
        if pivot <= TINY:
            total += log(TINY)
            continue
        total += log(pivot)
        for j in range(i + 1, size):
            share = matrix[j, i] / pivot
            for k in range(i + 1, size):
                matrix[j, k] -= share * matrix[i, k]
    return total


def discrete(data: ScoreData, y: int, parents: Ints, size: int, wanted: Flags, out: Floats) -> float:
    """The scores of labels: numbers the values of the parents that occur, then counts."""
    codes, weights, levels = data.codes, data.weights, data.levels
    m = codes.shape[1]
    values = np.zeros(m, np.int64)
    seen, possible = 1, 1.0
    for e in range(size):
        z = parents[e]
        number = np.full(seen * levels[z], -1, np.int64)
        seen = 0
        for i in range(m):
            value = values[i] * levels[z] + codes[z, i]
            if number[value] < 0:
                number[value] = seen
                seen += 1
            values[i] = number[value]
        possible *= levels[z]
    r = levels[y]
    if len(wanted) == 0:
        counts = np.zeros(seen * r, np.int64)
        for i in range(m):
            counts[values[i] * r + codes[y, i]] += weights[i]
        return of_counts(data, counts, seen, r, possible) - data.edge * size
    for z in range(len(wanted)):
        if wanted[z]:
            t = levels[z]
            counts = np.zeros(seen * t * r, np.int64)
            for i in range(m):
                counts[(values[i] * t + codes[z, i]) * r + codes[y, i]] += weights[i]
            out[z] = of_counts(data, counts, seen * t, r, possible * t) - data.edge * (size + 1)
    return 0.0


def of_counts(data: ScoreData, counts: Ints, seen: int, r: int, possible: float) -> float:
    """The score of a table of counts, `seen` rows of r, of `possible` rows in all."""
    total = 0.0
    if data.kind == BIC:
        for j in range(seen):
            row = 0
            for k in range(r):
                count = counts[j * r + k]
                if count > 0:
                    row += count
                    total += count * log(count)
            if row > 0:
                total -= row * log(row)
        return total - 0.5 * data.penalty * log(data.rows) * possible * (r - 1)
    each, whole = data.prior / (possible * r), data.prior / possible
    start_each, start_whole = lgamma(each), lgamma(whole)
    for j in range(seen):
        row = 0
        for k in range(r):
            count = counts[j * r + k]
            if count > 0:
                row += count
                total += lgamma(each + count) - start_each
        if row > 0:
            total += start_whole - lgamma(whole + row)
    return total
