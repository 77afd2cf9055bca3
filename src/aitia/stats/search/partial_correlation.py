"""The skeleton search for partial correlations: the compiled fast path of `find_skeleton`.

Same tests, same order and same answer as the general search with `fisher-z`; it compares r^2 with a threshold instead
of asking for each p-value. With degree d and largest set size k it takes O(p d^(k+1)) steps and O(p^2) memory.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from math import erfc, sqrt, tanh
from statistics import NormalDist
from typing import overload

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.errors import DataError, join_names
from aitia.stats.search._fisher_z_kernel import level_of
from aitia.stats.search.records import Separators, Skeleton, TestRecord
from aitia.stats.search.skeleton import Constraints

__all__ = ["BestSets", "DecisiveTests", "partial_correlation_skeleton"]

Places = NDArray[np.int64]


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
    adjacent = limits.allowed & (limits.required | (square >= tanh(quantile / sqrt(n - 3)) ** 2))
    count = int(np.count_nonzero(limits.allowed)) // 2
    state = _State(correlation, limits.allowed, adjacent, n)
    size = 0
    while size < max_depth and int(adjacent.sum(axis=1).max(initial=0)) > size + 1 and n - (size + 1) - 3 > 0:
        size += 1
        if progress is not None:
            progress(f"sets of {size}", size - 1, max_depth)
        threshold = tanh(quantile / sqrt(n - size - 3)) ** 2
        count += _run_level(correlation, adjacent, limits.required, size, threshold, names, n, state, jobs)
    rows = [int.from_bytes(row.tobytes(), "little") for row in np.packbits(adjacent, axis=1, bitorder="little")]
    capped = size == max_depth and int(adjacent.sum(axis=1).max(initial=0)) > size + 1
    return Skeleton(tuple(names), rows, BestSets(state), DecisiveTests(state, names), count, capped)


class _State:
    """The weakest test of each pair so far, and what separates the pairs that are apart.

    Most pairs of a large table are apart at once, and nothing is kept of them: a tuple for each would take longer to
    make, and to be walked by the collector of garbage, than the search. Of the others there are arrays.
    """

    def __init__(
        self, correlation: NDArray[np.float64], allowed: NDArray[np.bool_], near: NDArray[np.bool_], n: int
    ) -> None:
        self.correlation, self.allowed, self.n = correlation, allowed, n
        places = np.argwhere(np.triu(near, 1))
        self.keys = places[:, 0] * len(near) + places[:, 1]  # ascending
        self.statistic = _statistic(correlation[places[:, 0], places[:, 1]] ** 2, n, 0)
        self.size = np.zeros(len(places), np.int64)  # of the weakest test's set, which is
        self.slot = np.zeros(len(places), np.int64)  # this row of the sets of that level
        self.apart = np.zeros(len(places), np.bool_)
        self.sets: list[NDArray[np.int64]] = [np.empty((1, 0), np.int64)]

    def place(self, i: int, j: int) -> int:
        """Where a pair, i < j, stands in the arrays; -1 where it was apart at once."""
        key = i * len(self.allowed) + j
        k = int(np.searchsorted(self.keys, key))
        return k if k < len(self.keys) and self.keys[k] == key else -1

    def weakest(self, i: int, j: int) -> tuple[float, list[int]]:
        """The statistic and the set of the weakest test of a pair, i < j."""
        if (k := self.place(i, j)) < 0:
            return float(_statistic(np.square(self.correlation[i, j]), self.n, 0)), []
        chosen: list[int] = self.sets[self.size[k]][self.slot[k]].tolist()
        return float(self.statistic[k]), chosen


class BestSets(Separators):
    """Those of a state: of each pair one set."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def __getitem__(self, pair: tuple[int, int]) -> tuple[int, ...]:
        i, j = pair
        if not (0 <= i < j < len(self._state.allowed) and self._state.allowed[i, j]):
            raise KeyError(pair)
        if (k := self._state.place(i, j)) < 0:
            return (0,)
        if not self._state.apart[k]:
            raise KeyError(pair)
        return (sum(1 << v for v in self._state.weakest(i, j)[1]),)

    def by_size(self, i: Places, j: Places) -> Iterator[tuple[Places, Places]]:
        """Of many pairs, i before j, that are not adjacent, those with a set of each size, and their sets."""
        state = self._state
        keys = i * len(state.allowed) + j
        place = np.searchsorted(state.keys, keys)
        place[place == len(state.keys)] = 0
        near = state.keys[place] == keys if len(state.keys) else np.zeros(len(keys), np.bool_)
        at_once = np.flatnonzero(~near & state.allowed[i, j])
        near[near] = state.apart[place[near]]
        size = np.where(near, state.size[place] if len(state.keys) else 0, -1)
        size[at_once] = 0
        for k in np.unique(size[size >= 0]).tolist():
            chosen = np.flatnonzero(size == k)
            yield chosen, state.sets[k][state.slot[place[chosen]]] if k else np.empty((len(chosen), 0), np.int64)

    def conditional(self) -> list[tuple[int, int]]:
        """The pairs that some level with sets took apart."""
        keys = self._state.keys[self._state.apart & (self._state.size > 0)]
        return list(zip(*(part.tolist() for part in divmod(keys, len(self._state.allowed))), strict=True))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        together = np.zeros_like(self._state.allowed)
        together.flat[self._state.keys[~self._state.apart]] = True
        yield from map(tuple, np.argwhere(np.triu(self._state.allowed & ~together, 1)).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self._state.allowed)) // 2 - int(np.count_nonzero(~self._state.apart))


class DecisiveTests(Sequence[TestRecord]):
    """Of each pair that was tested the weakest test, which is the one that separated it if any did.

    A search of hundreds of columns has as many pairs as it takes milliseconds; each record is made when it is read.
    """

    def __init__(self, state: _State, names: Sequence[str]) -> None:
        self._state, self._names = state, tuple(names)

    @cached_property
    def _pairs(self) -> NDArray[np.int64]:
        return np.argwhere(np.triu(self._state.allowed, 1))

    def __len__(self) -> int:
        return int(np.count_nonzero(self._state.allowed)) // 2

    @overload
    def __getitem__(self, place: int) -> TestRecord: ...
    @overload
    def __getitem__(self, place: slice) -> list[TestRecord]: ...
    def __getitem__(self, place: int | slice) -> TestRecord | list[TestRecord]:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        i, j = (int(k) for k in self._pairs[place])
        statistic, given = self._state.weakest(i, j)
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
    level = level_of(degree.tolist(), size)
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
    back = np.argsort(neighbors, kind="stable")  # the slot (y, x) of each slot (x, y)
    first = np.flatnonzero(places[:, 0] < places[:, 1])
    second = back[first]
    statistic = _statistic(least, n, size)
    slot = np.where(statistic[second] < statistic[first], second, first)
    pairs = np.searchsorted(state.keys, places[first, 0] * p + places[first, 1])
    separated = apart[first] | apart[second]
    # Of a pair that comes apart now all tests before were above the threshold: the weakest test separates it best.
    weaker = statistic[slot] < state.statistic[pairs]
    state.statistic[pairs[weaker]] = statistic[slot[weaker]]
    state.size[pairs[weaker]] = len(state.sets)
    state.slot[pairs[weaker]] = slot[weaker]
    state.apart[pairs[separated]] = True
    state.sets.append(least_set)
    for i, j in (places[first[separated]].T, places[first[separated]].T[::-1]):
        adjacent[i, j] = False
    return count
