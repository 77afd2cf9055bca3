"""Lagged samples of one series or of a panel: each row beside those of the steps before it, across no gap.

Times are put on a grid of even steps. Dates that fall on one day of each month, or on its last, count months. A sample
of time t holds the values of t, t - 1, ..., t - depth of one series; where a step is missing there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.errors import DataError, join_names
from aitia.graph.lagged import lagged_name

__all__ = ["Samples", "lagged_samples"]

EVEN = 1e-3
"""Share of a step by which times may be off."""
EPOCH = date(1970, 1, 1)
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """Lagged samples.

    Args:
        table: A column for each variable and lag, `x[t-1]`, lag 0 first; a row for each sample.
        notes: What was put in order or left out, in sentences.
    """

    table: Table
    notes: tuple[str, ...]


def lagged_samples(table: Table, variables: Sequence[str], time: str, series: str | None, lags: int) -> Samples:
    """The samples that reach 2 x `lags` steps back, as far as the causes of causes do.

    Args:
        table: The rows.
        variables: Columns of the variables.
        time: Column of the time.
        series: Column that says which series a row is of; None where there is one.
        lags: How many steps back a cause may lie.

    Raises:
        DataError: If the time is missing, repeated, or not even, or no stretch is long enough.
    """
    depth = 2 * lags
    values, dated = _times(table, time)
    members = _members(table, series)
    notes: list[str] = []
    ordered = {name: _in_order(rows, values, time, name, dated, notes) for name, rows in members.items()}
    steps, unit = _counted(values, dated)
    step = _step(ordered, steps, values, time, dated, unit)
    windows, longest, gaps = [], 0, 0
    for name, rows in ordered.items():
        breaks = np.flatnonzero(np.round(np.diff(steps[rows]) / step) > 1) + 1
        gaps += len(breaks)
        stretches = np.split(rows, breaks)
        own = max(map(len, stretches))
        longest = max(longest, own)
        windows += [
            np.lib.stride_tricks.sliding_window_view(s, depth + 1)[:, ::-1] for s in stretches if len(s) > depth
        ]
        if own <= depth and len(ordered) > 1:
            notes.append(
                f"The series {name!r} is left out: it has {own} times in a row, and with {_many(lags, 'lag')} a sample "
                f"spans {depth + 1}."
            )
    if not windows:
        of = f"no series has more than {longest}" if len(ordered) > 1 else f"there are {longest}"
        raise DataError(
            f"with {_many(lags, 'lag')} a sample spans {depth + 1} times (a cause, and the causes of that), and {of} "
            f"in a row{' between gaps' if gaps else ''}: ask for fewer lags (--lags)"
        )
    rows = np.concatenate(windows)  # (samples, depth + 1), the row of each lag
    if gaps:
        notes.append(
            f"{time} has {_many(gaps, 'gap')}; no sample crosses one, which leaves {_many(len(rows), 'sample')} of "
            f"{depth + 1} times each from {_many(table.n, 'row')}."
        )
    return _table(table, variables, rows, notes)


def _table(table: Table, variables: Sequence[str], rows: NDArray[np.int64], notes: list[str]) -> Samples:
    lacking = np.zeros(len(rows), dtype=np.bool_)
    for name in variables:
        lacking |= table.absent(name)[rows].any(axis=1)
    if lacking.all():
        worst = max(variables, key=table.missing)
        raise DataError(
            f"every sample has a gap: {worst!r} lacks {table.missing(worst)} of {table.n} values; drop the column "
            f"(--drop {worst}), fill it, or ask for fewer lags"
        )
    if lacking.any():
        gappy = join_names(name for name in variables if table.missing(name))
        notes.append(
            f"{int(lacking.sum())} of {len(rows)} samples have a missing value in {gappy} and are left out, which is "
            "sound when values are missing at random and can mislead when a variable causes its own gaps."
        )
    rows = rows[~lacking]
    columns, labels = {}, {}
    for lag in range(rows.shape[1]):
        for name in variables:
            columns[lagged_name(name, lag)] = table.column(name)[rows[:, lag]]
            labels[lagged_name(name, lag)] = table.categories(name)
    return Samples(Table.from_codes(columns, labels), tuple(notes))


def _have(rows: int) -> str:
    return "1 row has" if rows == 1 else f"{rows} rows have"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"


def _members(table: Table, series: str | None) -> dict[str, NDArray[np.int64]]:
    """The rows of each series."""
    if series is None:
        return {"": np.arange(table.n)}
    if gaps := table.missing(series):
        raise DataError(f"{_have(gaps)} no {series!r}: say which series they are of, or drop them")
    names = np.array([str(label) for label in table.labels(series)])
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}


def _times(table: Table, time: str) -> tuple[Values, bool]:
    """The times as numbers, and whether they are dates, as days since 1970."""
    if gaps := table.missing(time):
        raise DataError(f"{_have(gaps)} no {time!r}: fill in when they were taken, or drop them")
    column = table.column(time)
    if column.ndim > 1:
        raise DataError(f"the time {time!r} holds several numbers a row: one is needed")
    if table.continuous(time):
        return column, table.kind(time) is Kind.TIME
    labels = table.labels(time)
    if all(isinstance(label, int | float | np.number) for label in table.categories(time)):
        return np.array(labels, dtype=np.float64), False
    try:
        days = np.array([str(label) for label in labels], dtype="datetime64[s]")
    except ValueError:
        raise DataError(
            f"the time {time!r} holds text such as {table.categories(time)[0]!r}, which is no date: give it as numbers "
            "or dates"
        ) from None
    return days.astype(np.float64) / 86400, True


def _in_order(
    rows: NDArray[np.int64], values: Values, time: str, name: str, dated: bool, notes: list[str]
) -> NDArray[np.int64]:
    """The rows of a series, the earliest first."""
    ordered = rows[np.argsort(values[rows], kind="stable")]
    of = f" of the series {name!r}" if name else ""
    if (twice := np.flatnonzero(np.diff(values[ordered]) == 0)).size:
        first, second = (int(k) for k in ordered[twice[0] : twice[0] + 2])
        mend = "keep one of them" if name else "say which column tells series apart (--series), or keep one of them"
        raise DataError(f"{time} {_told(values[first], dated)} stands twice{of} (rows {first} and {second}): {mend}")
    if (ordered != rows).any():
        notes.append(f"The rows{of} were not in the order of {time} and were put into it.")
    return ordered


def _told(value: float, dated: bool) -> str:
    return str(EPOCH + timedelta(days=float(value))) if dated and float(value).is_integer() else f"{value:.10g}"


def _counted(days: Values, dated: bool) -> tuple[Values, str]:
    """The times in the unit of their steps: dates on one day of each month, or on its last, count months."""
    if not dated or not (days == np.floor(days)).all():
        return days, " days" if dated else ""
    dates = [EPOCH + timedelta(days=float(day)) for day in days]
    last = all((day + timedelta(days=1)).day == 1 for day in dates)
    if last or len({day.day for day in dates}) == 1:
        return np.array([12.0 * (day.year - 1970) + day.month - 1 for day in dates]), " months"
    return days, " days"


def _step(
    ordered: Mapping[str, NDArray[np.int64]], steps: Values, values: Values, time: str, dated: bool, unit: str
) -> float:
    """The step of the grid: the commonest one.

    Raises:
        DataError: If another one is not a multiple of it.
    """
    found = np.concatenate([np.diff(steps[rows]) for rows in ordered.values()])
    if not found.size:
        return 1.0
    grid, counts = np.unique(np.round(found, 9), return_counts=True)
    step = float(grid[int(counts.argmax())])
    for name, rows in ordered.items():
        share = np.diff(steps[rows]) / step
        odd = np.flatnonzero((np.abs(share - np.round(share)) > EVEN) | (np.round(share) < 1))
        if odd.size:
            k = int(odd[0])
            of = f" in the series {name!r}" if name else ""
            raise DataError(
                f"{time} is not even: most steps are {step:g}{unit}, and the one after "
                f"{_told(values[rows[k]], dated)}{of} is {share[k] * step:g}{unit}; average the rows to even times, or "
                "give a column that counts the steps"
            )
    return step
