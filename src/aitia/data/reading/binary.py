"""Tables in the columnar files of Arrow: Parquet, Arrow and Feather."""

from collections.abc import Set
from pathlib import Path
from typing import Any

from aitia.data.frames import import_extra
from aitia.data.reading.separated import without_index
from aitia.guard import check_size

__all__ = ["SUFFIXES", "columns"]

SUFFIXES = (".parquet", ".arrow", ".feather")


def columns(path: Path, suffix: str, as_written: Set[str]) -> Any:
    """The columns of a file, which says of what type each is.

    Raises:
        FormatError: If a Parquet file announces more values or bytes than memory allows.
    """
    pandas = import_extra("pandas", "data")
    if suffix == ".parquet":
        told = import_extra("pyarrow.parquet", "data").read_metadata(path)
        held = sum(told.row_group(k).total_byte_size for k in range(told.num_row_groups))
        check_size(path, max(held, told.num_rows * told.num_columns))
    return without_index((pandas.read_parquet if suffix == ".parquet" else pandas.read_feather)(path))
