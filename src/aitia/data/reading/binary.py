"""Tables in files that say of what type each column is: Parquet, Arrow, Feather, SPSS and Stata."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aitia.data.frames import import_extra
from aitia.data.kinds import Kind
from aitia.data.spreadsheet import Reading, Sheet
from aitia.guard import check_size

__all__ = ["SUFFIXES", "sheet"]

SUFFIXES = (".parquet", ".arrow", ".feather", ".sav", ".dta")


def sheet(path: Path, suffix: str, kinds: Mapping[str, Kind], how: Reading) -> Sheet:
    """What a file holds, without unnamed columns: they are the index of the rows.

    Raises:
        FormatError: If a Parquet file announces more values or bytes than memory allows.
    """
    pandas = import_extra("pandas", "data")
    if suffix in (".sav", ".dta"):
        frame = _labelled(path, suffix)
    else:
        if suffix == ".parquet":
            told = import_extra("pyarrow.parquet", "data").read_metadata(path)
            held = sum(told.row_group(k).total_byte_size for k in range(told.num_row_groups))
            check_size(path, max(held, told.num_rows * told.num_columns))
        frame = (pandas.read_parquet if suffix == ".parquet" else pandas.read_feather)(path)
    names = [name for name in frame.columns if not str(name).startswith("Unnamed:")]
    return Sheet({str(name): frame[name] for name in names}, read=len(frame))


def _labelled(path: Path, suffix: str) -> Any:
    """A frame of SPSS or Stata: coded answers by their labels, in the order of the codes."""
    pyreadstat = import_extra("pyreadstat", "data")
    read = pyreadstat.read_sav if suffix == ".sav" else pyreadstat.read_dta
    frame, about = read(str(path), apply_value_formats=False)
    pandas = import_extra("pandas", "data")
    for name, labels in about.variable_value_labels.items():
        present = set(frame[name].dropna())
        if not present <= set(labels):
            continue  # labels of a few codes alone: the others are numbers
        codes = sorted(labels)
        ordered = about.variable_measure.get(name) == "ordinal"
        values = pandas.Categorical.from_codes(
            [codes.index(v) if v == v and v is not None else -1 for v in frame[name]],
            categories=[str(labels[code]) for code in codes],
            ordered=ordered,
        )
        frame[name] = values
    return frame
