"""The skeleton search for partial correlations: the compiled fast path of `find_skeleton`.

Same tests, same order and same answer as the general search with `fisher-z`; it compares r^2 with a threshold instead
of asking for each p-value. With degree d and largest set size k it takes O(p d^(k+1)) steps and O(p^2) memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import combinations
from math import erfc, sqrt, tanh
from statistics import NormalDist
from typing import overload

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.errors import DataError, join_names
from aitia.stats.search._fisher_z_kernel import TIE, level_of
from aitia.stats.search.batch import partial_correlations
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
    least = tanh(quantile / sqrt(n - 3))
    adjacent = (correlation >= least) | (correlation <= -least)
    if limits.required.any():
        adjacent |= limits.required
    adjacent &= limits.allowed
    count = int(np.count_nonzero(limits.allowed)) // 2
    state = _State(correlation, limits.allowed, adjacent, n)
    size = 0
    while size < max_depth and state.degree() > size + 1 and n - (size + 1) - 3 > 0:
        size += 1
        if progress is not None:
            progress(f"sets of {size}", size - 1, max_depth)
        threshold = tanh(quantile / sqrt(n - size - 3)) ** 2
        count += _run_level(correlation, adjacent, limits.required, size, threshold, names, n, state, jobs)
    held, row = np.packbits(adjacent, axis=1, bitorder="little").tobytes(), (len(names) + 7) // 8
    rows = [int.from_bytes(held[k : k + row], "little") for k in range(0, len(held), row)]
    capped = size == max_depth and state.degree() > size + 1
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
        keys = np.flatnonzero(near)
        i, j = np.divmod(keys, len(near))
        self.keys, self.i, self.j = (of[i < j] for of in (keys, i, j))  # ascending
        self.statistic = _statistic(correlation[self.i, self.j] ** 2, n, 0)
        self.size = np.zeros(len(self.keys), np.int64)  # of the weakest test's set, which is
        self.slot = np.zeros(len(self.keys), np.int64)  # this row of the sets of that level
        self.apart = np.zeros(len(self.keys), np.bool_)
        self.sets: list[NDArray[np.int64]] = [np.empty((1, 0), np.int64)]
        self.tied: dict[tuple[int, int], tuple[int, ...]] = {}  # bit rows of several sets that separate alike

    def degree(self) -> int:
        """The most neighbours of a variable."""
        left = ~self.apart
        ends = np.concatenate([self.i[left], self.j[left]])
        return int(np.bincount(ends).max(initial=0))

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
    """Those of a state: of each pair one set, or all that separate it alike."""

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
        if (i, j) in self._state.tied:
            return self._state.tied[i, j]
        return (sum(1 << v for v in self._state.weakest(i, j)[1]),)

    @property
    def tied(self) -> Mapping[tuple[int, int], tuple[int, ...]]:
        """The pairs that several sets separate alike, and these."""
        return self._state.tied

    def by_size(self, i: Places, j: Places) -> Iterator[tuple[Places, Places]]:
        """Of many pairs, i before j, that are not adjacent, those with a set of each size, and a best one."""
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

    def conditional(self) -> NDArray[np.int64]:
        """The pairs that some level with sets took apart."""
        state = self._state
        chosen = state.apart & (state.size > 0)
        return np.column_stack([state.i[chosen], state.j[chosen]])

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
    pairs = np.flatnonzero(~state.apart)
    i, j = state.i[pairs], state.j[pairs]
    first, second, start, neighbors = _slots(i, j, p)
    packed = np.zeros((p, words * 8), np.uint8)
    packed[:, : (p + 7) // 8] = np.packbits(adjacent, axis=1, bitorder="little")
    rows = packed.view(np.uint64)
    locked = np.zeros(len(neighbors), np.bool_)
    locked[first] = locked[second] = required[i, j]
    apart, tied = np.zeros(len(neighbors), np.bool_), np.zeros(len(neighbors), np.bool_)
    least = np.full(len(neighbors), np.inf)
    least_set = np.full((len(neighbors), size), -1, np.int64)
    level = level_of(np.diff(start).tolist(), size)
    everyone = np.arange(p)
    shares = [everyone[k::jobs] for k in range(jobs)] if jobs > 1 and p >= 200 else [everyone]

    def work(nodes: NDArray[np.int64], later: bool) -> tuple[int, int]:
        done: tuple[int, int] = level(
            nodes, correlation, start, neighbors, size, threshold, later, locked, apart, least, least_set, tied, rows,
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
    slot, other = np.where(least[second] < least[first], (second, first), (first, second))
    statistic = _statistic(least[slot], n, size)
    separated = apart[slot] | apart[other]
    # Of a pair that comes apart now all tests before were above the threshold: the weakest test separates it best.
    weaker = statistic < state.statistic[pairs]
    state.statistic[pairs[weaker]] = statistic[weaker]
    state.size[pairs[weaker]] = len(state.sets)
    state.slot[pairs[weaker]] = slot[weaker]
    state.apart[pairs[separated]] = True
    state.sets.append(least_set)
    new = np.flatnonzero(separated)
    alike = np.sqrt(least[other[new]]) <= np.sqrt(least[slot[new]]) + TIE
    for k in new[alike | tied[slot[new]]].tolist():
        sets = _alike(correlation, int(i[k]), int(j[k]), adjacent, size)
        if len(sets) > 1:
            state.tied[int(i[k]), int(j[k])] = sets
    adjacent[i[new], j[new]] = adjacent[j[new], i[new]] = False
    return count


def _slots(i: Places, j: Places, p: int) -> tuple[Places, Places, Places, Places]:
    """Where pairs, ascending, stand among the neighbours of i and of j; where those of each begin; and all of them."""
    below, above = np.bincount(j, minlength=p), np.bincount(i, minlength=p)
    start = np.zeros(p + 1, np.int64)
    np.cumsum(below + above, out=start[1:])
    every = np.arange(len(i))
    first = start[i] + below[i] + every - (np.cumsum(above) - above)[i]
    order = np.argsort(j.astype(np.int16 if p < 1 << 15 else np.int64), kind="stable")
    second = np.empty(len(i), np.int64)
    second[order] = start[j[order]] + every - (np.cumsum(below) - below)[j[order]]
    neighbors = np.empty(2 * len(i), np.int64)
    neighbors[first], neighbors[second] = j, i
    return first, second, start, neighbors


def _alike(correlation: NDArray[np.float64], i: int, j: int, adjacent: NDArray[np.bool_], size: int) -> tuple[int, ...]:
    """The sets of this size, of neighbours of i or of j, that separate the two best and alike, as bit rows."""
    sets: dict[tuple[int, ...], None] = {}
    for x, y in ((i, j), (j, i)):
        near = np.flatnonzero(adjacent[x])
        sets.update(dict.fromkeys(combinations(near[near != y].tolist(), size)))
    given = np.array(list(sets), np.int64)
    r = np.abs(partial_correlations(correlation, np.full(len(given), i), np.full(len(given), j), given))
    return tuple(sum(1 << v for v in of) for of in given[r <= np.nanmin(r) + TIE].tolist())
