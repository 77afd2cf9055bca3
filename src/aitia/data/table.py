"""The one table type: named columns, each continuous or discrete, from whatever holds the user's data.

A discrete column is stored as codes into its categories, NaN where it is missing; a vector-valued column is one
variable with several numbers a row. Names go in once and come out in every plot, error and export.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, FormatError, MissingExtraError, join_names, unknown_variable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Kind", "Table", "read_table"]

Values = NDArray[np.float64]

DISCRETE_AT_MOST = 10
"""A column of whole numbers with at most this many distinct values is taken as discrete, unless told otherwise."""


class Kind(StrEnum):
    """What the numbers of a column mean."""

    CONTINUOUS = "continuous"
    DISCRETE = "discrete"


@dataclass(frozen=True, eq=False)
class _Column:
    values: Values
    kind: Kind
    categories: tuple[Any, ...] = ()


class Table:
    """An immutable table of named columns. Build it with `Table.of`.

    Example:
        >>> table = Table.of({"dose": [0.5, 1.5, 2.5], "site": ["a", "b", "a"]})
        >>> table.names, table.n, str(table.kind("site")), table.categories("site")
        (('dose', 'site'), 3, 'discrete', ('a', 'b'))
    """

    __slots__ = ("_columns", "_n")

    def __init__(self, columns: Mapping[str, _Column], n: int) -> None:
        self._columns = dict(columns)
        self._n = n

    @classmethod
    def of(
        cls, data: Any, *, names: Sequence[str] | None = None, kinds: Mapping[str, Kind | str] | None = None
    ) -> "Table":
        """The table that `data` holds.

        Args:
            data: A pandas or polars frame, an Arrow table, a (n, p) array, a mapping from name to a column of shape
                (n,) or (n, k), or a `Table`.
            names: Column names, for an array only; absent means `x0`, `x1`, ...
            kinds: Overrides of the kinds. By default text, booleans and categories are discrete, whole numbers with at
                most 10 distinct values are discrete, and all other numbers are continuous.

        Raises:
            DataError: If columns differ in length, a name is repeated, a column holds neither numbers nor labels, a
                value is infinite, or there is no row.
            UnknownVariableError: If `kinds` names a column that is not there.
        """
        if isinstance(data, Table):
            if not kinds:
                return data
            raw: dict[str, Any] = {name: data.labels(name) for name in data.names}
            kinds = {**{name: data.kind(name) for name in data.names}, **kinds}
        else:
            raw = _raw_columns(data, names)
        wanted = {name: _kind(name, kind) for name, kind in (kinds or {}).items()}
        for name in wanted:
            if name not in raw:
                raise unknown_variable(name, raw, "table")
        columns = {name: _column(name, values, wanted.get(name)) for name, values in raw.items()}
        lengths = {name: len(column.values) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"columns differ in length: {join_names(f'{k} has {v}' for k, v in lengths.items())}")
        if not columns:
            raise DataError("the table has no columns")
        n = next(iter(lengths.values()))
        if n == 0:
            raise DataError(f"the table has no rows, only the columns {join_names(columns)}")
        return cls(columns, n)

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
        made: dict[str, _Column] = {}
        for name, values in columns.items():
            labels = tuple(categories.get(name, ()))
            made[name] = _Column(_read_only(values), Kind.DISCRETE if labels else Kind.CONTINUOUS, labels)
            present = made[name].values[~np.isnan(made[name].values)] if labels else np.empty(0)
            if present.size and not (np.isin(present, np.arange(len(labels)))).all():
                raise DataError(f"column {name!r} holds codes without a category: it has {len(labels)} categories")
        lengths = {name: len(column.values) for name, column in made.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"columns differ in length: {join_names(f'{k} has {v}' for k, v in lengths.items())}")
        return cls(made, next(iter(lengths.values()), 0))

    # -- reading --------------------------------------------------------------------------------------------------

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

    def _get(self, name: str) -> _Column:
        try:
            return self._columns[name]
        except (KeyError, TypeError):
            raise unknown_variable(name, self._columns, "table") from None

    def kind(self, name: str) -> Kind:
        """Whether the column is continuous or discrete."""
        return self._get(name).kind

    def categories(self, name: str) -> tuple[Any, ...]:
        """The labels of a discrete column, code 0 first; empty for a continuous one."""
        return self._get(name).categories

    def column(self, name: str) -> Values:
        """The numbers of a column, (n,) or (n, k); codes for a discrete one, NaN where missing. Read-only."""
        return self._get(name).values

    def labels(self, name: str) -> NDArray[Any]:
        """The column as the user gave it: labels for a discrete column (None where missing), numbers otherwise."""
        column = self._get(name)
        if column.kind is Kind.CONTINUOUS:
            return column.values
        return np.array([None if math.isnan(v) else column.categories[int(v)] for v in column.values], dtype=object)

    def matrix(self, names: Iterable[str] | None = None) -> Values:
        """The numbers of these columns side by side, (n, p); a vector-valued column takes its k places."""
        chosen = self.names if names is None else tuple(names)
        if not chosen:
            return np.empty((self._n, 0))
        return np.column_stack([self.column(name) for name in chosen])

    def missing(self, name: str) -> int:
        """How many rows lack this column."""
        values = self.column(name)
        return int(np.isnan(values).reshape(self._n, -1).any(axis=1).sum())

    # -- new tables -----------------------------------------------------------------------------------------------

    def select(self, names: Iterable[str]) -> "Table":
        """The table of these columns, in this order."""
        return Table({name: self._get(name) for name in names}, self._n)

    def drop(self, names: Iterable[str]) -> "Table":
        """The table without these columns."""
        gone = {name for name in names if self._get(name)}
        return self.select(name for name in self.names if name not in gone)

    def take(self, rows: NDArray[Any] | Sequence[int] | slice) -> "Table":
        """The table of these rows, by position or boolean mask; categories stay even where they no longer occur."""
        index = rows if isinstance(rows, slice) else np.asarray(rows)
        columns = {
            name: _Column(_read_only(column.values[index]), column.kind, column.categories)
            for name, column in self._columns.items()
        }
        return Table(columns, len(next(iter(columns.values())).values))

    def with_columns(self, columns: Mapping[str, Any], kinds: Mapping[str, Kind | str] | None = None) -> "Table":
        """The table with these columns added or replaced."""
        added = Table.of(columns, kinds=kinds)
        if added.n != self._n:
            raise DataError(f"new columns have {added.n} rows, the table has {self._n}")
        return Table({**self._columns, **added._columns}, self._n)

    def to_pandas(self) -> "pd.DataFrame":
        """The table as a pandas frame, labels restored; a vector-valued column becomes `name.0`, `name.1`, ..."""
        pandas = _import("pandas", "data")
        columns: dict[str, Any] = {}
        for name in self.names:
            values = self.labels(name)
            if values.ndim == 1:
                columns[name] = values
            else:
                columns |= {f"{name}.{k}": values[:, k] for k in range(values.shape[1])}
        frame: pd.DataFrame = pandas.DataFrame(columns)
        return frame

    # -- identity -------------------------------------------------------------------------------------------------

    def hash(self) -> str:
        """SHA-256 of names, kinds, categories and values: equal tables have equal hashes on every machine."""
        digest = hashlib.sha256()
        for name, column in self._columns.items():
            digest.update(repr((name, column.kind.value, column.categories, column.values.shape)).encode())
            digest.update(np.ascontiguousarray(column.values, dtype="<f8").tobytes())
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return self.hash() == other.hash() if isinstance(other, Table) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.hash())

    def __repr__(self) -> str:
        return f"Table({self._n} rows: {join_names(self.names)})"


def read_table(path: str | Path, *, kinds: Mapping[str, Kind | str] | None = None) -> Table:
    """Reads a table from a CSV, TSV, Parquet, Arrow or Feather file, by its suffix; `.gz` text is unpacked.

    Raises:
        FormatError: If the file is missing, empty, of another kind, or cannot be read as what its suffix says.
        DataError: If what it holds is no table of numbers and labels.
    """
    path = Path(path)
    pandas = _import("pandas", "data")
    suffix = (path.suffixes[-2] if path.suffix == ".gz" and len(path.suffixes) > 1 else path.suffix).lower()
    separators: dict[str, dict[str, Any]] = {
        ".csv": {"sep": ","},
        ".tsv": {"sep": "\t"},
        ".txt": {"sep": None, "engine": "python"},
    }
    binary = {".parquet": pandas.read_parquet, ".arrow": pandas.read_feather, ".feather": pandas.read_feather}
    if suffix not in {**separators, **binary}:
        raise FormatError(
            f"{path} ends in {suffix or 'nothing'}: tables are read from {', '.join((*separators, *binary))}"
        )
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    try:
        if suffix in separators:
            # Read apart from the rows: pandas renames what is repeated.
            header = pandas.read_csv(path, header=None, nrows=1, dtype=str, **separators[suffix]).iloc[0].dropna()
            _need_distinct(header.tolist())
            frame = pandas.read_csv(path, **separators[suffix])
        else:
            frame = binary[suffix](path)
    except (ValueError, OSError) as error:
        if isinstance(error, DataError):
            raise
        first_line = (str(error).splitlines() or ["no details"])[0]
        raise FormatError(f"{path} cannot be read as {suffix[1:]}: {first_line}") from error
    unnamed = [name for name in frame.columns if str(name).startswith("Unnamed:")]
    return Table.of(frame.drop(columns=unnamed), kinds=kinds)  # an unnamed column is the row index that to_csv wrote


# -- from the user's data to columns --------------------------------------------------------------------------------


def _raw_columns(data: Any, names: Sequence[str] | None) -> dict[str, Any]:
    """Each column's name and values, whatever holds them; no optional package is imported for it."""
    if isinstance(data, Mapping):
        pairs = [(name, values) for name, values in data.items()]
    elif hasattr(data, "column_names") and hasattr(data, "column"):  # Arrow
        pairs = [(name, data.column(i).to_pandas()) for i, name in enumerate(data.column_names)]
    elif hasattr(data, "get_columns"):  # polars
        pairs = [(series.name, _polars_values(series)) for series in data.get_columns()]
    elif hasattr(data, "columns") and hasattr(data, "iloc"):  # pandas; by position, since names may repeat
        pairs = [(name, data.iloc[:, i]) for i, name in enumerate(data.columns)]
    else:
        array = np.asarray(data)
        if array.ndim != 2:
            raise DataError(f"an array of data has rows and columns, got shape {array.shape}")
        names = [f"x{i}" for i in range(array.shape[1])] if names is None else list(names)
        if len(names) != array.shape[1]:
            raise DataError(f"{len(names)} names for {array.shape[1]} columns")
        pairs = [(name, array[:, i]) for i, name in enumerate(names)]
    keys = [str(name) for name, _ in pairs]
    _need_distinct(keys)
    return {key: values for key, (_, values) in zip(keys, pairs, strict=True)}


def _need_distinct(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise DataError(f"column names are repeated: {join_names(repeated)}. Rename them first")


def _polars_values(series: Any) -> Any:
    return series.to_numpy() if series.dtype.is_numeric() else np.array(series.to_list(), dtype=object)


def _kind(name: str, kind: Kind | str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise DataError(f"the kind of {name!r} is 'continuous' or 'discrete', got {kind!r}") from None


def _column(name: str, values: Any, kind: Kind | None) -> _Column:
    categories = _declared_categories(values)
    array = np.asarray(values)
    if array.dtype.kind in "US" and isinstance(values, Sequence):
        array = np.array(values, dtype=object)  # a plain list of text and NaN would turn the NaN into text
    if array.dtype.kind in "mM":
        # A date is a number that grows with time: days since 1970.
        array = np.where(np.isnat(array), np.nan, array.astype("datetime64[ns]").astype(np.int64) / 86_400e9)
    if array.ndim not in (1, 2):
        raise DataError(f"column {name!r} has shape {array.shape}: (n,) or (n, k) is expected")
    numbers = _as_numbers(array) if categories is None else None
    if kind is Kind.CONTINUOUS and numbers is None:
        raise DataError(f"column {name!r} is declared continuous but holds text such as {_first_text(array)!r}")
    if numbers is not None:
        if np.isinf(numbers).any():
            row = int(np.argwhere(np.isinf(numbers))[0][0])
            raise DataError(f"column {name!r} holds an infinite value, first in row {row}: replace it or drop the row")
        if kind is None:
            kind = Kind.DISCRETE if _looks_discrete(array, numbers) else Kind.CONTINUOUS
        if kind is Kind.CONTINUOUS:
            return _Column(_read_only(numbers), kind)
    if array.ndim == 2:
        raise DataError(
            f"column {name!r} has {array.shape[1]} values a row: only a continuous variable may be a vector"
        )
    return _discrete(array, numbers, categories)


def _as_numbers(array: NDArray[Any]) -> Values | None:
    if array.dtype.kind == "b":
        return None
    if array.dtype.kind in "iuf":
        return array.astype(np.float64)
    if array.dtype.kind == "O":
        if any(isinstance(v, (str, bool, np.bool_)) for v in array.ravel()):
            return None
        try:
            return np.array([np.nan if _absent(v) else float(v) for v in array.ravel()]).reshape(array.shape)
        except (TypeError, ValueError):
            return None
    return None


def _absent(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _looks_discrete(array: NDArray[Any], numbers: Values) -> bool:
    if array.ndim != 1:
        return False
    present = numbers[~np.isnan(numbers)]
    if not len(present) or (present != np.floor(present)).any():
        return False
    distinct = len(np.unique(present))
    return 2 <= distinct <= DISCRETE_AT_MOST and len(present) >= 5 * distinct


def _declared_categories(values: Any) -> tuple[Any, ...] | None:
    """The categories of a pandas categorical column, in their order."""
    categories = getattr(getattr(values, "dtype", None), "categories", None)
    return None if categories is None or isinstance(values, np.ndarray) else tuple(categories.tolist())


def _discrete(array: NDArray[Any], numbers: Values | None, declared: tuple[Any, ...] | None) -> _Column:
    if numbers is not None:
        whole = bool((numbers[~np.isnan(numbers)] == np.floor(numbers[~np.isnan(numbers)])).all())
        labels: list[Any] = [None if math.isnan(v) else (int(v) if whole else float(v)) for v in numbers]
    else:
        labels = [None if _absent(v) else v.item() if isinstance(v, np.generic) else v for v in array]
    if declared is None:
        present = {label for label in labels if label is not None}
        declared = tuple(sorted(present, key=lambda label: (type(label).__name__, label)))
    code = {label: float(i) for i, label in enumerate(declared)}
    codes = np.array([np.nan if label is None else code[label] for label in labels])
    return _Column(_read_only(codes), Kind.DISCRETE, declared)


def _first_text(array: NDArray[Any]) -> object:
    return next((v for v in array.ravel().tolist() if isinstance(v, (str, bool))), None)


def _read_only(values: Values) -> Values:
    values = np.array(values, dtype=np.float64)
    values.flags.writeable = False
    return values


def _import(module: str, extra: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(f"this needs {module}, which is not installed: pip install 'aitia[{extra}]'") from error
