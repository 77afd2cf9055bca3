"""From whatever holds a user's data to columns: frames, arrays, mappings; each column's kind from its values."""

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.kinds import CONTINUOUS, DISCRETE, Kind
from aitia.data.orders import Ranks, absent, order_of
from aitia.errors import DataError, MissingExtraError, join_names

__all__ = [
    "DISCRETE_AT_MOST",
    "Plain",
    "as_kind",
    "import_extra",
    "need_distinct",
    "plain_column",
    "raw_columns",
    "read_only",
    "row_index",
]

Values = NDArray[np.float64]

DISCRETE_AT_MOST = 10
"""A column of whole numbers with at most this many distinct values is taken as labels, unless told otherwise."""


LOOKED_AT = 100
"""Values of a column that mostly settle what it holds."""

TURNED_AT_ONCE = 1 << 14
"""Numbers of a table that fit into the first cache."""

_INDICES = frozenset(
    {"", "index", "id", "row", "rows", "row_id", "rowid", "rownames", "row.names", "nr", "no", "no.", "#"}
)


@dataclass(frozen=True, eq=False)
class Plain:
    """A column of numbers, or of codes into categories."""

    values: Values
    kind: Kind
    categories: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[Any] | slice) -> "Plain":
        """These rows; categories stay even where they no longer occur."""
        return Plain(read_only(self.values[rows]), self.kind, self.categories)

    @cached_property
    def total(self) -> float:
        """The sum of the numbers of (n,) values; NaN where one is missing."""
        return float(self.values.sum())

    @cached_property
    def gaps(self) -> int:
        """How many rows hold nothing."""
        if self.values.ndim == 1 and math.isfinite(self.total):
            return 0
        return int(np.count_nonzero(np.isnan(self.values).reshape(len(self.values), -1).any(axis=1)))

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(n,) where there is nothing."""
        if not self.gaps:
            return np.zeros(len(self.values), np.bool_)
        return np.asarray(np.isnan(self.values).reshape(len(self.values), -1).any(axis=1))

    def cells(self) -> NDArray[Any]:
        """Labels, None where missing, of a discrete column; the numbers of others."""
        if self.kind in CONTINUOUS:
            return self.values
        return np.array([None if math.isnan(v) else self.categories[int(v)] for v in self.values], dtype=object)


def raw_columns(data: Any, names: Sequence[str] | None) -> dict[str, Any]:
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
        array = _turned(array)
        pairs = list(zip(names, _beyond_doubt(array), strict=True))
    keys = [str(name) for name, _ in pairs]
    need_distinct(keys)
    return {key: values for key, (_, values) in zip(keys, pairs, strict=True)}


def _turned(array: NDArray[Any]) -> NDArray[Any]:
    """Numbers with each column in one piece, copied once, block by block, so that no row is read twice."""
    if array.dtype.kind not in "iuf":
        return array
    columns = np.empty(array.shape[::-1])
    step = max(1, TURNED_AT_ONCE // max(array.shape[1], 1))
    for begin in range(0, len(array), step):
        columns[:, begin : begin + step] = array[begin : begin + step].T
    columns.flags.writeable = False
    return columns.T


def _beyond_doubt(array: NDArray[Any]) -> list[Any]:
    """The columns: as they will be kept where they surely hold numbers, none missing; others as they are given."""
    if not _frozen(array.T) or len(array) < 3:
        return list(array.T)
    totals = array.sum(axis=0)
    a, b, c = array[:3]
    sure = np.isfinite(totals) & (a != b) & (b != c) & (a != c) & ((a % 1 != 0) | (b % 1 != 0) | (c % 1 != 0))
    columns: list[Any] = list(array.T)
    for i in np.flatnonzero(sure).tolist():
        columns[i] = Plain(columns[i], Kind.NUMBER)
        columns[i].__dict__["total"] = float(totals[i])  # worked out for all at once
    return columns


def need_distinct(names: Sequence[str]) -> None:
    """Refuses names that are repeated."""
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise DataError(f"column names are repeated: {join_names(repeated)}. Rename them first")


def _polars_values(series: Any) -> Any:
    if series.dtype.is_numeric():
        return series.to_numpy()
    if type(series.dtype).__name__ == "Enum":  # its labels have an order, as in a categorical of pandas that has one
        places = {label: k for k, label in enumerate(series.dtype.categories.to_list())}
        return Ranks([None if v is None else places[v] for v in series.to_list()], tuple(places))
    cells = np.empty(len(series), dtype=object)
    cells[:] = series.to_list()
    return cells


def as_kind(name: str, kind: Kind | str) -> Kind:
    """The kind of this name."""
    try:
        return Kind(kind)
    except ValueError:
        raise DataError(f"the kind of {name!r} is one of {join_names(Kind)}, got {str(kind)!r}") from None


def plain_column(name: str, values: Any, kind: Kind | None) -> Plain:
    """The column of numbers or labels that these values are; its kind from them where none is said.

    Raises:
        DataError: If they are no such column.
    """
    if isinstance(values, Ranks):
        codes = np.array([np.nan if place is None else place for place in values.places], dtype=np.float64)
        return Plain(read_only(codes), kind if kind in DISCRETE else Kind.ORDINAL, values.labels)
    categories = _declared_categories(values)
    if kind is None and categories is not None and _ordered(values):
        kind = Kind.ORDINAL
    if hasattr(values, "dt") and hasattr(values.dt, "to_timestamp"):  # periods of pandas: their first moment
        values = values.dt.to_timestamp()
    array = np.asarray(values)
    if array.dtype.kind == "O" and categories is None:
        array = _moments(name, array)
    if array.dtype.kind == "c":
        raise DataError(f"column {name!r} holds complex numbers: give the real and the imaginary part as two columns")
    if array.dtype.kind == "m":  # a length of time, in days
        array = np.where(np.isnat(array), np.nan, array / np.timedelta64(1, "D"))
    if array.dtype.kind in "US" and isinstance(values, Sequence):
        array = np.array(values, dtype=object)  # a plain list of text and NaN would turn the NaN into text
    if kind is Kind.TIME and array.dtype.kind in "OU":
        array = _dates(name, array)
    if array.dtype.kind == "M":
        # A date is a number that grows with time: days since 1970.
        kind = Kind.TIME if kind is None else kind
        fine = np.datetime_data(array.dtype)[0] in ("ns", "ps", "fs", "as")
        moments = array.astype("datetime64[ns]" if fine else "datetime64[us]")
        days = (moments - np.zeros(1, dtype=moments.dtype)[0]) / np.timedelta64(1, "D")
        array = np.where(np.isnat(moments), np.nan, days)
    if array.ndim not in (1, 2):
        raise DataError(f"column {name!r} has shape {array.shape}: (n,) or (n, k) is expected")
    numbers = _as_numbers(array) if categories is None else None
    if kind in CONTINUOUS and numbers is None:
        raise DataError(f"column {name!r} is declared a {kind} but holds text such as {_first_text(array)!r}")
    if numbers is not None:
        if not np.isfinite(numbers).all() and np.isinf(numbers).any():
            row = int(np.argwhere(np.isinf(numbers))[0][0])
            raise DataError(f"column {name!r} holds an infinite value, first in row {row}: replace it or drop the row")
        if kind is Kind.COUNT and not _counts(numbers):
            odd = numbers[(numbers < 0) | (numbers != np.floor(numbers))].ravel()
            odd = odd[~np.isnan(odd)]
            raise DataError(f"column {name!r} is declared a count but holds {odd[0]:g}: counts are whole, from 0 on")
        if kind is None and _looks_discrete(array, numbers):
            kind = Kind.LABEL
        if kind is None:
            kind = Kind.COUNT if numbers.ndim == 1 and _counts(numbers) else Kind.NUMBER
        if kind in CONTINUOUS:
            return Plain(read_only(numbers), kind)
    if array.ndim == 2:
        raise DataError(
            f"column {name!r} has {array.shape[1]} values a row: only a continuous variable may be a vector"
        )
    return _discrete(name, array, numbers, categories, kind if kind in DISCRETE else Kind.LABEL)


def _moments(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Objects as moments where all are dates, in UTC where they have a zone; lengths of time as such.

    Raises:
        DataError: If a cell is of a type that no column holds.
    """
    present = [v for v in array.ravel().tolist() if not absent(v)]
    odd = next((v for v in present if isinstance(v, (dict, complex))), None)
    if odd is not None:
        what = "complex numbers" if isinstance(odd, complex) else "records"
        raise DataError(f"column {name!r} holds {what} such as {str(odd)[:40]!r}: give each part as a column")
    if present and all(isinstance(v, date) for v in present):
        flat = [None if absent(v) else _utc(v) for v in array.ravel().tolist()]
        return np.array(flat, dtype="datetime64[us]").reshape(array.shape)
    if present and all(isinstance(v, timedelta) for v in present):
        flat_lengths = [None if absent(v) else v for v in array.ravel().tolist()]
        return np.array(flat_lengths, dtype="timedelta64[us]").reshape(array.shape)
    return array


def _utc(moment: date) -> date:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.to_pydatetime(warn=False) if hasattr(moment, "to_pydatetime") else moment


def _dates(name: str, array: NDArray[Any]) -> NDArray[Any]:
    found = np.full(array.shape, np.datetime64("NaT"), dtype="datetime64[ns]")
    if array.dtype.kind == "O" and not any(isinstance(v, str) or hasattr(v, "isoformat") for v in array.ravel()):
        return array  # days already
    for place, value in np.ndenumerate(array):
        if not absent(value) and value != "":
            try:
                found[place] = np.datetime64(str(value).strip().replace(" ", "T", 1))
            except ValueError:
                raise DataError(
                    f"column {name!r} is declared a time, row {place[0]} holds {value!r}: write it as 2024-05-31 or "
                    "2024-05-31T14:30"
                ) from None
    return found


def _as_numbers(array: NDArray[Any]) -> Values | None:
    if array.dtype.kind == "b":
        return None
    if array.dtype.kind in "iuf":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind == "O":
        if any(isinstance(v, (str, bool, np.bool_)) for v in array.ravel()):
            return None
        try:
            return np.array([np.nan if absent(v) else float(v) for v in array.ravel()]).reshape(array.shape)
        except (TypeError, ValueError):
            return None
    return None


def _looks_discrete(array: NDArray[Any], numbers: Values) -> bool:
    if array.ndim != 1:
        return False
    if _many(numbers[:LOOKED_AT]):
        return False
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        return False
    distinct = len(np.unique(present))
    if distinct > 2 and (present != np.floor(present)).any():
        return False
    return 2 <= distinct <= DISCRETE_AT_MOST and len(present) >= 5 * distinct


def _many(numbers: Values) -> bool:
    """Whether these alone are too many, or too finely divided, to be labels."""
    distinct = np.unique(numbers[~np.isnan(numbers)])
    return len(distinct) > DISCRETE_AT_MOST or (len(distinct) > 2 and bool((distinct != np.floor(distinct)).any()))


def _counts(numbers: Values) -> bool:
    """Whether all are whole and none is negative."""
    first = numbers[:LOOKED_AT]
    if ((first < 0) | (first != np.floor(first)) & ~np.isnan(first)).any():
        return False
    present = numbers[~np.isnan(numbers)]
    return bool(present.size and (present >= 0).all() and (present == np.floor(present)).all())


def row_index(table: Any) -> str | None:
    """The first column, if by its name and values it counts the rows: 0, 1, 2, ... or 1, 2, 3, ...; else None."""
    first = table.names[0]
    if first.strip().casefold() not in _INDICES or not table.plain(first) or table.n < 3:
        return None
    values = table.column(first) if table.continuous(first) else np.array(table.labels(first), dtype=object)
    if values.ndim > 1 or not all(isinstance(v, (int, float)) for v in values.tolist()):
        return None
    steps = np.diff(values.astype(np.float64))
    return first if values[0] in (0, 1) and bool((steps == 1).all()) else None


def _declared_categories(values: Any) -> tuple[Any, ...] | None:
    """The categories of a pandas categorical column, in their order."""
    categories = getattr(getattr(values, "dtype", None), "categories", None)
    return None if categories is None or isinstance(values, np.ndarray) else tuple(categories.tolist())


def _ordered(values: Any) -> bool:
    return bool(getattr(values.dtype, "ordered", False))


def _discrete(
    name: str, array: NDArray[Any], numbers: Values | None, declared: tuple[Any, ...] | None, kind: Kind
) -> Plain:
    if numbers is not None:
        whole = bool((numbers[~np.isnan(numbers)] == np.floor(numbers[~np.isnan(numbers)])).all())
        labels: list[Any] = [None if math.isnan(v) else (int(v) if whole else float(v)) for v in numbers]
    else:
        labels = [None if absent(v) else v.item() if isinstance(v, np.generic) else v for v in array]
    if declared is None:
        present = dict.fromkeys(label for label in labels if label is not None)
        declared = (
            order_of(name, list(present))
            if kind is Kind.ORDINAL
            else tuple(sorted(present, key=lambda label: (type(label).__name__, label)))
        )
    code = {label: float(i) for i, label in enumerate(declared)}
    codes = np.array([np.nan if label is None else code[label] for label in labels])
    return Plain(read_only(codes), kind, declared)


def _first_text(array: NDArray[Any]) -> object:
    return next((v for v in array.ravel().tolist() if isinstance(v, (str, bool))), None)


def read_only(values: Values) -> Values:
    """The values where nobody can write to them; else a copy that cannot be written to."""
    if not _frozen(values):
        values = np.array(values, dtype=np.float64)
        values.flags.writeable = False
    return values


def _frozen(values: Any) -> bool:
    """Whether these are 64-bit numbers in one piece, and neither they nor what they are a part of can be written to."""
    if not isinstance(values, np.ndarray) or values.dtype != np.float64 or not values.flags.c_contiguous:
        return False
    while isinstance(values, np.ndarray) and not values.flags.writeable:
        values = values.base
    return values is None


def import_extra(module: str, extra: str) -> Any:
    """An optional package, or the sentence that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(f"this needs {module}, which is not installed: pip install 'aitia[{extra}]'") from error
