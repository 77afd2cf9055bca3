"""Tables as text: a line a row, cells between commas, tabs, or what the lines show (CSV, TSV, TXT)."""

from collections.abc import Mapping
from pathlib import Path

from aitia.data.kinds import Kind
from aitia.data.reading.packed import unpacked
from aitia.data.spreadsheet import Reading, Sheet, read_text

__all__ = ["SUFFIXES", "sheet"]

_USUAL = {".csv": ",", ".tsv": "\t", ".txt": None}
SUFFIXES = tuple(_USUAL)


def sheet(path: Path, suffix: str, kinds: Mapping[str, Kind], how: Reading) -> Sheet:
    """What a file holds.

    Args:
        path: The file.
        suffix: Its ending, of what is inside where it is packed.
        kinds: Of columns, where the user says them.
        how: To read it, where the user says it.
    """
    return read_text(path, unpacked(path), how, _USUAL[suffix], kinds)
