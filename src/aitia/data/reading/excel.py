"""Tables in workbooks of Excel: the first sheet."""

from collections.abc import Set
from pathlib import Path
from typing import Any

from aitia.data.frames import import_extra
from aitia.data.reading.separated import without_index

__all__ = ["SUFFIXES", "columns"]

SUFFIXES = (".xlsx",)


def columns(path: Path, suffix: str, as_written: Set[str]) -> Any:
    """The columns of the first sheet, whose first row names them."""
    import_extra("openpyxl", "data")
    return without_index(import_extra("pandas", "data").read_excel(path))
