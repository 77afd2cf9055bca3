"""Time series as a discovery takes them: which columns say when and of which series, and a panel of several files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aitia.data.kinds import Kind
from aitia.data.spreadsheet import Reading
from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.errors import DataError, OptionError, join_names, unknown_variable

__all__ = ["SERIES", "TimeSeries", "is_panel", "read_panel", "source_of"]

SERIES = "series"
"""The column that says which file a row of a panel is from."""


class TimeSeries:
    """What is asked of rows in time.

    Args:
        time: Column that says when a row was taken; None where rows have no time.
        series: Column that says which series a row is of.
        lags: How many steps back a cause may lie; None for one.
        files: Whether each series is a file.

    Raises:
        OptionError: If lags or a series are given without a time.
    """

    def __init__(self, time: str | None, series: str | None, lags: int | None, *, files: bool = False) -> None:
        told = {"--series": series, "--lags": lags}
        if time is None and (odd := [name for name, value in told.items() if value is not None]):
            raise OptionError(f"{odd[0]} is of a search over time: name the column that says when (--time)")
        self.time, self.series, self.lags, self.files = time, series, lags, files

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are no variables."""
        return tuple(name for name in (self.time, self.series) if name is not None)

    @property
    def roles(self) -> dict[str, str]:
        """The columns by role."""
        return {role: name for role, name in (("time", self.time), ("series", self.series)) if name is not None}

    def config(self) -> dict[str, Any]:
        """What is recorded of it: nothing where there is no time."""
        if self.time is None:
            return {}
        asked = {"time": self.time, "lags": 1 if self.lags is None else self.lags}
        return asked if self.series is None or self.files else {**asked, "series": self.series}

    def check(self, table: Table) -> None:
        """Refuses columns that are not there.

        Raises:
            UnknownVariableError: If there is no such column; names the nearest.
            OptionError: If time and series are one column.
        """
        for name in self.columns:
            if name not in table:
                raise unknown_variable(name, table.names, "table")
        if self.time is not None and self.time == self.series:
            raise OptionError(f"{self.time!r} cannot be both the time and the series")

    @classmethod
    def of(cls, data: Any, time: str | None, series: str | None, lags: int | None) -> "TimeSeries":
        """The same for one table or a list of files, each a series of its own.

        Raises:
            OptionError: As above, and if several files come without a time, or with a column of series.
        """
        if not is_panel(data):
            return cls(time, series, lags)
        if time is None:
            raise OptionError("several files are several series: name the column that says when (--time)")
        if series is not None:
            raise OptionError(f"each file is a series already: leave out --series {series}, or give one file")
        return cls(time, SERIES, lags, files=True)


def is_panel(data: Any) -> bool:
    """Whether data are several files."""
    return isinstance(data, list | tuple) and bool(data) and all(isinstance(item, str | Path) for item in data)


def source_of(data: Any) -> str | None:
    """The name of the file, or of the files; None where rows are in memory."""
    files = data if is_panel(data) else [data] if isinstance(data, str | Path) else []
    return ", ".join(Path(file).name for file in files) or None


def read_panel(data: Any, kinds: Mapping[str, Kind | str] | None, reading: Reading | None) -> Any:
    """The table of a list of files, with a column that says which file; anything else as it is.

    Raises:
        DataError: If the files do not have the same columns of the same kinds.
    """
    if not is_panel(data):
        return data
    paths = [Path(item) for item in data]
    names = [path.stem for path in paths]
    if len(dict.fromkeys(names)) < len(names):
        names = [str(path) for path in paths]
    tables = {name: read_table(path, kinds=kinds, how=reading) for name, path in zip(names, paths, strict=True)}
    first = next(iter(tables.values()))
    for name, table in tables.items():
        if lacking := [column for column in first.names if column not in table]:
            raise DataError(
                f"{name} has no column {lacking[0]!r}, which {names[0]} has: series of a panel have the same"
            )
        if added := [column for column in table.names if column not in first]:
            raise DataError(f"{names[0]} has no column {added[0]!r}, which {name} has: series of a panel have the same")
    if SERIES in first:
        raise DataError(f"the files have a column {SERIES!r}, as the one that says which file a row is of: rename it")
    columns = {column: _stacked(column, tables) for column in first.names}
    columns[SERIES] = np.repeat(np.array(names, dtype=object), [table.n for table in tables.values()])
    return Table.of(columns, kinds={**{n: k for n, k in (kinds or {}).items() if n in columns}, SERIES: Kind.LABEL})


def _stacked(column: str, tables: Mapping[str, Table]) -> Any:
    """The values of a column in all files; numbers where it is numbers in one of them."""
    dated = [table.kind(column) is Kind.TIME for table in tables.values()]
    if all(dated):
        days = np.concatenate([table.column(column) for table in tables.values()])
        return np.array([np.datetime64("NaT") if np.isnan(d) else np.datetime64(round(d * 86400), "s") for d in days])
    numbers = [table.continuous(column) or _numeric(table, column) for table in tables.values()]
    if any(numbers) and not all(numbers):
        odd = join_names(name for name, there in zip(tables, numbers, strict=True) if not there)
        raise DataError(
            f"{column!r} holds text in {odd} and numbers in another file: mend it, or declare it (--discrete)"
        )
    return np.concatenate([np.asarray(table.labels(column)) for table in tables.values()])


def _numeric(table: Table, column: str) -> bool:
    return all(isinstance(label, int | float | np.number) for label in table.categories(column))
