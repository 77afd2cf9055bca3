"""Sets of rows: how they are read, checked and drawn from at each step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.table import Kind, Table
from aitia.errors import DataError, OptionError, join_names
from aitia.system import Given

__all__ = ["FEW", "SetBatches", "Sets", "absent", "read_sets", "rows_of", "sets_of", "tabled"]

Values = NDArray[np.float64]
FEW = 10
"""A set with fewer rows is warned of."""


@dataclass(frozen=True, eq=False)
class Sets:
    """Rows of several populations.

    Args:
        labels: Names, one a set.
        rows: One array (n, columns) a set.
        columns: Names.
        group: Name of the column that told the sets apart; `set` where there was none.
    """

    labels: tuple[str, ...]
    rows: tuple[Values, ...] = field(repr=False)
    columns: tuple[str, ...]
    group: str = "set"


def read_sets(data: Any, groups: Any = None, columns: Sequence[str] | None = None, *, least: int = 1) -> Sets:
    """The sets in a table with a column of groups, in a mapping from label to rows, or in a sequence of rows.

    Args:
        data: A table (pandas, polars, Arrow, `Table`, array), a mapping, a list of arrays or tables, or an array (sets,
            rows, columns). Without labels sets are numbered from 0.
        groups: The name of the column that tells the sets apart, or the label of each row; None where `data` is a
            mapping or a list.
        columns: The columns to take, in order; None takes all but the groups.
        least: Rows that a set has at least; a fit encodes one half of a set and meets the other.

    Raises:
        DataError: If groups are missing, a set has too few rows, columns differ, or a value is no finite number.
    """
    if groups is None:
        if isinstance(data, Mapping) and all(np.ndim(v) >= 2 or hasattr(v, "columns") for v in data.values()) and data:
            parts, labels = list(data.values()), [str(label) for label in data]
        elif (isinstance(data, Sequence) and not isinstance(data, str)) or getattr(data, "ndim", 0) == 3:
            parts, labels = list(data), [str(k) for k in range(len(data))]
        else:
            named = f": say which of {join_names(_names(data))}" if _names(data) else ""
            raise DataError(f"which rows are of one set? Give groups, the column or the label of each row{named}")
        each: list[Values] = []
        for part, label in zip(parts, labels, strict=True):  # the first set says which columns there are
            values, columns = rows_of(part, columns, what=f"set {label!r}")
            each.append(values)
        found = Sets(tuple(labels), tuple(each), tuple(columns or ()))
    else:
        found = _grouped(data, groups, columns)
    if len(set(found.labels)) < len(found.labels):
        raise DataError(f"labels of sets are repeated: {join_names(found.labels)}")
    _need(found, least)
    return found


def sets_of(given: Given, *, least: int = 1) -> Sets:
    """The sets of what is given, in the order in which they come.

    Raises:
        DataError: If there is no column beside that of the sets, a set has too few rows, or a value is no number.
    """
    group, wanted = given.column("population") or "set", given.columns("variables")
    if not wanted:
        raise DataError(f"the table has no column of numbers beside {group!r}")
    if group in given.table and given.table.missing(group):
        row = int(given.table.absent(group).argmax())
        raise DataError(f"row {row} of {group!r} is empty: say which it is of, or drop the row")
    rows, names = rows_of(given.table, wanted, what="the table")
    labels = given.labels("population")
    found = tuple(dict.fromkeys(labels.tolist()))
    sets = Sets(found, _split(rows, labels, found), names, group)
    _need(sets, least)
    return sets


def tabled(data: Any, columns: Sequence[str] | None = None) -> Any:
    """Sets that are given apart as one table with a column `set`, and an array as one; anything else as it is.

    Args:
        data: Rows of any kind.
        columns: Names of the columns of arrays; None calls them x1, x2, ...

    Raises:
        OptionError: If there is none.
        DataError: As `read_sets`.
    """
    if isinstance(data, np.ndarray | Tensor) and data.ndim == 2:
        rows, names = rows_of(data, columns)
        return Table.of(dict(zip(names, rows.T, strict=True)), kinds=dict.fromkeys(names, "number"))
    if not _apart(data):
        return data
    sets = read_sets(data, columns=columns)
    if not sets.labels:
        raise OptionError("an embedding of populations needs 2 sets or more, got none")
    labels = np.repeat(sets.labels, [len(rows) for rows in sets.rows])
    parts = dict(zip(sets.columns, np.concatenate(sets.rows).T, strict=True))
    if sets.group in parts:
        raise DataError(f"a column of the sets is called {sets.group!r}, as that of their labels is: call it otherwise")
    return Table.of({sets.group: labels, **parts}, kinds={sets.group: "label", **dict.fromkeys(parts, "number")})


def absent(table: Table, columns: Sequence[str]) -> NDArray[np.bool_]:
    """(n, columns) which cells are empty, or of a column that is not there."""
    return np.stack([table.absent(name) if name in table else np.ones(len(table), bool) for name in columns], axis=1)


def _apart(data: Any) -> bool:
    """Whether sets are given one by one: a mapping from label to rows, a list, or an array (sets, rows, columns)."""
    if isinstance(data, Mapping):
        return bool(data) and all(np.ndim(v) >= 2 or hasattr(v, "columns") for v in data.values())
    if isinstance(data, list | tuple):
        return not data or any(np.ndim(part) >= 2 or hasattr(part, "columns") for part in data)
    return getattr(data, "ndim", 0) == 3


def _need(sets: Sets, least: int) -> None:
    for label, rows in zip(sets.labels, sets.rows, strict=True):
        if len(rows) < least:
            raise DataError(f"set {label!r} has {len(rows)} row{'s' * (len(rows) != 1)}: {least} or more are needed")


def rows_of(
    data: Any, columns: Sequence[str] | None = None, *, what: str = "the set"
) -> tuple[Values, tuple[str, ...]]:
    """The numbers of rows, (n, columns), and the names of the columns.

    Raises:
        DataError: If there is no row, a column is categorical, or a value is missing or infinite.
    """
    if not hasattr(data, "columns") and not hasattr(data, "names") and not isinstance(data, Mapping):
        array = np.asarray(data, dtype=np.float64) if not isinstance(data, Tensor) else data.detach().double().numpy()
        if array.ndim != 2 or not array.shape[1]:
            raise DataError(f"{what} is rows and columns of numbers, got shape {array.shape}")
        names = tuple(f"x{k + 1}" for k in range(array.shape[1])) if columns is None else tuple(columns)
        if len(names) != array.shape[1]:
            raise DataError(f"{what} has {array.shape[1]} columns, {len(names)} are expected: {join_names(names)}")
    else:
        table = Table.of(data)
        names = tuple(table.names if columns is None else columns)
        array = _numbers(table, names)
    if not len(array):
        raise DataError(f"{what} has no row")
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise DataError(f"{what} has {array[row, column]} in row {row} of {names[column]}: fill it in or drop the row")
    return array, names


def _grouped(data: Any, groups: Any, columns: Sequence[str] | None) -> Sets:
    table = Table.of(data)
    if isinstance(groups, str):
        if groups not in table:
            raise DataError(f"the table has no column {groups!r} to tell sets apart; it has {join_names(table.names)}")
        name, labels = groups, np.array([str(label) for label in table.labels(groups)])
    else:
        name, labels = "set", np.array([str(label) for label in groups])
        if len(labels) != len(table):
            raise DataError(f"there are {len(table)} rows and {len(labels)} labels of groups: one a row")
    wanted = [n for n in table.names if n != name] if columns is None else columns
    if not wanted:
        raise DataError(f"the table has no column beside {name!r}")
    rows, names = rows_of(table, wanted, what="the table")
    found = tuple(sorted(set(labels.tolist())))
    return Sets(found, _split(rows, labels, found), names, name)


def _split(rows: Values, labels: NDArray[np.str_], found: Sequence[str]) -> tuple[Values, ...]:
    """The rows of each label in their order; one sort of the labels, as a scan for each would cost their square."""
    names, codes = np.unique(labels, return_inverse=True)
    parts = np.split(rows[np.argsort(codes, kind="stable")], np.cumsum(np.bincount(codes))[:-1])
    of = dict(zip(names.tolist(), parts, strict=True))
    return tuple(of[label] for label in found)


def _numbers(table: Table, names: Sequence[str]) -> Values:
    """(n, columns); whole numbers that a table takes for categories are numbers here."""
    for name in names:
        if name not in table:
            raise DataError(f"there is no column {name!r}: the table has {join_names(table.names)}")
        if table.discrete(name) and any(isinstance(c, (str, bool)) for c in table.categories(name)):
            raise DataError(
                f"column {name!r} holds labels such as {table.categories(name)[0]!r}: leave it out, or give it as "
                "columns of 0 and 1"
            )
    return Table.of(table.select(list(names)), kinds=dict.fromkeys(names, Kind.NUMBER)).matrix(names)


def _names(data: Any) -> list[str]:
    return [
        str(name) for name in getattr(data, "columns", getattr(data, "names", data if isinstance(data, dict) else ()))
    ]


@dataclass(frozen=True, eq=False)
class SetBatches:
    """Of some sets at each step two halves that share no row, each (batch, points, columns).

    A set with fewer than 2 points rows is split in two, and each half drawn from with repetition.

    Args:
        sets: Rows of each.
        batch: Sets a step, over all processes.
        points: Rows of a half.
        mixing: Sets that each is mixed of.
        alpha: Of the Dirichlet law of the weights.
        seed: Of what is drawn.

    Raises:
        OptionError: If there are fewer sets than are mixed.
    """

    sets: tuple[NDArray[Any], ...]
    batch: int
    points: int
    mixing: int = 1
    alpha: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.mixing > len(self.sets):
            raise OptionError(f"mixing={self.mixing} needs as many sets, there are {len(self.sets)}")

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """The encoded halves and the met halves of this step."""
        rng = np.random.default_rng([self.seed, step, rank])
        count = len(range(rank, self.batch, ranks))
        chosen = rng.choice(len(self.sets), count, replace=count > len(self.sets))
        halves = [self._halves(self.sets[k], rng) for k in chosen]
        encoded, met = (np.stack(side) for side in zip(*halves, strict=True))
        if self.mixing > 1:
            if count < self.mixing:
                raise OptionError(f"a process has {count} sets a step, mixing={self.mixing} needs as many: raise batch")
            parts = np.stack([rng.permutation(count)[: self.mixing] for _ in range(count)])
            ends = rng.dirichlet(np.full(self.mixing, self.alpha), count).cumsum(1)[:, None, :-1]
            encoded, met = (self._mixed(side, parts, ends, rng) for side in (encoded, met))
        return torch.from_numpy(encoded), torch.from_numpy(met)

    def _mixed(
        self, half: NDArray[Any], parts: NDArray[np.int64], ends: Values, rng: np.random.Generator
    ) -> NDArray[Any]:
        """Each row from one of the parts of its set, by their weights."""
        part = (rng.random((len(half), self.points, 1)) > ends).sum(-1)
        mixed: NDArray[Any] = half[parts[np.arange(len(half))[:, None], part], np.arange(self.points)]
        return mixed

    def _halves(self, rows: NDArray[Any], rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
        n, m = len(rows), self.points
        if n >= 2 * m:
            order = rng.choice(n, 2 * m, replace=False) if n > 20 * m else rng.permutation(n)
            return rows[order[:m]], rows[order[m : 2 * m]]
        order, cut = rng.permutation(n), n // 2
        return rows[order[:cut][rng.integers(cut, size=m)]], rows[order[cut:][rng.integers(n - cut, size=m)]]
