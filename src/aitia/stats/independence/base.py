"""What every independence test answers to."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf, lgamma, log
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.threads import one_blas_thread

__all__ = ["Gaps", "IndependenceTest", "Missing", "Tested", "Triple", "log_upper_tail"]

Triple = tuple[str, str, tuple[str, ...]]
Missing = Literal["error", "testwise"]
Gaps = Literal["error", "testwise", "impute"]
"""What becomes of missing values in a search: the last fills them several times and pools each test."""


@dataclass(frozen=True, slots=True)
class Tested:
    """The answer of a test.

    Args:
        statistic: On the test's own scale.
        p_value: Of the hypothesis that x and y are independent given the set.
        n: Rows used.
        log_tail: Logarithm of the p-value where that is too small for a number.
    """

    __test__: ClassVar[bool] = False  # pytest: not a test class

    statistic: float
    p_value: float
    n: int
    log_tail: float = -inf

    @property
    def log_p_value(self) -> float:
        """Logarithm of the p-value, which orders what underflows."""
        return log(self.p_value) if self.p_value > 0 else self.log_tail


class IndependenceTest(ABC):
    """A test of x and y given a set, for the columns of one table.

    Whatever the order of x and y, of the set, of the triples or the number of jobs, the answer is the same to the bit:
    x is put before y and the set is sorted, both in the order of the columns.

    Args:
        table: The rows.
        missing: `error` refuses missing values; `testwise` lets each test use the rows that have its variables.
        jobs: Threads.

    Raises:
        DataError: If values are missing and `missing` is "error", or a column is of a kind that the test cannot use.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, table: Table, *, missing: Missing = "error", jobs: int = 1) -> None:
        if missing not in ("error", "testwise"):
            raise OptionError(f"missing is 'error' or 'testwise', got {missing!r}")
        gaps = [f"{name} ({table.missing(name)} of {table.n})" for name in table.names if table.missing(name)]
        if gaps and missing == "error":
            raise DataError(
                f"values are missing: {join_names(gaps)}; fill or drop them, or test on the rows that are there "
                "(testwise)"
            )
        self.table = table
        self.jobs = jobs
        self._place = {name: i for i, name in enumerate(table.names)}
        self._missing = {name: table.absent(name) for name in table.names} if gaps else {}
        self._gaps = bool(gaps)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables, in order."""
        return self.table.names

    @property
    def n(self) -> int:
        """Rows of the table."""
        return self.table.n

    @property
    def has_gaps(self) -> bool:
        """Whether values are missing."""
        return self._gaps

    def __call__(self, x: str, y: str, given: Sequence[str] = ()) -> Tested:
        """Tests one triple."""
        return self.test([(x, y, tuple(given))])[0]

    def test(self, triples: Sequence[Triple]) -> list[Tested]:
        """Tests many triples, in the order given.

        Raises:
            UnknownVariableError: If a name is no column.
            DataError: If x is y, or one of them is in the set; or too few rows are complete for a test.
        """
        ordered = [self._ordered(t) for t in triples]
        distinct = list(dict.fromkeys(ordered))
        # Tests that share a set share most of their work: they go to one thread, one after another.
        groups: dict[tuple[str, ...], list[Triple]] = {}
        for triple in distinct:
            groups.setdefault(triple[2], []).append(triple)
        with one_blas_thread():
            if self.jobs > 1 and len(groups) > 1:
                with ThreadPoolExecutor(self.jobs) as pool:
                    answered = list(pool.map(self._test_group, groups.values()))
            else:
                answered = [self._test_group(group) for group in groups.values()]
        answers = {
            triple: tested
            for group, results in zip(groups.values(), answered, strict=True)
            for triple, tested in zip(group, results, strict=True)
        }
        return [answers[t] for t in ordered]

    def _test_group(self, group: list[Triple]) -> list[Tested]:
        return [self._one(*triple) for triple in group]

    def _ordered(self, triple: Triple) -> Triple:
        x, y, given = triple
        for name in (x, y, *given):
            if name not in self._place:
                raise unknown_variable(name, self.names, "table")
        if x == y or x in given or y in given:
            raise DataError(
                f"a test needs two variables outside the set, got {x!r} and {y!r} given {join_names(given)}"
            )
        x, y = sorted((x, y), key=self._place.__getitem__)
        return x, y, tuple(sorted(dict.fromkeys(given), key=self._place.__getitem__))

    def _rows(self, *names: str) -> NDArray[np.intp] | None:
        """The rows that have all of these variables; None stands for all rows."""
        if not self._gaps:
            return None
        lacking = np.logical_or.reduce([self._missing[name] for name in names])
        return np.flatnonzero(~lacking) if lacking.any() else None

    @abstractmethod
    def _one(self, x: str, y: str, given: tuple[str, ...]) -> Tested:
        """The test of one triple in order."""

    @abstractmethod
    def cost(self, given: int) -> float:
        """Predicted seconds of one test given a set of this size, on one core."""


def log_upper_tail(shape: float, x: float) -> float:
    """log Q(shape, x) of a gamma variable where Q itself underflows: the leading term of its expansion; else 0."""
    return (shape - 1) * log(x) - x - lgamma(shape) if x > max(shape, 500.0) and shape > 0 else 0.0
