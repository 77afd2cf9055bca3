"""Tables in files: CSV, TSV, Parquet, Arrow, Feather, JSON lines and Excel, read and written whole."""

import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aitia.data.frames import import_extra, need_distinct
from aitia.data.guard import guarded
from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.errors import FormatError

__all__ = ["TABLES", "read_table", "write_table"]

_SEPARATORS: Mapping[str, Mapping[str, Any]] = {
    ".csv": {"sep": ","},
    ".tsv": {"sep": "\t"},
    ".txt": {"sep": None, "engine": "python"},
}
_LINES = (".jsonl", ".ndjson")
_EXCEL = (".xlsx", ".xls")
_BINARY = (".parquet", ".arrow", ".feather")
TABLES = (*_SEPARATORS, *_BINARY, *_LINES, *_EXCEL)
"""Endings of files that hold a table."""
_RICH = frozenset({Kind.TEXT, Kind.PICTURE, Kind.LIST, Kind.SPANS})


def read_table(path: str | Path, *, kinds: Mapping[str, Kind | str] | None = None) -> Table:
    """Reads a table from a CSV, TSV, Parquet, Arrow, Feather, JSON lines or Excel file, by its suffix.

    Text may be packed (`.gz`). Pictures named in a column that is declared one are looked for beside the file.

    Raises:
        FormatError: If the file is missing, empty, of another kind, or cannot be read as what its suffix says.
        DataError: If what it holds is no table of the kinds that were declared.
    """
    path = Path(path)
    suffix = suffix_of(path)
    if suffix not in TABLES:
        raise FormatError(f"{path} ends in {suffix or 'nothing'}: tables are read from {', '.join(TABLES)}")
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    told = {name for name, kind in (kinds or {}).items() if str(kind) in _RICH}
    with guarded(path, f"cannot be read as {suffix[1:]}"):
        columns = _read(suffix)(path, suffix, told)
    return Table.of(columns, kinds=kinds, folder=path.parent)


def suffix_of(path: Path) -> str:
    """The ending of a file that says what it holds, of what is inside where it is packed."""
    return (path.suffixes[-2] if path.suffix == ".gz" and len(path.suffixes) > 1 else path.suffix).lower()


def _read(suffix: str) -> Callable[[Path, str, set[str]], Any]:
    if suffix in _SEPARATORS:
        return _text
    if suffix in _LINES:
        return _lines
    return _excel if suffix in _EXCEL else _binary


def _text(path: Path, suffix: str, told: set[str]) -> Any:
    pandas = import_extra("pandas", "data")
    how = _SEPARATORS[suffix]
    # Read apart from the rows: pandas renames what is repeated.
    header = pandas.read_csv(path, header=None, nrows=1, dtype=str, **how).iloc[0].dropna()
    need_distinct(header.tolist())
    # A text "NA" is one, and so is "007": a mark before each keeps pandas from taking it for a gap or a number.
    as_written = [name for name in header.tolist() if name in told]
    frame = pandas.read_csv(path, converters=dict.fromkeys(as_written, "=".__add__) or None, **how)
    for name in as_written:
        frame[name] = frame[name].map(lambda marked: marked[1:] or None).astype(object)
    return _without_index(frame)


def _binary(path: Path, suffix: str, told: set[str]) -> Any:
    pandas = import_extra("pandas", "data")
    return _without_index((pandas.read_parquet if suffix == ".parquet" else pandas.read_feather)(path))


def _excel(path: Path, suffix: str, told: set[str]) -> Any:
    import_extra("openpyxl", "data")
    frame = import_extra("pandas", "data").read_excel(path)
    return _without_index(frame)


def _without_index(frame: Any) -> Any:
    """The frame without unnamed columns: they are the row index that to_csv wrote."""
    return frame.drop(columns=[name for name in frame.columns if str(name).startswith("Unnamed:")])


def _lines(path: Path, suffix: str, told: set[str]) -> dict[str, list[Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    rows: list[dict[str, Any]] = []
    with opened(path, "rt", encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise FormatError(f"{path}, line {number} is no JSON: {error}") from None
            if not isinstance(row, dict):
                raise FormatError(f"{path}, line {number} is no JSON object: got {line.strip()[:40]!r}")
            rows.append(row)
    if not rows:
        raise FormatError(f"{path} holds no line")
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def write_table(table: Table, path: str | Path) -> None:
    """Writes a table by the ending of the file (.csv, .tsv, .jsonl, .parquet; `.gz` packs text), whole or not at all.

    Lists and spans are written as JSON in text; times as dates there; pictures by their paths.

    Raises:
        FormatError: If the file cannot be written, or the ending is another.
        DataError: If pictures are in memory.
    """
    from aitia.data.writing import table_bytes
    from aitia.files import write_whole

    path = Path(path)
    data = table_bytes(table, suffix_of(path))
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
            file.write(data)
        data = packed.getvalue()
    write_whole(path, data)
