"""Tables in files, by the ending of the file: read by one of the formats of `aitia.data.reading`, written whole."""

import gzip
import io
from collections.abc import Mapping
from pathlib import Path

from aitia.data.flow import Flow
from aitia.data.frames import as_kind
from aitia.data.kinds import Kind
from aitia.data.named import located
from aitia.data.orders import with_order
from aitia.data.reading import binary, conll, excel, lines, separated
from aitia.data.spreadsheet import Reading
from aitia.data.table import Table
from aitia.errors import FormatError, join_names
from aitia.guard import guarded

__all__ = ["TABLES", "read_table", "suffix_of", "write_table"]

_FORMATS = {suffix: form for form in (separated, binary, lines, conll, excel) for suffix in form.SUFFIXES}
TABLES = tuple(_FORMATS)
"""Endings of files that hold a table."""


def read_table(
    path: str | Path,
    *,
    kinds: Mapping[str, Kind | str] | None = None,
    expected: Mapping[str, Kind | str] | None = None,
    how: Reading | None = None,
) -> Table:
    """Reads a table from a CSV, TSV, Parquet, Arrow, Feather, JSON lines, CoNLL, Excel, SPSS or Stata file.

    Text may be packed (`.gz`). Pictures named in a column that is declared one are looked for beside the file.

    Args:
        path: The file.
        kinds: Of columns that are there, where they are not what their values suggest.
        expected: The same of columns that may be there.
        how: To read it, where what stands in the file does not say it.

    Returns:
        The table, whose `flow` says what was understood.

    Raises:
        FormatError: If the file is missing, empty, of another kind, or cannot be read as what its suffix says.
        DataError: If what it holds is no table of the kinds that were declared.
    """
    path, how = located(path), how or Reading()
    suffix = suffix_of(path)
    if suffix not in TABLES:
        raise FormatError(f"{path} ends in {suffix or 'nothing'}: tables are read from {', '.join(TABLES)}")
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    told = {**(expected or {}), **(kinds or {})}
    with guarded(path, f"cannot be read as {suffix[1:]}"):
        sheet = _FORMATS[suffix].sheet(
            path, suffix, {n: as_kind(n, kind) for n, kind in told.items()} | dict.fromkeys(how.orders, Kind.LABEL), how
        )
        how.check_columns(sheet.columns)
        ranked = {n: with_order(n, sheet.columns[n], said) for n, said in how.orders.items() if n in sheet.columns}
        there = {name: kind for name, kind in told.items() if name in sheet.columns or name in (kinds or {})}
        # Text of Arrow is looked at here for the first time.
        table = Table.of({**sheet.columns, **ranked}, kinds={**sheet.kinds, **there}, folder=path.parent)
    dropped = {reason: len(rows) for reason, rows in sheet.dropped.items()}
    codes = [name for name in table.names if name not in there and name not in sheet.kinds and _coded(table, name)]
    if codes:
        sheet.told.append(
            f"{join_names(codes, 8)}: few whole numbers, taken as labels (--ordinal or --continuous says otherwise)"
        )
    return table.with_flow(Flow(path.name, sheet.read, dropped, tuple(sheet.told), sheet.limits))


def _coded(table: Table, name: str) -> bool:
    """Whether a column of labels holds three whole numbers or more, which may as well be ranks or counts."""
    labels = table.categories(name)
    return len(labels) > 2 and all(isinstance(label, int) and not isinstance(label, bool) for label in labels)


def suffix_of(path: Path) -> str:
    """The ending of a file that says what it holds, of what is inside where it is packed."""
    return (path.suffixes[-2] if path.suffix == ".gz" and len(path.suffixes) > 1 else path.suffix).lower()


def write_table(table: Table, path: str | Path) -> None:
    """Writes a table by the ending of the file (.csv, .tsv, .jsonl, .conll, .parquet; `.gz` packs), whole or not.

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
