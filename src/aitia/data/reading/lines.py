"""Tables as JSON lines: an object a row; what a row lacks is missing.

    {"tokens": ["Mary", "left"], "tags": ["B-person", "O"]}        the columns `text` and `spans`, as of `.conll`

A row of `tokens` without `tags` is a text whose spans are missing.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aitia.data.kinds import Kind
from aitia.data.reading.conll import spans_of_tags
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
    places: list[str] = []
    with io.TextIOWrapper(io.BytesIO(unpacked(path)), encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            row = parse_json(line, f"{path}, line {number}")
            if not isinstance(row, dict):
                raise FormatError(f"{path}, line {number} is no JSON object: got {line.strip()[:40]!r}")
            rows.append(row)
            places.append(f"{path}, line {number}")
    if not rows:
        raise FormatError(f"{path} holds no line")
    names = dict.fromkeys(name for row in rows for name in row)
    told: dict[str, Kind] = {}
    if {"tokens", "tags"} <= names.keys() and not {"text", "spans"} & names.keys():
        rows = [_with_spans(row, place) for row, place in zip(rows, places, strict=True)]
        names = dict.fromkeys(["text", "spans", *(name for name in names if name not in ("tokens", "tags"))])
        told |= {"text": Kind.TEXT, "spans": Kind.SPANS}
    columns = {name: [row.get(name) for row in rows] for name in names}
    told |= {name: Kind.LIST for name, cells in columns.items() if name not in told and _uneven(cells)}
    return Sheet(columns, told, read=len(rows))


def _uneven(cells: Sequence[Any]) -> bool:
    """Whether cells are lists of numbers that are no rows of one array, since lengths differ or some are missing."""
    lists = [cell for cell in cells if cell is not None]
    if not all(isinstance(cell, list) and all(isinstance(one, int | float) for one in cell) for cell in lists):
        return False
    lengths = {len(cell) for cell in lists}
    return len(lengths) > 1 or (len(lists) < len(cells) and bool(lengths - {0}))


def _with_spans(row: dict[str, Any], place: str) -> dict[str, Any]:
    """A row of tokens with tags as one of a text with spans.

    Raises:
        FormatError: If either is no list of words, or a tag is of no known form; names the line.
    """
    for name in ("tokens", "tags"):
        held = row.get(name)
        if held is None and name == "tags":
            continue
        if not isinstance(held, list) or not held or not all(isinstance(one, str) and one for one in held):
            raise FormatError(f"{place}: {name} is a list of words, one for each token, got {str(held)[:40]!r}")
    tokens, tags = row["tokens"], row.get("tags")
    spans = None if tags is None else spans_of_tags(tokens, tags, place=place, unit="token")
    return {**row, "text": " ".join(tokens), "spans": spans}
