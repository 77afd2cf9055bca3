"""Workbooks: which sheets one has, so that another than the first can be chosen."""

from pathlib import Path

from aitia.data.frames import import_extra
from aitia.data.reading.excel import SUFFIXES
from aitia.data.tables import suffix_of
from aitia.guard import guarded

__all__ = ["sheets_of"]


def sheets_of(path: Path) -> list[str]:
    """The sheets of a workbook that may hold a table; none of any other file.

    Raises:
        FormatError: If it is no workbook.
    """
    if suffix_of(path) not in SUFFIXES:
        return []
    openpyxl = import_extra("openpyxl", "data")
    with guarded(path, "is no workbook"):
        book = openpyxl.load_workbook(path, read_only=True)
        try:
            return [name for name in book.sheetnames if hasattr(book[name], "iter_rows")]  # a chart has none
        finally:
            book.close()
