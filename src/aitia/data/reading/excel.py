"""Tables in workbooks of Excel: one sheet, read as people lay it out."""

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from aitia.data.frames import import_extra
from aitia.data.kinds import Kind
from aitia.data.spreadsheet import Reading, Sheet, read_rows
from aitia.errors import FormatError, OptionError, join_names
from aitia.guard import check_size

__all__ = ["SUFFIXES", "sheet"]

SUFFIXES = (".xlsx",)


def sheet(path: Path, suffix: str, kinds: Mapping[str, Kind], how: Reading) -> Sheet:
    """What a sheet of a workbook holds: the one named, or the first that has cells.

    Raises:
        OptionError: If there is no such sheet.
        FormatError: If no sheet has cells.
    """
    openpyxl = import_extra("openpyxl", "data")
    with zipfile.ZipFile(path) as parts:
        check_size(path, sum(part.file_size for part in parts.infolist()))
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        chosen, rows = _chosen(path, book, how.sheet)
        others = [name for name in book.sheetnames if name != chosen]
    finally:
        book.close()
    lines = [(number, [_text(cell) for cell in cells]) for number, cells in enumerate(rows, start=1)]
    width = max((k + 1 for _, cells in lines for k, cell in enumerate(cells) if cell), default=0)
    lines = [(number, (cells + [""] * width)[:width]) for number, cells in lines if any(cells)]
    found = read_rows(f"{path}, sheet {chosen}", lines, how, kinds)
    if others:
        found.told.insert(0, f"sheet {chosen!r} read, and not {join_names(map(repr, others), 5)} (--sheet)")
    return found


def _chosen(path: Path, book: Any, named: str | None) -> tuple[str, Sequence[Sequence[Any]]]:
    names = list(book.sheetnames)
    if named is not None:
        if named.isdigit() and named not in names and 1 <= int(named) <= len(names):
            named = names[int(named) - 1]
        if named not in names:
            raise OptionError(f"{path} has no sheet {named!r}: it has {join_names(map(repr, names))}")
        names = [named]
    for name in names:
        rows = (
            [list(cells) for cells in book[name].iter_rows(values_only=True)]
            if hasattr(book[name], "iter_rows")
            else []
        )
        if any(cell is not None for cells in rows for cell in cells):
            return name, rows
    raise FormatError(f"{path} has no sheet with cells")


def _text(cell: Any) -> str:
    """A cell as a text file would have it; a number that is typed has a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != datetime.min.time() else cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return repr(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)
