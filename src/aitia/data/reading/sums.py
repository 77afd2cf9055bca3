"""A folder of Parquet files, part by part: which columns they have and of which kind, and the sums of their rows.

A part is a few row groups of one file. It is read in batches, so that memory holds one batch of it and no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.frames import DISCRETE_AT_MOST, import_extra
from aitia.data.summed import Counts, Sums
from aitia.errors import DataError, FormatError, join_names

__all__ = ["Part", "Seen", "is_parquet_folder", "parquet_parts", "part_rows", "part_seen", "part_sums", "whole_rows"]

BATCH = 1 << 22
"""Cells of a batch: 32 MiB of numbers."""
ROWS = 1 << 20
"""Rows of a part, about."""
SAMPLE = 10_000
"""Rows that are kept as they are, evenly spread."""
LABELS = 1000
"""Labels of a column, above which it names rows rather than groups of them."""


@dataclass(frozen=True)
class Part:
    """Some row groups of a file.

    Args:
        path: The file.
        groups: Of its row groups, by number.
        first: The number of the first row, over all files.
        rows: How many rows.
    """

    path: str
    groups: tuple[int, ...]
    first: int
    rows: int


@dataclass
class Seen:
    """What a walk over rows saw of a column.

    Args:
        text: Whether it holds text or truth values.
        whole: Whether all of its numbers are whole.
        labels: The values that occur; None where there are too many for labels.
        gaps: Rows without a value.
        endless: Rows with a value that is not finite.
    """

    text: bool
    whole: bool = True
    labels: set[Any] | None = field(default_factory=set)
    gaps: int = 0
    endless: int = 0

    def __add__(self, other: "Seen") -> "Seen":
        labels = None if self.labels is None or other.labels is None else self.labels | other.labels
        found = Seen(self.text or other.text, self.whole and other.whole, labels, self.gaps + other.gaps,
                     self.endless + other.endless)  # fmt: skip
        return found._bounded()

    def _bounded(self) -> "Seen":
        if self.labels is not None and len(self.labels) > (LABELS if self.text else DISCRETE_AT_MOST):
            self.labels = None
        return self

    @property
    def discrete(self) -> bool:
        """Whether a table in memory would take it for labels."""
        return self.text or (self.whole and self.labels is not None)


def is_parquet_folder(data: Any) -> bool:
    """Whether a path is a folder with a Parquet file in it."""
    return isinstance(data, str | Path) and Path(data).is_dir() and any(Path(data).rglob("*.parquet"))


def whole_rows(folder: Path) -> Any:
    """All rows of the files in a folder, as an Arrow table.

    Raises:
        FormatError: As `parquet_parts`.
    """
    parts, names = parquet_parts(folder)
    pyarrow = import_extra("pyarrow", "data")
    return pyarrow.Table.from_batches([batch for part in parts for batch in _batches(part, names)])


def parquet_parts(folder: Path) -> tuple[list[Part], list[str]]:
    """The parts of the files in a folder, in the order of their names, and the columns.

    Raises:
        FormatError: If there is no Parquet file, one is damaged, or two have other columns.
    """
    parquet = import_extra("pyarrow.parquet", "data")
    parts: list[Part] = []
    names: list[str] | None = None
    first = 0
    for path in sorted(folder.rglob("*.parquet")):
        try:
            told = parquet.read_metadata(path)
        except Exception as error:  # the package raises what its parsers raise
            raise FormatError(f"{path} is no Parquet file: {error}") from error
        here = [str(name) for name in told.schema.to_arrow_schema().names]
        if names is not None and here != names:
            raise FormatError(f"{path} has the columns {join_names(here)}, the files before it {join_names(names)}")
        names = here
        groups: list[int] = []
        rows = 0
        for group in range(told.num_row_groups):
            groups.append(group)
            rows += told.row_group(group).num_rows
            if rows >= ROWS or group == told.num_row_groups - 1:
                parts.append(Part(str(path), tuple(groups), first, rows))
                first, groups, rows = first + rows, [], 0
    if names is None or not first:
        raise FormatError(f"the folder {folder} holds no row of a Parquet file")
    return parts, names


def _batches(part: Part, names: Sequence[str]) -> Iterator[Any]:
    parquet = import_extra("pyarrow.parquet", "data")
    try:
        with parquet.ParquetFile(part.path, pre_buffer=False, buffer_size=1 << 20) as file:
            yield from file.iter_batches(
                batch_size=max(BATCH // max(len(names), 1), 1024), row_groups=list(part.groups), columns=list(names),
                use_threads=False,
            )  # fmt: skip
    except (OSError, ValueError) as error:
        raise FormatError(f"{part.path} is damaged: {error}") from error


def _column(batch: Any, k: int) -> Any:
    column = batch.column(k)
    return column.dictionary_decode() if hasattr(column, "dictionary_decode") else column


def part_seen(part: Part, names: Sequence[str]) -> dict[str, Seen]:
    """What the rows of a part have in each column.

    Raises:
        DataError: If a column holds neither numbers nor labels.
    """
    import pyarrow.compute as compute
    import pyarrow.types as types

    found: dict[str, Seen] = {}
    for batch in _batches(part, names):
        for k, name in enumerate(names):
            column = _column(batch, k)
            text = any(is_(column.type) for is_ in (types.is_string, types.is_large_string, types.is_boolean))
            if not text and not (types.is_integer(column.type) or types.is_floating(column.type)):
                raise DataError(f"column {name!r} holds {column.type}: sums are of numbers or of labels; drop it")
            before = found.get(name, Seen(text))
            here = Seen(text, gaps=column.null_count)
            if text:
                here.labels = set(compute.unique(column.drop_null()).to_pylist())
            else:
                values = column.drop_null().to_numpy(zero_copy_only=False).astype(np.float64)
                here.gaps += int(np.isnan(values).sum())
                here.endless = int(np.isinf(values).sum())
                here.whole = bool(before.whole and (values == np.floor(values)).all())
                if here.whole and before.labels is not None:
                    here.labels = set(np.unique(values).tolist())
                else:
                    here.labels = None
            found[name] = before + here
    return found


def part_rows(part: Part, names: Sequence[str], step: int) -> dict[str, list[Any]]:
    """Every so many rows of all, those of them that are in a part."""
    found: dict[str, list[Any]] = {name: [] for name in names}
    at = part.first
    for batch in _batches(part, names):
        some = np.arange(-at % step, batch.num_rows, step)
        for k, name in enumerate(names):
            found[name] += _column(batch, k).take(some).to_pylist()
        at += batch.num_rows
    return found


def part_sums(part: Part, names: Sequence[str], labels: Mapping[str, Sequence[Any]] | None) -> Sums | Counts:
    """The sums of a part: of numbers, or of rows of labels.

    Args:
        part: Of which rows.
        names: Of the columns.
        labels: Of each column, in order of their codes; None where all are numbers.
    """
    total: Any = None
    for batch in _batches(part, names):
        if not batch.num_rows:
            continue
        columns = [_column(batch, k) for k in range(len(names))]
        if labels is None:
            numbers = [column.to_numpy(zero_copy_only=False).astype(np.float64) for column in columns]
            found: Any = Sums.of(np.column_stack(numbers))
        else:
            codes = [_codes(column, labels[name]) for column, name in zip(columns, names, strict=True)]
            found = Counts.of(np.column_stack(codes), [len(labels[name]) for name in names])
        total = found if total is None else total + found
    summed: Sums | Counts = total  # a part has a row
    return summed


def _codes(column: Any, known: Sequence[Any]) -> NDArray[np.int64]:
    import pyarrow
    import pyarrow.compute as compute

    wanted = pyarrow.array([*known], type=None if isinstance(known[0], str | bool) else pyarrow.float64())
    values = column if isinstance(known[0], str | bool) else column.cast(pyarrow.float64(), safe=False)
    codes: NDArray[np.int64] = compute.index_in(values, wanted).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes
