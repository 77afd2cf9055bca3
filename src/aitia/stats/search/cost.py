"""What a search is going to cost, before it starts: the tests that it will ask for, counted by a cheap rehearsal.

How many tests a search takes is decided by its graph, which nobody has yet. The same search with partial correlations,
on the same columns, takes milliseconds and about as many tests of each size; each is counted with the cost of the test
that will be asked in its place.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.stats.independence import FisherZ, IndependenceTest
from aitia.stats.independence.contingency import Contingency
from aitia.stats.search.evidence import unshielded
from aitia.stats.search.likeliest import FEW_NODES
from aitia.stats.search.partial_correlation import partial_correlation_skeleton
from aitia.stats.search.records import Skeleton
from aitia.stats.search.skeleton import Constraints

__all__ = ["TOLD_FROM", "Cost", "counted", "in_words", "rehearsed", "search_sizes", "seen_by_kernels"]

TOLD_FROM = 2.0
"""Seconds of work from which its cost is told."""

CHEAPER_FROM = 60.0
"""Seconds of work from which it is told what would be cheaper."""

SLOW_TEST = 5e-4
"""Seconds of a test from which the rehearsal is worth its milliseconds."""

DEEP = 4
"""Sets of more variables are rare, and hardly change the prediction."""

DEGREE = 3
"""Neighbours of a variable, where no rehearsal says how many there are."""

SMALL = 2e-3
"""Seconds of a search beside its tests."""

ARROWS = 2.5
"""Of tables of counts: arrows by likelihood take longer than the tests."""

BY_CHANCE = 15.0
"""Of n times a share, what four of them may reach by chance, or too weak for kernels, which look in many directions."""

LEAST = 0.02
"""Least eigenvalue of the correlations that are rehearsed."""

FEWER = 20
"""Samples that show whether an edge is one of the unsure."""


@dataclass(frozen=True)
class Cost:
    """The predicted cost of a search, and of repeating it in halves of the rows; the same on every machine.

    Args:
        test: Of all rows.
        of: Makes a test of a table by its name, for the half and for what would be cheaper.
        sizes: How many tests given a set of each size.
        samples: How many halves.
        jobs: Cores for them.
    """

    test: IndependenceTest
    of: Callable[[Table, str], IndependenceTest]
    sizes: Mapping[int, float]
    samples: int = 0
    jobs: int = 1

    @property
    def seconds(self) -> float:
        """Of the search and its halves."""
        return self._seconds(self.test, self.sizes, self.samples)

    @property
    def half(self) -> float:
        """Seconds of the search in half of the rows."""
        return self._once(self.test, self.sizes, half=True)

    def told(self) -> str:
        """The prediction in words, and over a minute what is cheaper."""
        samples = f", with {self.samples} bootstrap samples" if self.samples else ""
        return f"{in_words(self.seconds)} of {self.test.name} tests{samples}{self.cheaper()}"

    def cheaper(self) -> str:
        """What takes at most half as long, in words; nothing for a search of under a minute."""
        seconds = self.seconds
        if seconds < CHEAPER_FROM:
            return ""
        faster = ("rcit", "fisher-z" if self._other("fisher-z") is not None else "degenerate-gaussian")
        others = {f"--test {name}": self._other(name) for name in faster if name != self.test.name}
        deepest = max(self.sizes)
        for depth in range(min(deepest - 1, 2), 0, -1):
            part = {size: count for size, count in self.sizes.items() if size <= depth}
            others[f"--max-depth {depth}"] = self._seconds(self.test, part, self.samples)
        others["half of the rows"] = self._seconds(self._half_of(self.test), self.sizes, self.samples)
        if self.samples > FEWER:
            others[f"--bootstrap {FEWER}"] = self._seconds(self.test, self.sizes, FEWER)
        told = [f"{what} ({in_words(s)})" for what, s in others.items() if s is not None and s <= seconds / 2]
        return f"; cheaper: {', '.join(told)}" if told else ""

    def _seconds(self, test: IndependenceTest, sizes: Mapping[int, float], samples: int) -> float:
        again = samples * self._once(test, sizes, half=True) / self.jobs if samples else 0.0
        return self._once(test, sizes) + again

    def _once(self, test: IndependenceTest, sizes: Mapping[int, float], half: bool = False) -> float:
        if isinstance(test, FisherZ):  # compiled, and most of it is not in the tests
            p, n = len(test.names), test.n / 2 if half else test.n
            starts = 1e-3 * p if p <= FEW_NODES else 1e-4 * p + 1e-7 * p**2
            return SMALL / 2 + starts + 3e-11 * n * p**2
        test = self._half_of(test) if half else test
        arrows = ARROWS if isinstance(test, Contingency) else 1.0
        return SMALL + arrows * sum(count * test.cost(size) for size, count in sizes.items())

    def _half_of(self, test: IndependenceTest) -> IndependenceTest:
        """The test of every other row; that of all, which costs no less, where these hold one label of a column."""
        try:
            return self.of(test.table.take(slice(0, None, 2)), test.name)
        except DataError:
            return test

    def _other(self, name: str) -> float | None:
        try:
            return self._seconds(self.of(self.test.table, name), self.sizes, self.samples)
        except DataError:  # not of such columns
            return None


def search_sizes(test: IndependenceTest, *, alpha: float, max_depth: int) -> Mapping[int, float]:
    """About how many tests given a set of each size a search will take.

    Args:
        test: The independence test.
        alpha: Level of the tests.
        max_depth: Largest conditioning set.
    """
    depth = min(max_depth, DEEP)
    if test.cost(1) >= SLOW_TEST and (sizes := rehearsed(test.table, alpha=alpha, max_depth=depth)):
        return sizes
    p = len(test.names)
    extent = min(p - 1, DEGREE + 1)
    guessed = {size: p * extent * comb(extent, size) / 2 for size in range(1, min(depth, p - 2) + 1)}
    return {0: p * (p - 1) / 2, **guessed}


def rehearsed(table: Table, *, alpha: float, max_depth: int) -> Counter[int]:
    """How many tests given a set of each size a search takes, by partial correlations; nothing where it cannot run.

    The mean of two rehearsals: lines alone leave out what a kernel sees beside them, and pairs as strongly related as a
    kernel finds them are not explained by a third as well as the pairs of a chain are.
    """
    names = table.names
    if any(table.column(name).ndim > 1 for name in names):
        return Counter()
    values = np.column_stack([table.column(name) for name in names])
    values = values[~np.isnan(values).any(axis=1)]
    if len(values) < 10:
        return Counter()
    both: Counter[int] = Counter()
    for correlation in (_lines(values), seen_by_kernels(values)):
        both.update(counted(correlation, len(values), names, alpha=alpha, max_depth=max_depth))
    return Counter({size: round(count / 2) for size, count in both.items()})


def counted(
    correlation: NDArray[np.float64], n: int, names: tuple[str, ...], *, alpha: float, max_depth: int
) -> Counter[int]:
    """How many tests given a set of each size a search with these correlations of n rows takes, arrows included."""
    limits = Constraints.of(names, None)
    sizes: Counter[int] = Counter()
    before = 0
    found = None
    for depth in range(max_depth + 1):
        try:
            found = partial_correlation_skeleton(correlation, n, names, alpha=alpha, max_depth=depth, limits=limits)
        except DataError:  # columns that follow from others, which other tests may be able to use
            break
        sizes[depth] = found.count - before
        before = found.count
        if not found.capped:
            break
    if found is not None:
        sizes.update(_for_arrows(found))
    return sizes


def _for_arrows(skeleton: Skeleton) -> Counter[int]:
    """How many tests given a set of each size the arrows take beside those of the skeleton.

    A set that separates the ends of an unshielded triple is tested with the middle too, which the skeleton, done with
    the pair, has not asked; a set that holds the middle was asked without it at a level before.
    """
    asked = {
        (x, z, mask | 1 << y): None
        for x, y, z in unshielded(skeleton.adjacent)
        for mask in skeleton.separators[x, z]
        if not mask >> y & 1
    }
    return Counter(mask.bit_count() for _, _, mask in asked)


def _lines(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations of the columns; none of one that does not vary."""
    values = values - values.mean(axis=0)
    spread = values.std(axis=0)
    values /= np.where(spread > 0, spread, 1.0)
    found: NDArray[np.float64] = values.T @ values / len(values)
    np.fill_diagonal(found, 1.0)
    return found


def seen_by_kernels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations that partial correlation finds as strong as a kernel finds the dependence of each pair.

    A pair may be related in lines, or squares with lines or squares: by the largest. What the four of them reach by
    chance is taken off. The whole is drawn towards none until it is one of correlations.
    """
    n, p = values.shape
    values = values - values.mean(axis=0)
    parts = _lines(np.concatenate([values, values**2], axis=1))
    lines = parts[:p, :p]
    all_four = lines**2 + parts[p:, p:] ** 2 + parts[:p, p:] ** 2 + parts[p:, :p] ** 2 - BY_CHANCE / n
    share = np.clip(np.maximum(lines**2, all_four), 0.0, 1.0)
    found: NDArray[np.float64] = np.where(lines < 0, -1.0, 1.0) * np.sqrt(share)
    np.fill_diagonal(found, 1.0)
    least = float(np.linalg.eigvalsh(found)[0])
    if least < LEAST:
        found *= (1 - LEAST) / (1 - least)
        np.fill_diagonal(found, 1.0)
    return found


def in_words(seconds: float) -> str:
    """A predicted time as it is told."""
    if seconds < TOLD_FROM:
        return "under two seconds"
    if seconds < 2 * CHEAPER_FROM:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} minutes" if seconds < 7200 else f"about {seconds / 3600:.1f} hours"
