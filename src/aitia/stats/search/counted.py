"""One level of a skeleton search on counts, from arrays to arrays.

The same tests as `skeleton` puts one by one, in the same order and with the same answers. A search of labels puts
thousands of tests of a microsecond each: to name each in a tuple, to look it up and to keep its answer takes longer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from math import comb
from typing import overload

import numpy as np
from numpy.typing import NDArray

from aitia.graph.bits import to_words
from aitia.stats.independence import Tested, Triple
from aitia.stats.independence.contingency import Contingency
from aitia.stats.search.records import TestRecord

__all__ = ["ALIKE", "CountedLevel", "LateRecords", "counted_level"]

ALIKE = 1e-9
"""Share of a p-value up to which a difference may be rounding, which hangs on the order of the columns."""
AT_ONCE = 0.2
"""Predicted seconds between two words on how far a level is."""


@dataclass(frozen=True)
class CountedLevel:
    """The tests of a level and their answers.

    Args:
        tests: (m, 2 + size) positions of x, y and the set.
        statistics: (m,)
        p_values: (m,)
    """

    tests: NDArray[np.int64]
    statistics: NDArray[np.float64]
    p_values: NDArray[np.float64]

    def records(self, names: Sequence[str]) -> Iterator[TestRecord]:
        """Each test, in the order of asking."""
        answers = zip(self.tests.tolist(), self.statistics.tolist(), self.p_values.tolist(), strict=True)
        for (x, y, *given), statistic, p_value in answers:
            yield TestRecord(names[x], names[y], tuple([names[k] for k in given]), statistic, p_value)


class LateRecords(Sequence[TestRecord]):
    """The records of all tests of a search in the order of asking, made when the first is read.

    Args:
        names: The variables.
        answers: Those that were asked one by one, of which the first `stop` count.
        levels: Those that were counted together, each with how many answers came before it.
        stop: How many answers there are.
    """

    def __init__(
        self,
        names: Sequence[str],
        answers: Mapping[Triple, Tested],
        levels: Sequence[tuple[int, CountedLevel]],
        stop: int,
    ) -> None:
        self._names, self._answers, self._levels, self._stop = names, answers, tuple(levels), stop

    @cached_property
    def _made(self) -> list[TestRecord]:
        one_by_one = (TestRecord(*triple, t.statistic, t.p_value) for triple, t in self._answers.items())
        made: dict[Triple, TestRecord] = {}
        begin = 0
        for end, level in (*self._levels, (self._stop, None)):
            told = [*islice(one_by_one, end - begin), *(level.records(self._names) if level else ())]
            for record in told:  # a test that is put again counts once
                made.setdefault((record.x, record.y, record.given), record)
            begin = end
        return list(made.values())

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, place: int) -> TestRecord: ...
    @overload
    def __getitem__(self, place: slice) -> list[TestRecord]: ...
    def __getitem__(self, place: int | slice) -> TestRecord | list[TestRecord]:
        return self._made[place]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as of a list


def counted_level(
    test: Contingency,
    adjacent: Sequence[int],
    size: int,
    alpha: float,
    required: NDArray[np.bool_],
    progress: Callable[[int, int], None] | None,
) -> tuple[CountedLevel, dict[tuple[int, int], tuple[int, ...]]]:
    """All tests of a level, and the pairs that some set separates, with the set that does so best, or those that tie.

    Args:
        test: Counts.
        adjacent: Bit rows.
        size: Of the sets.
        alpha: A pair with a p-value above it is taken as separated.
        required: (p, p) pairs that stay.
        progress: Told how many of the tests have been put.
    """
    from aitia.stats.search._level_kernel import sets_of

    words = to_words(adjacent).view(np.uint8)
    near = np.unpackbits(words, axis=1, count=len(adjacent), bitorder="little").view(np.bool_)
    pairs = np.argwhere(np.triu(near, 1))
    begin = np.zeros(len(pairs) + 1, np.int64)
    np.cumsum(_counts(near, pairs, size), out=begin[1:])
    tests = np.empty((int(begin[-1]), 2 + size), np.int64)
    sets_of(near, pairs, size, begin, tests)
    level = CountedLevel(tests, *_answered(test, tests, progress))
    if not len(tests):
        return level, {}
    p_values, asked = level.p_values, np.diff(begin)
    best = np.zeros(len(pairs))
    best[asked > 0] = np.maximum.reduceat(p_values, begin[:-1][asked > 0])
    best[(best <= alpha) | required[pairs[:, 0], pairs[:, 1]]] = np.inf
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    least = np.repeat(best, asked)
    least[np.isfinite(least)] *= 1 - ALIKE
    for i, j, *given in tests[p_values >= least].tolist():
        mask = 0
        for k in given:
            mask |= 1 << k
        found[i, j] = (*found.get((i, j), ()), mask)
    return level, found


def _counts(near: NDArray[np.bool_], pairs: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """How many sets of neighbours of the one or of the other there are for each pair."""
    i, j = pairs.T
    degree = near.sum(axis=1)
    ways = np.array([comb(k, size) for k in range(int(degree.max(initial=0)) + 1)])
    both = (near[i] & near[j]).sum(axis=1)
    counts: NDArray[np.int64] = ways[degree[i] - 1] + ways[degree[j] - 1] - ways[both]
    return counts


def _answered(
    test: Contingency, tests: NDArray[np.int64], progress: Callable[[int, int], None] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Statistics and p-values, in parts between which a search may be stopped."""
    step = max(int(AT_ONCE / test.cost(tests.shape[1] - 2)), 1)
    statistics, p_values = np.empty(len(tests)), np.empty(len(tests))
    for start in range(0, len(tests), step):
        if progress is not None:
            progress(start, len(tests))
        part = slice(start, start + step)
        statistics[part], p_values[part] = test.answers(tests[part])
    if progress is not None and len(tests):
        progress(len(tests), len(tests))
    return statistics, p_values
