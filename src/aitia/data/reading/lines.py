"""Tables as JSON lines: an object a row; what a row lacks is missing."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aitia.data.kinds import Kind
from aitia.data.reading.packed import unpacked
from aitia.data.spreadsheet import Reading, Sheet
from aitia.errors import FormatError
from aitia.guard import parse_json

__all__ = ["SUFFIXES", "sheet"]

SUFFIXES = (".jsonl", ".ndjson")


def sheet(path: Path, suffix: str, kinds: Mapping[str, Kind], how: Reading) -> Sheet:
    """What a file holds; each value says of what type it is.

    Raises:
        FormatError: If a line is no JSON object, or there is none; names the line.
    """
    rows: list[dict[str, Any]] = []
    with io.TextIOWrapper(io.BytesIO(unpacked(path)), encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            row = parse_json(line, f"{path}, line {number}")
            if not isinstance(row, dict):
                raise FormatError(f"{path}, line {number} is no JSON object: got {line.strip()[:40]!r}")
            rows.append(row)
    if not rows:
        raise FormatError(f"{path} holds no line")
    names = dict.fromkeys(name for row in rows for name in row)
    return Sheet({name: [row.get(name) for row in rows] for name in names}, read=len(rows))
