"""A table whose rows are not in memory: what sums over all of them say, and a sample of the rows beside.

Of columns of numbers the sums are their moments; of columns of labels the rows that differ, each with how often it
occurs, from which every table of counts follows. Both are added up over parts of the rows, in order, so that nothing
depends on who summed which part.

Source:
    Chan, Golub and LeVeque, Algorithms for computing the sample variance, American Statistician 37 (1983), equation
    2.1: how moments about two means become those about one.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.columns.cells import Cells
from aitia.data.flow import Flow
from aitia.data.frames import Plain
from aitia.data.moments import Moments
from aitia.data.table import Table
from aitia.errors import DataError, OptionError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Counts", "SummedTable", "Sums"]

Values = NDArray[np.float64]

MOST = 5_000_000
"""Rows that differ, above which their counts are no summary any more."""


@dataclass(frozen=True)
class Sums:
    """Of rows of numbers.

    Args:
        n: How many rows.
        mean: (p,)
        products: (p, p) sums of products of deviations from the mean.
    """

    n: int
    mean: Values
    products: Values

    @classmethod
    def of(cls, rows: Values) -> "Sums":
        """Of rows (n, p).

        Example:
            >>> Sums.of(np.array([[0.0], [2.0]])) + Sums.of(np.array([[4.0]]))
            Sums(n=3, mean=array([2.]), products=array([[8.]]))
        """
        mean = rows.mean(axis=0)
        away = rows - mean
        return cls(len(rows), mean, away.T @ away)

    def __add__(self, other: "Sums") -> "Sums":
        if not self.n or not other.n:
            return other if not self.n else self
        n, apart = self.n + other.n, other.mean - self.mean
        products = self.products + other.products + np.outer(apart, apart) * (self.n * other.n / n)
        return Sums(n, self.mean + apart * (other.n / n), products)

    def moments(self, places: Iterable[int]) -> Moments:
        """Of these columns."""
        chosen = list(places)
        return Moments(self.n, self.mean[chosen], self.products[np.ix_(chosen, chosen)] / self.n)


@dataclass(frozen=True)
class Counts:
    """Of rows of labels.

    Args:
        n: How many rows.
        keys: (k,) the rows that differ, each as a number, in order.
        counts: (k,) how often each occurs.
    """

    n: int
    keys: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, codes: NDArray[np.int64], sizes: Iterable[int]) -> "Counts":
        """Of rows (n, p) of codes into so many labels.

        Raises:
            DataError: If so many labels make more rows that may differ than a number tells apart.

        Example:
            >>> found = Counts.of(np.array([[0, 1], [1, 0], [0, 1]]), (2, 2))
            >>> found.keys.tolist(), found.counts.tolist(), found.codes((2, 2)).tolist()
            ([1, 2], [2, 1], [[0, 1], [1, 0]])
        """
        key = np.zeros(len(codes), np.int64)
        cells = 1
        for column, size in zip(codes.T, sizes, strict=True):
            cells *= size
            if cells >= 1 << 62:
                raise DataError("the columns have so many labels that rows cannot be counted: drop some of them")
            key = key * size + column
        keys, counts = np.unique(key, return_counts=True)
        return cls(len(codes), keys, counts.astype(np.int64))

    def __add__(self, other: "Counts") -> "Counts":
        keys, places = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        if len(keys) > MOST:
            raise DataError(
                f"more than {MOST:,} rows of labels differ, and counting them takes as much memory as the rows: drop "
                "columns of many labels"
            )
        counts = np.zeros(len(keys), np.int64)
        np.add.at(counts, places, np.concatenate([self.counts, other.counts]))
        return Counts(self.n + other.n, keys, counts)

    def codes(self, sizes: Iterable[int]) -> NDArray[np.int64]:
        """(k, p) the rows that differ."""
        left, columns = self.keys, []
        for size in reversed(tuple(sizes)):
            left, column = np.divmod(left, size)
            columns.append(column)
        return np.column_stack(columns[::-1])


class SummedTable(Table):
    """Columns of which only sums are known; all are numbers, or all are labels.

    What needs the rows gets those of the sample (numbers) or those that differ (labels), and is for checks that a few
    rows answer; what is asked of `n`, of moments and of `weights` is of all rows.

    Args:
        columns: Of the sample, or of the rows that differ.
        n: All rows.
        sample: Some of the rows, as a table of their own.
        sums: Of numbers, over `sample.names` in order; None for labels.
        weights: (k,) how often each of the rows that differ occurs; None for numbers.
        flow: How the rows came to be.
    """

    __slots__ = ("sample", "sums", "weights")

    def __init__(
        self,
        columns: Mapping[str, Plain | Cells],
        n: int,
        sample: Table,
        sums: Sums | None,
        weights: NDArray[np.int64] | None,
        flow: Flow | None = None,
    ) -> None:
        super().__init__(columns, n, flow)
        self.sample, self.sums, self.weights = sample, sums, weights

    def kept(self, key: Any, compute: Any) -> Any:
        """As in a table; moments are those of all rows."""
        if self.sums is not None and key[0] == "moments":
            place, moments = {name: k for k, name in enumerate(self.sample.names)}, self.sums.moments
            return super().kept(key, lambda: moments(place[name] for name in key[1]))
        return super().kept(key, compute)

    def select(self, names: Iterable[str]) -> "SummedTable":
        """The same of these columns; of labels all of them, or none would be counted right."""
        names = tuple(names)
        if names == self.names:
            return self
        if self.weights is not None:
            raise OptionError("columns of labels are left out before their rows are counted: say --drop")
        columns = {name: self._get(name) for name in names}
        return SummedTable(columns, self._n, self.sample, self.sums, None, self._flow)

    def with_flow(self, flow: Flow) -> "SummedTable":
        """The same, which says how it came to be."""
        return SummedTable(self._columns, self._n, self.sample, self.sums, self.weights, flow)

    def complete(self, names: Iterable[str] | None = None) -> "SummedTable":
        """The same: no value is missing."""
        return self

    def take(self, rows: ArrayLike | slice) -> "SummedTable":
        """Refused: there are no rows to take."""
        raise DataError("these rows are known by their sums alone, and none of them can be taken: read a smaller table")

    def to_pandas(self) -> "pd.DataFrame":
        """The sample as a pandas frame."""
        return self.sample.to_pandas()

    def hash(self) -> str:
        """SHA-256 of the sums and the sample."""
        digest = hashlib.sha256(f"{self._n} {self.sample.hash()}".encode())
        if self.sums is not None:
            # To nine digits: the last ones hang on the library that multiplies matrices.
            for values in (self.sums.mean, self.sums.products):
                digest.update(",".join(f"{value:.9g}" for value in values.ravel()).encode())
        if self.weights is not None:
            for name in self.names:
                digest.update(np.ascontiguousarray(self.column(name), dtype="<f8").tobytes())
            digest.update(np.ascontiguousarray(self.weights, dtype="<i8").tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return f"SummedTable({self._n} rows: {', '.join(self.names)})"
