"""Tables in the columnar files of Arrow: Parquet, Arrow and Feather."""

from collections.abc import Set
from pathlib import Path
from typing import Any

from aitia.data.frames import import_extra
from aitia.data.reading.separated import without_index

__all__ = ["SUFFIXES", "columns"]

SUFFIXES = (".parquet", ".arrow", ".feather")


def columns(path: Path, suffix: str, as_written: Set[str]) -> Any:
    """The columns of a file, which says of what type each is."""
    pandas = import_extra("pandas", "data")
    return without_index((pandas.read_parquet if suffix == ".parquet" else pandas.read_feather)(path))
