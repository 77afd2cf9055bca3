"""Tables larger than memory: a graph from sums over a folder of Parquet files, in parts.

Searches by partial correlation and by the Gaussian score ask a table for its covariances and nothing else; those by
counts and by scores of labels for how often each different row occurs. Both are sums over rows. The folder is walked
twice, part by part on the workers of an engine: once to see what its columns are, once to sum. Memory holds a batch of
a part, the sums, and a sample of evenly spread rows for what a few rows answer.

What needs the rows themselves (ranks, kernels, gaps, contexts, lags, resamples) is refused or left out, in words.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from aitia.cluster import ProcessEngine
from aitia.data.flow import Flow
from aitia.data.frames import Plain
from aitia.data.kinds import Kind
from aitia.data.reading.sums import (
    SAMPLE,
    Part,
    Seen,
    is_parquet_folder,
    parquet_parts,
    part_rows,
    part_seen,
    part_sums,
)
from aitia.data.spreadsheet import Reading
from aitia.data.summed import SummedTable
from aitia.data.table import Table
from aitia.discovery.choose import methods
from aitia.engine import Engine, Progress
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.stats.search.auto import departure
from aitia.stats.search.shape import Shape
from aitia.system import systems

__all__ = ["by_sums", "refuse_rows", "rows_by_sums", "sum_warnings", "summed_table"]

SHARE = 0.5
"""Of the memory that is free, what a table may take that is read whole; it is held about twice while it is read."""


def by_sums(data: Any, sums: bool | None) -> bool:
    """Whether a table is read by its sums: as asked, or where a folder of Parquet files does not fit into memory.

    Raises:
        OptionError: If sums are asked of what is no folder.
    """
    if sums is not None or not is_parquet_folder(data):
        if sums and not is_parquet_folder(data):
            raise OptionError("sums are of a folder of Parquet files (--sums)")
        return bool(sums)
    parts, names = parquet_parts(Path(data))
    return 8 * len(names) * sum(part.rows for part in parts) > SHARE * _free()


def _free() -> float:
    """Bytes that this process may still take."""
    free = float("inf")
    try:
        told = Path("/proc/meminfo").read_text(encoding="utf-8")
        free = 1024.0 * int(told.partition("MemAvailable:")[2].split()[0])
    except (OSError, ValueError, IndexError):
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
            free = float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform != "win32":
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            free = min(free, limit - _taken())
    return free


def _taken() -> float:
    """Bytes of address space that this process has."""
    try:
        return float(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0.0


def refuse_rows(
    options: Mapping[str, Any], *, method: str, bootstrap: int | None, missing: str, reading: Reading | None = None
) -> None:
    """Refuses what cannot be had from sums.

    Args:
        options: That would need rows, by name: None or empty where they are not asked for.
        method, bootstrap, missing, reading: As for `discover`.

    Raises:
        OptionError: If something is asked for that needs the rows.
    """
    if reading is not None and reading != Reading():
        raise OptionError("a Parquet file says how it is read: leave out how to read it")
    if asked := [name for name, value in options.items() if value]:
        raise OptionError(
            f"{asked[0]} needs the rows, and a table that does not fit into memory is known by its sums: leave it out, "
            "or read fewer rows"
        )
    if method != "auto" and not _goes_by_sums(method):
        able = [slug for slug in methods() if _goes_by_sums(slug)]
        raise OptionError(f"{method} needs the rows; from sums {join_names(able)} search")
    if bootstrap:
        raise OptionError("resamples are of rows, of which only sums are in memory: leave out --bootstrap, or say 0")
    if missing not in ("testwise", "error"):
        raise OptionError(f"missing={missing} needs the rows: sums are of rows that have every value")


def _options(method: str) -> set[str]:
    return {field.name for field in fields(systems()[method].config())}


def _goes_by_sums(method: str) -> bool:
    """Whether a search asks a table by a test or a score alone, and for no column that orders or parts the rows."""
    if method not in methods():
        return False
    return bool({"test", "score"} & _options(method)) and not {"time", "context"} & {*systems()[method].card.takes}


def rows_by_sums(
    data: str | Path,
    kinds: Mapping[str, Kind | str] | None,
    drop: Sequence[str],
    engine: Engine,
    progress: Progress | None,
    test: str,
    method: str,
) -> tuple[Table, str, tuple[str, ...]]:
    """The table of a folder by its sums, the test that goes by them where none is asked for, and no word of gaps."""
    table: Table = summed_table(Path(data), kinds=kinds, drop=drop, engine=engine, progress=progress)
    if test == "auto" and (method == "auto" or "test" in _options(method)):
        test = "fisher-z" if table.continuous(table.names[0]) else "chi2"
        table = table.with_flow((table.flow or Flow("the rows", table.n)).noting(f"{test} is a test by their sums"))
    return table, test, ()


def summed_table(
    folder: Path,
    *,
    kinds: Mapping[str, Kind | str] | None = None,
    drop: Sequence[str] = (),
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> SummedTable:
    """The table of a folder of Parquet files, by its sums.

    Args:
        folder: Of the files; all of one form, taken in the order of their names.
        kinds: Of columns, where they are not what their values suggest.
        drop: Columns to leave out.
        engine: Where parts are summed, which changes no number.
        progress: Told after each part.

    Raises:
        FormatError: If the files cannot be read.
        DataError: If values are missing or not finite, or numbers and labels stand beside each other.
    """
    parts, every = parquet_parts(folder)
    for name in (*drop, *(kinds or {})):
        if name not in every:
            raise unknown_variable(name, every, "folder")
    names = tuple(name for name in every if name not in drop)
    if not names:
        raise DataError("every column was left out")
    engine = engine or ProcessEngine()
    seen = _seen(engine, parts, names, progress)
    n = sum(part.rows for part in parts)
    _check(seen, n)
    discrete = _discrete(seen, kinds or {})
    step = -(-n // SAMPLE)
    drawn = engine.map(
        partial(part_rows, names=names, step=step), parts, progress=progress, what="a sample of the rows"
    )
    rows = {name: [value for part in drawn for value in part[name]] for name in names}
    as_kind = dict.fromkeys(names, Kind.LABEL if discrete else Kind.NUMBER)
    sample = Table.of(rows, kinds=as_kind)
    labels = {name: tuple(sorted(seen[name].labels or ())) for name in names} if discrete else None
    found = engine.map(
        partial(part_sums, names=names, labels=labels), parts, progress=progress, what="sums of the rows"
    )
    total: Any = reduce(add, found)
    flow = Flow(folder.name, n).noting(
        f"{n} rows in {len(parts)} parts were summed, and none is in memory but {sample.n} evenly spread ones"
    )
    if labels is None:
        table = SummedTable({name: sample._get(name) for name in names}, n, sample, total, None, flow)
        # The shape of the columns is that of the sample, looked at once.
        table.kept(("shape", names), lambda: Shape.of([sample.column(name) for name in names]))
        return table
    sizes = [len(labels[name]) for name in names]
    codes = total.codes(sizes).astype(np.float64)
    columns = {name: Plain(codes[:, k], Kind.LABEL, labels[name]) for k, name in enumerate(names)}
    return SummedTable(columns, n, sample, None, total.counts, flow)


def sum_warnings(table: Table) -> list[str]:
    """What to keep in mind of a graph from sums; nothing of other tables.

    Of columns of numbers the sample says whether straight lines tell all.
    """
    if not isinstance(table, SummedTable):
        return []
    told = [
        f"Sums say nothing of single rows: the run keeps {table.sample.n} of {table.n} rows, and effects that are "
        "asked of it are of those."
    ]
    if table.sums is not None and (bent := departure(table, [*table.names])) is not None:
        told.append(f"Covariances see straight lines only, and in the sample {bent}.")
    return told


def _seen(engine: Engine, parts: Sequence[Part], names: Sequence[str], progress: Progress | None) -> dict[str, Seen]:
    found = engine.map(partial(part_seen, names=names), parts, progress=progress, what="a look at the rows")
    return {name: reduce(add, (part[name] for part in found if name in part)) for name in names}


def _check(seen: Mapping[str, Seen], n: int) -> None:
    gaps = {name: one.gaps for name, one in seen.items() if one.gaps}
    if gaps:
        told = join_names(f"{name} ({count} of {n})" for name, count in gaps.items())
        raise DataError(
            f"values are missing: {told}; a sum needs every value, and what a gap depends on is told by rows: drop "
            "these columns (--drop), or leave such rows out of the files"
        )
    if endless := [name for name, one in seen.items() if one.endless]:
        raise DataError(f"{join_names(endless)}: some values are infinite; replace them or drop the column")


def _discrete(seen: Mapping[str, Seen], kinds: Mapping[str, Kind | str]) -> bool:
    """Whether the columns are labels; all are, or none."""
    told = {name: str(kinds[name]) for name in kinds if name in seen}
    if odd := [f"{name} as {kind}" for name, kind in told.items() if kind not in ("label", "number")]:
        raise OptionError(f"from sums columns are numbers or labels, and {join_names(odd)} was asked for")
    labels = [name for name, one in seen.items() if told.get(name, "label" if one.discrete else "number") == "label"]
    if wide := [name for name in labels if seen[name].labels is None]:
        raise DataError(f"{join_names(wide)}: too many labels to be counted; drop the column (--drop {wide[0]})")
    if words := [name for name, one in seen.items() if one.text and name not in labels]:
        raise DataError(f"{join_names(words)} holds text and was declared to hold numbers")
    numbers = [name for name in seen if name not in labels]
    if labels and numbers:
        raise DataError(
            f"labels ({join_names(labels, 3)}) and numbers ({join_names(numbers, 3)}) stand beside each other, and "
            "what joins them is ranks of rows: drop the ones, or declare labels that are numbers as such "
            "(--continuous NAME)"
        )
    return bool(labels)
