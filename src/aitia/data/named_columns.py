"""Named columns of equal length, and what is in them: numbers, labels, texts, pictures, lists and spans."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.cells import Cells
from aitia.data.flow import Flow
from aitia.data.frames import Plain, as_kind
from aitia.data.kinds import CONTINUOUS, DISCRETE, Kind
from aitia.errors import DataError, unknown_variable

__all__ = ["NamedColumns"]

Values = NDArray[np.float64]
Kept = TypeVar("Kept")


_PLAIN = CONTINUOUS | DISCRETE


class NamedColumns:
    """What may be asked of columns; a `Table` is made of them.

    Args:
        columns: By name.
        n: Rows.
        flow: How they came to be, where they were read from a file.
    """

    __slots__ = ("_columns", "_flow", "_kept", "_n")

    def __init__(self, columns: Mapping[str, Plain | Cells], n: int, flow: Flow | None = None) -> None:
        self._columns = dict(columns)
        self._n = n
        self._flow = flow
        self._kept: dict[Hashable, Any] = {}

    def kept(self, key: Hashable, compute: Callable[[], Kept]) -> Kept:
        """What was computed of these columns under this key, computed now if it was not: a table never changes."""
        if key not in self._kept:
            self._kept[key] = compute()
        found: Kept = self._kept[key]
        return found

    @property
    def flow(self) -> Flow | None:
        """How the rows came to be: what was understood of their file, rows read and left out; None if in memory."""
        return self._flow

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(self._columns)

    @property
    def n(self) -> int:
        """Number of rows."""
        return self._n

    def __len__(self) -> int:
        return self._n

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def _get(self, name: str) -> Plain | Cells:
        try:
            return self._columns[name]
        except (KeyError, TypeError):
            raise unknown_variable(name, self._columns, "table") from None

    def _plain(self, name: str) -> Plain:
        column = self._get(name)
        if isinstance(column, Plain):
            return column
        use = column.use.replace("NAME", repr(name))
        raise DataError(
            f"column {name!r} is of kind {column.kind}, which has no numbers: leave it out here, or take {use}"
        )

    def _cells(self, name: str, *kinds: Kind) -> Any:
        column = self._get(name)
        if column.kind in kinds and isinstance(column, Cells):
            return column
        raise DataError(
            f"column {name!r} is of kind {column.kind}, not {kinds[0]}: "
            f"declare it with kinds={{{name!r}: {str(kinds[0])!r}}}"
        )

    def kind(self, name: str) -> Kind:
        """What the cells of the column are."""
        return self._get(name).kind

    def continuous(self, name: str) -> bool:
        """Whether the column is for a statistic a number: a number, count or time."""
        return self._get(name).kind in CONTINUOUS

    def discrete(self, name: str) -> bool:
        """Whether the column is for a statistic a label: a label or an ordinal."""
        return self._get(name).kind in DISCRETE

    def plain(self, name: str) -> bool:
        """Whether the column holds numbers or labels, as every statistic takes them."""
        return self.kind(name) in _PLAIN

    def fits(self, name: str, kind: str) -> bool:
        """Whether a column serves where this kind is asked for: numbers and labels as they are, `any` for either."""
        if kind == "any":
            return self.plain(name)
        if kind == Kind.NUMBER:
            return self.continuous(name) or (self.discrete(name) and all(_number(c) for c in self.categories(name)))
        return self.discrete(name) if kind == Kind.LABEL else self.kind(name) == kind

    def binary(self, name: str) -> bool:
        """Whether the column has two values: two categories, or two numbers that occur."""
        column = self._get(name)
        if not isinstance(column, Plain) or column.values.ndim > 1:
            return False
        if column.kind in DISCRETE:
            return len(column.categories) == 2
        return len(np.unique(column.values[~np.isnan(column.values)])) == 2

    def categories(self, name: str) -> tuple[Any, ...]:
        """The labels of a discrete column, code 0 first; empty for any other."""
        column = self._get(name)
        return column.categories if isinstance(column, Plain) else ()

    def column(self, name: str) -> Values:
        """The numbers of a column, (n,) or (n, k); codes for a discrete one, NaN where missing. Read-only.

        Raises:
            DataError: If it is of a kind that has no numbers, such as text.
        """
        return self._plain(name).values

    def total(self, name: str) -> float:
        """The sum of a column (n,) of numbers or codes; NaN where a value is missing."""
        return self._plain(name).total

    def labels(self, name: str) -> NDArray[Any]:
        """The column as the user gave it: numbers for a continuous one, else labels, texts, lists or paths.

        None where missing, NaN for a number.
        """
        column = self._get(name)
        if isinstance(column, Plain):
            return column.cells()
        cells = np.empty(len(column), dtype=object)
        for row, cell in enumerate(column.cells()):
            cells[row] = cell
        return cells

    def texts(self, name: str) -> list[str]:
        """The texts of a column; empty where one is missing, which `absent` tells."""
        column = self._get(name)
        if column.kind in DISCRETE and isinstance(column, Plain):  # labels are texts too
            return ["" if label is None else str(label) for label in column.cells()]
        return ["" if text is None else text for text in self._cells(name, Kind.TEXT).texts]

    def pictures(self, name: str, size: int | None = None) -> NDArray[np.uint8]:
        """The pictures of a column, (n, height, width, channels), decoded now; black where one is missing.

        Args:
            name: The column.
            size: Scale to size x size; None wants pictures of one size.

        Raises:
            FormatError: If a file is no picture.
            DataError: If they differ in size and none was asked for.
        """
        return cast("NDArray[np.uint8]", self._cells(name, Kind.PICTURE).pixels(name, size))

    def lists(self, name: str) -> list[list[Any]]:
        """The lists of a column; empty where one is missing, which `absent` tells."""
        return [[] if row is None else row for row in self._cells(name, Kind.LIST, Kind.SPANS).cells()]

    def spans(self, name: str) -> list[list[tuple[int, int, str]]]:
        """The spans of a column, each (start, stop, label); none where they are missing, which `absent` tells."""
        return [[(a, b, label) for a, b, label in row or ()] for row in self._cells(name, Kind.SPANS).cells()]

    def of_kind(self, *kinds: Kind | str) -> tuple[str, ...]:
        """The names of the columns of these kinds, in order."""
        wanted = [as_kind("a column", kind) for kind in kinds]
        return tuple(name for name, column in self._columns.items() if column.kind in wanted)

    def matrix(self, names: Iterable[str] | None = None) -> Values:
        """The numbers of these columns side by side, (n, p); a vector-valued column takes its k places."""
        chosen = self.names if names is None else tuple(names)
        if not chosen:
            return np.empty((self._n, 0))
        return np.column_stack([self.column(name) for name in chosen])

    def absent(self, name: str) -> NDArray[np.bool_]:
        """(n,) which rows lack this column."""
        return self._get(name).missing

    def missing(self, name: str) -> int:
        """How many rows lack this column."""
        column = self._get(name)
        return column.gaps if isinstance(column, Plain) else int(column.missing.sum())


def _number(label: object) -> bool:
    return isinstance(label, (int, float)) and not isinstance(label, bool)
