"""The rows that an effect is estimated from: without gaps or with these filled, their weights and their clusters."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.flow import Flow
from aitia.data.spreadsheet.words import cell_option
from aitia.data.table import Table
from aitia.errors import DataError, OptionError, join_names
from aitia.stats.imputation import IMPUTATIONS

__all__ = ["MISSING", "Rows", "as_table", "censored", "rows_of"]

Values = NDArray[np.float64]
MISSING = ("complete", "testwise", "impute", "error")
MANY_VALUES = 20
FEWEST_CLUSTERS = 5
"""Four can be drawn again in 35 ways, of which an interval at 95 % needs 39."""
PILE = 0.05
"""Share of the rows at the largest value of a number from which on it looks as if it had been cut there."""


@dataclass(frozen=True)
class Rows:
    """What is estimated from.

    Args:
        table: The columns of the mechanisms.
        flow: How the rows came to be.
        weights: (n,) of the rows, 1 on average; None where all count the same.
        clusters: (n,) the cluster of each row, 0, 1, ...; None where every row is its own.
        warnings: What to keep in mind of them.
    """

    table: Table
    flow: Flow
    weights: Values | None = None
    clusters: NDArray[np.intp] | None = None
    warnings: tuple[str, ...] = ()


def as_table(data: Any) -> Table:
    """The table that a file, or whatever `Table.of` reads, holds.

    Raises:
        DataError: If it holds none.
    """
    if isinstance(data, str | Path):
        from aitia.data.tables import read_table

        return read_table(data)
    return Table.of(data)


def rows_of(table: Table, names: Sequence[str], missing: str, weights: str | None, cluster: str | None) -> Rows:
    """The rows of these columns.

    Raises:
        UnknownVariableError: If the table lacks a column.
        DataError: If gaps are refused, no row is whole, or a row has no weight or cluster.
        OptionError: If `missing` is none of the four ways, a weight is below zero, or the clusters are none.
    """
    extra = [name for name in dict.fromkeys((weights, cluster)) if name is not None]
    for name in extra:
        if table.missing(name):
            raise DataError(f"{name!r} is missing in {table.missing(name)} of {table.n} rows: leave these rows out")
    flow = table.flow or Flow("the table", table.n)
    used = table.select(dict.fromkeys((*names, *extra)))
    used, flow = _without_gaps(used, flow, missing)
    counted = None if weights is None else _weights(used, weights)
    grouped, warnings = (None, ()) if cluster is None else _clusters(used, cluster)
    return Rows(used.select(names), flow, counted, grouped, warnings)


def _without_gaps(rows: Table, flow: Flow, missing: str) -> tuple[Table, Flow]:
    """The rows that are used, and how they came to be."""
    if missing not in MISSING:
        raise OptionError(f"missing is {', '.join(MISSING[:-1])} or {MISSING[-1]}, got {missing!r}")
    gaps = {name: rows.missing(name) for name in rows.names if rows.missing(name)}
    if not gaps:
        return rows, flow
    told = join_names((f"{name} in {many}" for name, many in gaps.items()), 8)
    worst = max(gaps, key=lambda name: gaps[name])
    if missing == "error":
        raise DataError(f"of {rows.n} rows cells are missing: {told}. Say --missing complete, testwise or impute")
    if missing == "impute":
        return rows, flow.noting(f"missing: {told}; filled {IMPUTATIONS} times (--missing impute)")
    if missing == "testwise":
        return rows, flow.noting(f"missing: {told}; each mechanism uses the rows that have its columns")
    whole = rows.complete()
    if not whole.n:
        raise DataError(
            f"no row has all of {join_names(rows.names)}; {worst!r} lacks {gaps[worst]} of {rows.n}: say --missing "
            "impute, or testwise"
        )
    flow = flow.noting(f"missing: {told}; whole rows are used (--missing impute fills gaps)")
    return whole, flow.without(rows.n - whole.n, "with gaps")


def _weights(rows: Table, name: str) -> Values:
    """A column as weights, 1 on average."""
    labels = rows.labels(name)
    try:
        weights = np.asarray(labels.tolist(), dtype=np.float64)
    except (TypeError, ValueError):
        raise OptionError(
            f"weights are numbers, and {name!r} has the labels {join_names(rows.categories(name))}"
        ) from None
    bad = np.flatnonzero(~(weights >= 0) | ~np.isfinite(weights))
    if bad.size:
        raise OptionError(f"a weight is zero or more, and {name!r} is {weights[bad[0]]:g} in row {bad[0]}")
    if not weights.sum() > 0:
        raise OptionError(f"every weight in {name!r} is zero: no row counts")
    return np.asarray(weights / weights.mean())


def _clusters(rows: Table, name: str) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """A column as clusters, and what to keep in mind of them."""
    values, codes, many = np.unique(rows.column(name), return_inverse=True, return_counts=True)
    if len(values) == 1:
        raise OptionError(f"{name!r} has one cluster: how clusters differ is not seen. Leave out --cluster")
    if len(values) < FEWEST_CLUSTERS:
        sizes = ", ".join(str(size) for size in many.tolist())
        raise OptionError(
            f"{name!r} has {len(values)} clusters, of {sizes} rows: at least {FEWEST_CLUSTERS} are needed to see how "
            "clusters differ. Leave out --cluster"
        )
    if many.max() == 1:
        raise OptionError(f"every cluster of {name!r} has one row: these are the rows themselves. Leave out --cluster")
    warnings = []
    single = np.flatnonzero(many == 1)
    if single.size:
        first = rows.labels(name)[int(np.flatnonzero(codes == single[0])[0])]
        warnings.append(
            f"{single.size} of {len(values)} clusters of {name!r} have one row, such as {first}: of how rows vary "
            "within them nothing is seen"
        )
    if len(values) < 30:
        warnings.append(
            f"{name!r} has {len(values)} clusters: with fewer than 30 an interval over clusters is too narrow"
        )
    return codes.astype(np.intp).ravel(), tuple(warnings)


def censored(table: Table, outcome: str, accept: bool = False) -> list[str]:
    """Refuses an outcome that is only known to lie beyond a limit in some rows; a sentence where it is taken all the
    same.

    Args:
        table: The rows.
        outcome: What is watched.
        accept: Whether the values are taken as they are.

    Raises:
        DataError: If labels say so (`>365`, `<0.1`, `12+`), cells of numbers did and are missing, or many rows of a
            number stand at its largest value.
    """
    found = _signs(table, outcome)
    if found is None:
        return []
    sign, mend, taken = found
    if accept:
        return [f"{sign}; {taken} (--accept-censored), and what lies beyond changes nothing"]
    raise DataError(
        f"{sign}. Its mean needs a model of survival, which is not here: watch instead whether it passes a limit, "
        f"{mend} (--accept-censored)"
    )


def _signs(table: Table, outcome: str) -> tuple[str, str, str] | None:
    """What looks censored, what else may be done about it, and what is done where it is accepted; None if nothing."""
    own, stands = "or say that these are its values", "it is taken as it stands"
    if table.discrete(outcome):
        labels = [label for label in table.categories(outcome) if isinstance(label, str)]
        marked = [label for label in labels if _limit(label) and not _plain(label)]
        if marked and len(marked) < len(table.categories(outcome)) and all(_plain(x) or _limit(x) for x in labels):
            return f"{outcome!r} is censored: {join_names(marked, 4)} says only that it lies beyond", own, stands
        return None
    if table.flow is not None and (cells := table.flow.limits.get(outcome)):
        sign = f"{outcome!r} is censored: {join_names(cells, 4)} says only that it lies beyond, and is read as missing"
        keep = f"take the limit for its value where the file is read ({cell_option('keep-value', outcome, cells[0])})"
        return sign, f"{keep}, or let these cells be gaps", "these cells are gaps"
    values = table.column(outcome)
    values = values[~np.isnan(values)]
    found, many = np.unique(values, return_counts=True)
    if len(found) < MANY_VALUES or table.n < 2 * MANY_VALUES:
        return None
    top = int(many[-1])
    if top < PILE * len(values) or top <= 5 * int(many[:-1].max()):
        return None
    sign = f"{outcome!r} looks censored: {top} of {len(values)} rows have its largest value, {found[-1]:g}"
    return sign, f"leave these rows out, {own}", stands


def _plain(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _limit(text: str) -> bool:
    """Whether the text is a number with a mark that says at least or at most."""
    bare = text.strip()
    return (_plain(bare.lstrip("<>≤≥= ")) and bare[:1] in "<>≤≥") or (bare.endswith("+") and _plain(bare[:-1]))
