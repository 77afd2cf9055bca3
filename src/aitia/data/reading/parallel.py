"""Folders of line-aligned texts: `source.txt` beside one file a variety, `north.txt`, ..., line by line the same.

The table has the columns `source` (what is said), `target` (how a variety says it) and `variety` (which it is). The
same rows in one file are a table like any other.
"""

from collections.abc import Mapping
from pathlib import Path

from aitia.data.kinds import Kind
from aitia.data.reading.texts import text_of_file
from aitia.data.table import Table
from aitia.errors import FormatError

__all__ = ["is_parallel", "read_parallel"]

SOURCE = "source.txt"


def is_parallel(folder: Path) -> bool:
    """Whether a folder holds `source.txt` and another text file."""
    return (folder / SOURCE).is_file() and len(list(folder.glob("*.txt"))) > 1


def read_parallel(folder: Path, kinds: Mapping[str, Kind | str] | None = None) -> Table:
    """The rows of every variety, one variety after the other.

    Raises:
        FormatError: If a file has another number of lines than the source; names the first without a partner.
    """
    sources = _lines(folder / SOURCE)
    columns: dict[str, list[str]] = {"source": [], "target": [], "variety": []}
    for file in sorted(folder.glob("*.txt")):
        if file.name == SOURCE:
            continue
        targets = _lines(file)
        if len(targets) != len(sources):
            raise FormatError(
                f"{file} has {len(targets)} lines and {SOURCE} {len(sources)}: line "
                f"{min(len(targets), len(sources)) + 1} of the longer one has no partner; texts that are not line by "
                f"line the same stand in a folder without a {SOURCE}"
            )
        columns["source"] += sources
        columns["target"] += targets
        columns["variety"] += [file.stem] * len(targets)
    known = {"source": Kind.TEXT, "target": Kind.TEXT, "variety": Kind.LABEL}
    return Table.of(columns, kinds={**known, **(kinds or {})})


def _lines(path: Path) -> list[str]:
    return text_of_file(path).removesuffix("\n").split("\n")
