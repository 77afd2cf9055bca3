"""What a search leaves behind: the tests that it ran, and the skeleton that they support."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.graph.bits import bits
from aitia.graph.graph import Graph

__all__ = ["Separators", "Skeleton", "TestRecord", "weakest_tests"]


@dataclass(frozen=True, slots=True)
class TestRecord:
    """One test of x and y given a set of variables.

    Args:
        x: One variable.
        y: The other.
        given: What was conditioned on.
        statistic: Of the test; its scale is the test's own.
        p_value: Of independence.
    """

    __test__: ClassVar[bool] = False  # pytest: not a test class

    x: str
    y: str
    given: tuple[str, ...]
    statistic: float
    p_value: float


class Separators(Mapping[tuple[int, int], tuple[int, ...]], ABC):
    """Of each separated pair (i, j), i < j, the bit rows of the sets that separate it best, made when they are read."""

    @abstractmethod
    def conditional(self) -> NDArray[np.int64]:
        """(m, 2) the pairs that are separated by sets, none of them empty."""


@dataclass(frozen=True)
class Skeleton:
    """Adjacencies, and for each pair that is not adjacent what separates it.

    Args:
        names: The variables.
        adjacent: One bit row a variable.
        separators: For each separated pair (i, j), i < j, the set of positions, as a bit row, that separates it best:
            with the largest p-value of all sets of its level. More than one where they tie.
        tests: The tests behind it; of each pair at least the one that separates it or the weakest that did not.
        count: How many tests were run, recorded or not.
        capped: Whether the limit on the set size ended the search.
    """

    names: tuple[str, ...]
    adjacent: Sequence[int]
    separators: Mapping[tuple[int, int], tuple[int, ...]]
    tests: Sequence[TestRecord] = field(repr=False, default=())
    count: int = 0
    capped: bool = False

    @property
    def graph(self) -> Graph:
        """The skeleton as a graph of undirected edges."""
        nothing = (0,) * len(self.names)
        return Graph.from_bits(self.names, tuple(self.adjacent), nothing, nothing)

    def conditional(self) -> NDArray[np.int64]:
        """(m, 2) the pairs (i, j), i < j, that are separated by sets, none of them empty."""
        if isinstance(self.separators, Separators):
            return self.separators.conditional()
        pairs = [pair for pair, masks in self.separators.items() if 0 not in masks]
        return np.array(pairs, np.int64).reshape(-1, 2)

    def separating_set(self, x: str, y: str) -> tuple[str, ...] | None:
        """The set that separates two variables best; None where they are adjacent or knowledge keeps them apart."""
        i, j = sorted((self.names.index(x), self.names.index(y)))
        masks = self.separators.get((i, j))
        return None if masks is None else tuple(self.names[k] for k in bits(masks[0]))


def weakest_tests(tests: Iterable[TestRecord]) -> dict[frozenset[str], TestRecord]:
    """Of each pair the test with the largest p-value, the first of equals; in one walk over the tests."""
    weakest: dict[frozenset[str], TestRecord] = {}
    for test in tests:
        pair = frozenset((test.x, test.y))
        if pair not in weakest or test.p_value > weakest[pair].p_value:
            weakest[pair] = test
    return weakest
