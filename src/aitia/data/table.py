"""The table: named columns, each of one kind, from whatever holds the user's data.

A discrete column is stored as codes into its categories, NaN where it is missing; a vector-valued column is one
variable with several numbers a row. Names go in once and come out in every plot, error and export.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.base import Data, Form
from aitia.data.columns.cells import Cells, cells_of, looks_like
from aitia.data.flow import Flow
from aitia.data.frames import (
    DISCRETE_AT_MOST,
    Plain,
    as_kind,
    import_extra,
    plain_column,
    raw_columns,
    read_only,
)
from aitia.data.kinds import CONTINUOUS, DISCRETE, Kind
from aitia.data.named_columns import NamedColumns
from aitia.errors import DataError, join_names, unknown_variable

if TYPE_CHECKING:
    import pandas as pd

    from aitia.report import Block

__all__ = ["DISCRETE_AT_MOST", "Kind", "Table"]

Values = NDArray[np.float64]
_PLAIN = CONTINUOUS | DISCRETE


class Table(NamedColumns, Data):
    """An immutable table of named columns. Build it with `Table.of`.

    Example:
        >>> table = Table.of({"dose": [0.5, 1.5, 2.5], "site": ["a", "b", "a"]})
        >>> table.names, table.n, str(table.kind("site")), table.categories("site")
        (('dose', 'site'), 3, 'label', ('a', 'b'))
        >>> table.continuous("dose"), table.discrete("site"), table.binary("site")
        (True, True, True)
    """

    form: ClassVar[Form] = "table"
    __slots__ = ()

    @classmethod
    def of(
        cls,
        data: Any,
        *,
        names: Sequence[str] | None = None,
        kinds: Mapping[str, Kind | str] | None = None,
        folder: str | Path | None = None,
    ) -> "Table":
        """The table that `data` holds.

        Args:
            data: A pandas or polars frame, an Arrow table, a (n, p) array, a mapping from name to a column of shape
                (n,) or (n, k), or a `Table`.
            names: Column names, for an array only; absent means `x0`, `x1`, ...
            kinds: Overrides of the kinds. By default text, booleans and categories are labels (ordinals if the
                categories are ordered), whole numbers with at most 10 distinct values are labels, others that are
                never negative are counts, dates are times, and all other numbers are numbers. An array (n, height,
                width, 3) of bytes is a column of pictures; lists of differing lengths are lists. Text, spans and
                pictures named by their files are declared.
            folder: Where the files are that a column of pictures names.

        Raises:
            DataError: If columns differ in length, a name is repeated, a column does not hold what its kind says, a
                value is infinite, a picture's file is missing, or there is no row.
            UnknownVariableError: If `kinds` names a column that is not there.
        """
        columns: dict[str, Plain | Cells] = {}
        if isinstance(data, Table):
            if not kinds:
                return data
            raw: dict[str, Any] = {name: data.labels(name) for name in data.names}
            # Labels are counted anew: those that no longer occur are dropped.
            kinds = {**{name: Kind.LABEL for name in data.names if data.kind(name) is Kind.LABEL}, **kinds}
            columns = {name: column for name, column in data._columns.items() if name not in kinds}
        else:
            raw = raw_columns(data, names)
        wanted = {name: as_kind(name, kind) for name, kind in (kinds or {}).items()}
        for name in wanted:
            if name not in raw:
                raise unknown_variable(name, raw, "table")
        place = None if folder is None else Path(folder)
        columns = {
            name: columns[name] if name in columns else _column(name, values, wanted.get(name), place)
            for name, values in raw.items()
        }
        _need_equal_lengths(columns)
        if not columns:
            raise DataError("the table has no columns")
        n = len(next(iter(columns.values())))
        if n == 0:
            raise DataError(f"the table has no rows, only the columns {join_names(columns)}")
        return cls(columns, n, data.flow if isinstance(data, Table) else None)

    @classmethod
    def of_pictures(cls, pictures: Any, **columns: Any) -> "Table":
        """The table with a column `image` and these others.

        Args:
            pictures: (n, height, width, 3) of bytes; or paths, arrays or pillow images, one a row.
            columns: By name.
        """
        return cls.of({"image": pictures, **columns}, kinds={"image": Kind.PICTURE})

    @classmethod
    def of_numbers(cls, prefix: str, values: Values) -> "Table":
        """An array (n, k) as k columns of numbers `prefix1`, `prefix2`, ..."""
        names = [f"{prefix}{k + 1}" for k in range(values.shape[1])]
        return cls.of(dict(zip(names, values.T, strict=True)), kinds=dict.fromkeys(names, Kind.NUMBER))

    @classmethod
    def from_codes(cls, columns: Mapping[str, NDArray[np.float64]], categories: Mapping[str, Sequence[Any]]) -> "Table":
        """The table of these numbers, as they are: a column with categories holds codes into them, NaN where missing.

        For programs that have the codes; `of` reads what people have.

        Args:
            columns: Each (n,), or (n, k) for a continuous variable with k numbers a row.
            categories: The labels of each discrete column, code 0 first.

        Raises:
            DataError: If columns differ in length, or a code has no category.
        """
        made: dict[str, Plain | Cells] = {}
        for name, values in columns.items():
            labels = tuple(categories.get(name, ()))
            column = made[name] = Plain(read_only(values), Kind.LABEL if labels else Kind.NUMBER, labels)
            if labels and not _codes(column.values, len(labels)):
                raise DataError(f"column {name!r} holds codes without a category: it has {len(labels)} categories")
        _need_equal_lengths(made)
        return cls(made, len(next(iter(made.values()), ())))

    # -- new tables -----------------------------------------------------------------------------------------------

    def with_known(self, columns: Mapping[str, Any], kinds: Mapping[str, str] | None = None) -> "Table":
        """`with_columns`."""
        return self.with_columns(columns, dict(kinds or {}))

    def with_filled(self, filled: "Table", columns: Sequence[str]) -> "Table":
        """With the numbers and codes of these columns; their labels keep their order."""
        return self.with_codes({name: filled.column(name) for name in columns})

    def unlabelled(self, names: Sequence[str]) -> "Table":
        """The table without these columns, where it has them."""
        return self.drop(name for name in names if name in self)

    def with_draws(self, draws: int) -> "Table":
        """With the columns `row` and `draw` of rows that stand `draws` times one after the other."""
        rows, drawn = np.divmod(np.arange(self._n), draws)
        place = {"row": rows.astype(float), "draw": drawn.astype(float)}
        return self.with_columns(place, dict.fromkeys(place, Kind.NUMBER))

    def sized(self, size: int | None) -> "Table":
        """The table whose pictures are scaled to size x size when looked at; None leaves them as they are."""
        pictures = {name: self._cells(name, Kind.PICTURE).scaled_to(size) for name in self.of_kind(Kind.PICTURE)}
        return Table({**self._columns, **pictures}, self._n, self._flow)

    def with_flow(self, flow: Flow) -> "Table":
        """The same table, which says how it came to be."""
        return Table(self._columns, self._n, flow)

    def complete(self, names: Iterable[str] | None = None) -> "Table":
        """The rows in which none of these columns is missing; the flow counts the others."""
        whole = ~np.any([self.absent(name) for name in (self.names if names is None else names)], axis=0)
        if whole.all():
            return self
        kept = self.take(whole)
        return kept if self._flow is None else kept.with_flow(self._flow.without(int((~whole).sum()), "with gaps"))

    def with_codes(self, columns: Mapping[str, Values]) -> "Table":
        """The table with these numbers, or codes of labels, in the place of those of its columns."""
        made = {name: Plain(read_only(v), self.kind(name), self.categories(name)) for name, v in columns.items()}
        return Table({**self._columns, **made}, self._n, self._flow)

    def select(self, names: Iterable[str]) -> "Table":
        """The table of these columns, in this order."""
        names = tuple(names)
        if names == self.names:
            return self
        return Table({name: self._get(name) for name in names}, self._n, self._flow)

    def drop(self, names: Iterable[str]) -> "Table":
        """The table without these columns."""
        gone = {name for name in names if self._get(name)}
        return self.select(name for name in self.names if name not in gone)

    def take(self, rows: ArrayLike | slice) -> "Table":
        """The table of these rows, by position or boolean mask; categories stay even where they no longer occur."""
        index = rows if isinstance(rows, slice) else np.asarray(rows)
        if not isinstance(index, slice) and not index.size and index.dtype != bool:
            index = index.astype(np.intp)
        columns: dict[str, Plain | Cells] = {name: column.take(index) for name, column in self._columns.items()}
        return Table(columns, len(next(iter(columns.values()))))

    def with_columns(self, columns: Mapping[str, Any], kinds: Mapping[str, Kind | str] | None = None) -> "Table":
        """The table with these columns added or replaced."""
        return self.joined(Table.of(columns, kinds=kinds))

    def joined(self, other: "Table") -> "Table":
        """The table with the columns of another of as many rows, which win where both have one."""
        if other.n != self._n:
            raise DataError(f"new columns have {other.n} rows, the table has {self._n}")
        return Table({**self._columns, **other._columns}, self._n, self._flow)

    def to_pandas(self) -> "pd.DataFrame":
        """The table as a pandas frame, labels restored; a vector-valued column becomes `name.0`, `name.1`, ..."""
        pandas = import_extra("pandas", "data")
        columns: dict[str, Any] = {}
        for name in self.names:
            values = self.labels(name)
            if self.kind(name) is Kind.ORDINAL:
                columns[name] = pandas.Categorical(values, categories=list(self.categories(name)), ordered=True)
            elif values.ndim == 1:
                columns[name] = values
            else:
                columns |= {f"{name}.{k}": values[:, k] for k in range(values.shape[1])}
        frame: pd.DataFrame = pandas.DataFrame(columns)
        return frame

    # -- identity -------------------------------------------------------------------------------------------------

    @property
    def known(self) -> "Table":
        """The table itself."""
        return self

    def hash(self) -> str:
        """SHA-256 of names, kinds, categories and values: equal tables have equal hashes on every machine.

        Numbers, counts and times are one here: a statistic takes them alike.
        """
        digest = hashlib.sha256()
        for name, column in self._columns.items():
            if isinstance(column, Plain):
                kind = (
                    "ordinal"
                    if column.kind is Kind.ORDINAL
                    else "discrete"
                    if column.kind in DISCRETE
                    else "continuous"
                )
                digest.update(repr((name, kind, column.categories, column.values.shape)).encode())
                digest.update(np.ascontiguousarray(column.values, dtype="<f8").tobytes())
            else:
                digest.update(repr((name, column.kind.value, len(column), column.digest())).encode())
        return digest.hexdigest()

    def write(self, folder: Path, stem: str, rows: Sequence[int]) -> list[Path]:
        """A file `STEM.csv` with a column `row`, and a PNG file for each picture."""
        from aitia.data.writing import write_rows

        return write_rows(self, folder, stem, rows)

    @classmethod
    def draw(cls, shown: "Mapping[str, Table]", names: Sequence[str], about: str = "") -> "Sequence[Block]":
        """Pictures in a grid, and all other columns in a table with a line for each row and heading."""
        from aitia.data.drawing import draw_tables

        return draw_tables(shown, names, about)

    def __eq__(self, other: object) -> bool:
        return self.hash() == other.hash() if isinstance(other, Table) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.hash())

    def __repr__(self) -> str:
        return f"Table({self._n} rows: {join_names(self.names)})"


def _column(name: str, values: Any, kind: Kind | None, folder: Path | None) -> Plain | Cells:
    if isinstance(values, Plain):
        if kind is None:
            return values
        values = values.values
    kind = looks_like(values) if kind is None else kind
    if kind is None or kind in _PLAIN:
        return plain_column(name, values, kind)
    return cells_of(kind, name, values, folder)


def _codes(values: Values, labels: int) -> bool:
    """Whether all are places of so many labels, or missing; in blocks, so that nothing of their size is made."""
    for begin in range(0, len(values), 1 << 14):
        block = values[begin : begin + (1 << 14)]
        if not (((block >= 0) & (block < labels) & (block == np.floor(block))) | np.isnan(block)).all():
            return False
    return True


def _need_equal_lengths(columns: Mapping[str, Plain | Cells]) -> None:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"columns differ in length: {join_names(f'{k} has {v}' for k, v in lengths.items())}")
