"""The skeleton search of PC-stable, for any independence test.

All tests of a level, which is the size of the conditioning set, look at the adjacencies as the level found them, so the
order of the columns does not matter (Colombo and Maathuis 2014); and every set of a level is tried, so that what
separates a pair best does not hang on it either. The tests go out in batches, which a test may spread
over the cores; a store keeps finished ones, so that a search that was stopped goes on where it was.

Sources:
    Spirtes and Glymour, An algorithm for fast recovery of sparse causal graphs, 1991.
    Colombo and Maathuis, Order-independent constraint-based causal structure learning, JMLR 15 (2014).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, islice
from math import comb

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Progress, Store
from aitia.errors import CostError
from aitia.graph.bits import bits, pack
from aitia.graph.knowledge import Knowledge
from aitia.stats.independence import IndependenceTest, Tested, Triple
from aitia.stats.independence.contingency import Contingency
from aitia.stats.search.counted import ALIKE, CountedLevel, LateRecords, counted_level
from aitia.stats.search.records import Skeleton, TestRecord

__all__ = ["Asker", "Constraints", "find_skeleton", "predicted_seconds"]

LONG = 3600.0
"""Seconds of predicted work on one level from which a search asks before it goes on."""

BRIEF = 10.0
"""Seconds of predicted work on one level up to which it is sooner done again than kept."""

BATCH = 256
"""Tests handed out together: enough to share work between them, few enough to keep a stopped search's loss small."""


@dataclass
class Asker:
    """Puts triples to a test, remembers the answers, and keeps them in a store.

    Args:
        test: The independence test.
        store: Where answers are kept between runs; None keeps them in memory only.
        progress: Told after each batch.
    """

    test: IndependenceTest
    store: Store | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        self.answers: dict[Triple, Tested] = {}
        self._records: list[TestRecord] = []
        self._levels: list[tuple[int, CountedLevel]] = []

    def ask(self, triples: Sequence[Triple], what: str) -> list[Tested]:
        """The answer for each triple; each is computed once however often it is asked."""
        new = [t for t in dict.fromkeys(triples) if t not in self.answers]
        if self.store is not None:
            for triple in new:
                kept = self.store.get(_key(triple))
                if kept is not None:
                    self.answers[triple] = Tested(*kept)
            new = [t for t in new if t not in self.answers]
        for begin in range(0, len(new), BATCH):
            if self.progress is not None:
                self.progress(what, begin, len(new))
            batch = new[begin : begin + BATCH]
            for triple, tested in zip(batch, self.test.test(batch), strict=True):
                self.answers[triple] = tested
                if self.store is not None:
                    self.store[_key(triple)] = _kept(tested)
        if self.progress is not None and new:
            self.progress(what, len(new), len(new))
        return [self.answers[t] for t in triples]

    @property
    def count(self) -> int:
        """How many tests were put."""
        return len(self.answers) + sum(len(level.tests) for _, level in self._levels)

    def counted(
        self, adjacent: Sequence[int], size: int, alpha: float, required: NDArray[np.bool_], what: str
    ) -> dict[tuple[int, int], tuple[int, ...]]:
        """The pairs that a level separates, from arrays to arrays: see `counted_level`."""
        test, tell = self.test, None if self.progress is None else partial(self.progress, what)
        assert isinstance(test, Contingency)
        level, found = counted_level(test, adjacent, size, alpha, required, tell)
        self._levels.append((len(self.answers), level))
        return found

    def records(self) -> Sequence[TestRecord]:
        """Every answer so far, in the order of asking."""
        if self._levels:
            return LateRecords(self.test.names, self.answers, self._levels, len(self.answers))
        since = islice(self.answers.items(), len(self._records), None)
        self._records += [TestRecord(x, y, given, t.statistic, t.p_value) for (x, y, given), t in since]
        return self._records.copy()


def _kept(tested: Tested) -> list[float]:
    """The answer as JSON keeps it, which has no infinities."""
    tail = [tested.log_tail] if tested.p_value == 0 else []
    return [tested.statistic, tested.p_value, tested.n, *tail]


def _key(triple: Triple) -> str:
    import json

    return json.dumps([triple[0], triple[1], list(triple[2])], ensure_ascii=False)


@dataclass(frozen=True)
class Constraints:
    """What background knowledge says of each pair, as (p, p) matrices.

    Args:
        allowed: Symmetric; pairs that may be adjacent.
        required: Symmetric; pairs that must be.
        forbidden: [i, j] True where i cannot cause j.
    """

    allowed: NDArray[np.bool_]
    required: NDArray[np.bool_]
    forbidden: NDArray[np.bool_]

    @classmethod
    def of(cls, names: Sequence[str], knowledge: Knowledge | None) -> "Constraints":
        """The constraints on these variables; without knowledge everything is allowed.

        Raises:
            GraphError: If the knowledge does not fit these names.
        """
        p = len(names)
        nothing = np.zeros((p, p), dtype=np.bool_)
        forbidden = nothing if knowledge is None else knowledge.forbidden_matrix(names)
        required = nothing if knowledge is None else knowledge.required_matrix(names)
        return cls(~(forbidden & forbidden.T | np.eye(p, dtype=np.bool_)), required | required.T, forbidden)


def predicted_seconds(test: IndependenceTest, p: int, max_depth: int, degree: float = 3.0) -> float:
    """A rough cost of a whole search: all pairs once, then p variables of this degree against the sets of neighbours.

    Only the degree is a guess; the cost of a test is the test's own estimate.
    """
    total = p * (p - 1) / 2 * test.cost(0)
    extent = min(p - 1, degree + 1)
    for size in range(1, min(max_depth, p - 2) + 1):
        total += p * extent * max(comb(round(extent), size) / 2, 0) * test.cost(size)
    return total


def find_skeleton(
    asker: Asker,
    *,
    alpha: float,
    max_depth: int,
    limits: Constraints,
    accept_cost: bool = False,
) -> Skeleton:
    """The skeleton of the test's variables.

    Args:
        asker: Puts the tests.
        alpha: A pair with p-value above it is taken as separated.
        max_depth: Largest conditioning set.
        limits: From background knowledge.
        accept_cost: Go on where a level is predicted to take more than an hour.

    Raises:
        CostError: If a level is predicted to take more than an hour and `accept_cost` is False.
    """
    names = asker.test.names
    adjacent = [pack(row) for row in limits.allowed]
    separators: dict[tuple[int, int], tuple[int, ...]] = {}
    size = 0
    while size <= max_depth and (size == 0 or max((row.bit_count() for row in adjacent), default=0) > size):
        many = _check_cost(asker, adjacent, size, accept_cost)
        if _at_once(asker, many, size):
            found = asker.counted(adjacent, size, alpha, limits.required, _told(size))
        else:
            found = _level(asker, adjacent, size, alpha, limits.required)
        separators |= found
        for i, j in found:
            adjacent[i] &= ~(1 << j)
            adjacent[j] &= ~(1 << i)
        size += 1
    capped = size > max_depth and max((row.bit_count() for row in adjacent), default=0) > size
    return Skeleton(names, adjacent, separators, asker.records(), asker.count, capped)


def _at_once(asker: Asker, tests: int, size: int) -> bool:
    """Whether a level is one of counts, by compiled code, and no loss where it has to be counted again."""
    test = asker.test
    brief = asker.store is None or tests * test.cost(size) < BRIEF
    return brief and isinstance(test, Contingency) and test.compiled(tests, 2 + size)


def _told(size: int) -> str:
    return f"tests given {size}"


def _check_cost(asker: Asker, adjacent: Sequence[int], size: int, accept: bool) -> int:
    """How many tests a level can take; refuses one that would be very long."""
    degrees = [row.bit_count() for row in adjacent]
    count = sum(d * comb(d - 1, size) for d in degrees if d) if size else sum(degrees) // 2
    seconds = count * asker.test.cost(size)
    if seconds > LONG and not accept:
        raise CostError(
            f"{count} tests with {size} variables in the condition are predicted to take {seconds / 3600:.1f} hours: "
            "lower max_depth, take a faster test (rcit, fisher-z, degenerate-gaussian) or fewer variables, or accept "
            "the cost (--accept-cost, accept_cost=True)"
        )
    return count


def _level(
    asker: Asker,
    adjacent: Sequence[int],
    size: int,
    alpha: float,
    required: NDArray[np.bool_],
) -> dict[tuple[int, int], tuple[int, ...]]:
    """The pairs that some set of this size separates, with the set that does so best, or those that tie."""
    names = asker.test.names
    asked, triples = [], []
    for i, row in enumerate(adjacent):
        for j in bits(row & -2 << i):
            for mask, chosen in _subsets(adjacent, i, j, size):
                asked.append(((i, j), mask))
                triples.append((names[i], names[j], tuple([names[k] for k in chosen])))
    found: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for ((i, j), mask), tested in zip(asked, asker.ask(triples, _told(size)), strict=True):
        if tested.p_value > alpha and not required[i, j]:
            found.setdefault((i, j), []).append((tested.p_value, mask))
    return {pair: _best_of(sets) for pair, sets in found.items()}


def _best_of(sets: Sequence[tuple[float, int]]) -> tuple[int, ...]:
    """Those of the sets with the largest p-value; what differs by rounding alone is alike, whatever the order."""
    least = max(p_value for p_value, _ in sets) * (1 - ALIKE)
    return tuple(mask for p_value, mask in sets if p_value >= least)


def _subsets(adjacent: Sequence[int], i: int, j: int, size: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Sets of neighbours of i, then those of j that were not among them, each in lexicographic order."""
    near, far = adjacent[i] & ~(1 << j), adjacent[j] & ~(1 << i)
    for chosen in combinations(tuple(bits(near)), size):
        yield _mask(chosen), chosen
    for chosen in combinations(tuple(bits(far)), size) if far & ~near else ():
        if (mask := _mask(chosen)) & ~near:
            yield mask, chosen


def _mask(nodes: Sequence[int]) -> int:
    mask = 0
    for k in nodes:
        mask |= 1 << k
    return mask
