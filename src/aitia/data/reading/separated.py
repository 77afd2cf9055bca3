"""Tables as text: a line a row, cells between commas, tabs, or what the first lines show (CSV, TSV, TXT)."""

import csv
import gzip
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from aitia.data.frames import import_extra, need_distinct

__all__ = ["SUFFIXES", "columns"]

_HOW: Mapping[str, Mapping[str, Any]] = {
    ".csv": {"sep": ","},
    ".tsv": {"sep": "\t"},
    ".txt": {"sep": None, "engine": "python"},
}
SUFFIXES = tuple(_HOW)


def columns(path: Path, suffix: str, as_written: Set[str]) -> Any:
    """The columns of a file.

    Args:
        path: The file.
        suffix: Its ending, of what is inside where it is packed.
        as_written: Columns whose cells are texts: "NA" is one in them, and so is "007".
    """
    pandas = import_extra("pandas", "data")
    how = dict(_HOW[suffix])
    if suffix == ".tsv" and not _quoted(path):
        how["quoting"] = csv.QUOTE_NONE
    # Read apart from the rows: pandas renames what is repeated.
    header = pandas.read_csv(path, header=None, nrows=1, dtype=str, **how).iloc[0].dropna()
    need_distinct(header.tolist())
    # A mark before each cell keeps pandas from taking it for a gap or a number.
    marked = [name for name in header.tolist() if name in as_written]
    frame = pandas.read_csv(path, converters=dict.fromkeys(marked, "=".__add__) or None, **how)
    for name in marked:
        frame[name] = frame[name].map(lambda cell: cell[1:] or None).astype(object)
    return without_index(frame)


def without_index(frame: Any) -> Any:
    """The frame without unnamed columns: they are the row index that to_csv wrote."""
    return frame.drop(columns=[name for name in frame.columns if str(name).startswith("Unnamed:")])


def _quoted(path: Path) -> bool:
    """Whether the quotation marks of a file stand around cells; else they are part of what is said."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        try:
            for _ in csv.reader(file, delimiter="\t", strict=True):
                pass
        except csv.Error as error:
            return "field limit" in str(error)  # a long text says nothing of the marks
    return True
