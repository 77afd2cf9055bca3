"""The skeleton search for partial correlations: the compiled fast path of `find_skeleton`.

Same tests, same order and same answer as the general search with `fisher-z`; it compares r^2 with a threshold instead
of asking for each p-value. With degree d and largest set size k it takes O(p d^(k+1)) steps and O(p^2) memory.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import comb, erfc, sqrt, tanh
from statistics import NormalDist
from typing import overload

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.errors import DataError, join_names
from aitia.stats.search._fisher_z_kernel import level_of
from aitia.stats.search.records import Skeleton, TestRecord
from aitia.stats.search.skeleton import Constraints

__all__ = ["DecisiveTests", "partial_correlation_skeleton"]


def partial_correlation_skeleton(
    correlation: NDArray[np.float64],
    n: int,
    names: Sequence[str],
    *,
    alpha: float,
    max_depth: int,
    limits: Constraints,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Skeleton:
    """The skeleton of PC-stable with Fisher's z.

    Args:
        correlation: (p, p).
        n: Rows behind it.
        names: Of the p variables.
        alpha: Level of the tests.
        max_depth: Largest conditioning set.
        limits: From background knowledge.
        jobs: Threads; they do not change the answer.
        progress: Told after each level.

    Raises:
        DataError: If a conditioning set is collinear; names it.
    """
    quantile = -NormalDist().inv_cdf(alpha / 2)
    square = correlation**2
    adjacent = limits.allowed.copy()
    apart = adjacent & ~limits.required & (square < tanh(quantile / sqrt(n - 3)) ** 2)
    count = int(adjacent.sum()) // 2
    state = _State(np.where(adjacent, _statistic(square, n, 0), np.inf))
    state.separators = dict.fromkeys(((i, j) for i, j in np.argwhere(np.triu(apart, 1)).tolist()), (0,))
    adjacent &= ~apart
    size = 0
    while size < max_depth and int(adjacent.sum(axis=1).max(initial=0)) > size + 1 and n - (size + 1) - 3 > 0:
        size += 1
        if progress is not None:
            progress(f"sets of {size}", size - 1, max_depth)
        threshold = tanh(quantile / sqrt(n - size - 3)) ** 2
        count += _run_level(correlation, adjacent, limits.required, size, threshold, names, n, state, jobs)
    rows = [int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little") for row in adjacent]
    capped = size == max_depth and int(adjacent.sum(axis=1).max(initial=0)) > size + 1
    tests = DecisiveTests(state, limits.allowed, names)
    return Skeleton(tuple(names), rows, state.separators, tests, count, capped)


class _State:
    """The weakest test of each pair so far, and what separates the pairs that are apart."""

    def __init__(self, statistic: NDArray[np.float64]) -> None:
        self.statistic = statistic
        self.least_set: dict[tuple[int, int], tuple[int, ...]] = {}
        self.separators: dict[tuple[int, int], tuple[int, ...]] = {}


class DecisiveTests(Sequence[TestRecord]):
    """Of each pair that was tested the weakest test, which is the one that separated it if any did.

    A search of hundreds of columns has as many pairs as it takes milliseconds; each record is made when it is read.
    """

    def __init__(self, state: _State, allowed: NDArray[np.bool_], names: Sequence[str]) -> None:
        self._state, self._names = state, tuple(names)
        self._pairs = np.argwhere(np.triu(allowed, 1))

    def __len__(self) -> int:
        return len(self._pairs)

    @overload
    def __getitem__(self, place: int) -> TestRecord: ...
    @overload
    def __getitem__(self, place: slice) -> list[TestRecord]: ...
    def __getitem__(self, place: int | slice) -> TestRecord | list[TestRecord]:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        i, j = (int(k) for k in self._pairs[place])
        given = self._state.least_set.get((i, j), ())
        statistic = float(self._state.statistic[i, j])
        names = self._names
        return TestRecord(names[i], names[j], tuple(names[k] for k in given), statistic, erfc(statistic / sqrt(2)))


def _statistic(square: NDArray[np.float64], n: int, size: int) -> NDArray[np.float64]:
    """Fisher's z of squared partial correlations given sets of this size."""
    with np.errstate(invalid="ignore"):  # no test was run where it is infinite
        correlation = np.sqrt(np.minimum(square, (1 - 1e-16) ** 2))
    return np.where(np.isfinite(square), sqrt(n - size - 3) * np.arctanh(correlation), np.inf)


def _run_level(
    correlation: NDArray[np.float64],
    adjacent: NDArray[np.bool_],
    required: NDArray[np.bool_],
    size: int,
    threshold: float,
    names: Sequence[str],
    n: int,
    state: _State,
    jobs: int,
) -> int:
    """Tests all sets of one size, takes the separated pairs out of `adjacent`, and returns the number of tests."""
    p = len(names)
    words = (p + 63) // 64
    places = np.argwhere(adjacent)
    start = np.zeros(p + 1, np.int64)
    np.cumsum(adjacent.sum(axis=1), out=start[1:])
    neighbors = places[:, 1].astype(np.int64)
    packed = np.zeros((p, words * 8), np.uint8)
    packed[:, : (p + 7) // 8] = np.packbits(adjacent, axis=1, bitorder="little")
    rows = packed.view(np.uint64)
    locked = required[places[:, 0], places[:, 1]]
    apart = np.zeros(len(places), np.bool_)
    least = np.full(len(places), np.inf)
    least_set = np.full((len(places), size), -1, np.int64)
    degree = adjacent.sum(axis=1)
    level = level_of(sum(int(d) * comb(int(d) - 1, size) for d in degree if d))
    everyone = np.arange(p)
    shares = [everyone[k::jobs] for k in range(jobs)] if jobs > 1 and p >= 200 else [everyone]

    def work(nodes: NDArray[np.int64], later: bool) -> tuple[int, int]:
        done: tuple[int, int] = level(
            nodes, correlation, start, neighbors, size, threshold, later, locked, apart, least, least_set, rows,
        )  # fmt: skip
        return done

    count = 0
    for later in (True, False):
        if len(shares) == 1:
            results = [work(shares[0], later)]
        else:
            with ThreadPoolExecutor(jobs) as pool:
                results = list(pool.map(work, shares, [later] * len(shares)))
        count += sum(c for c, _ in results)
        for _, x in results:
            if x >= 0:
                found = [names[k] for k in least_set[start[x]] if k >= 0]
                raise DataError(
                    f"{join_names(dict.fromkeys([names[x], *found]))} are collinear: one of them follows from the "
                    "others, so no partial correlation given them exists; drop one"
                )
    statistic = _statistic(least, n, size)
    for slot in np.flatnonzero(apart | (statistic < state.statistic[places[:, 0], places[:, 1]])):
        i, j = places[slot].tolist()
        pair = (min(i, j), max(i, j))
        if statistic[slot] < state.statistic[i, j]:
            state.statistic[i, j] = state.statistic[j, i] = statistic[slot]
            state.least_set[pair] = tuple(least_set[slot].tolist())
        if apart[slot]:  # its least test is the one that separates it best: all before were above the threshold
            state.separators[pair] = (sum(1 << k for k in state.least_set[pair]),)
    gone = np.zeros_like(adjacent)
    gone[places[apart, 0], places[apart, 1]] = True
    gone |= gone.T
    adjacent &= ~gone
    return count
