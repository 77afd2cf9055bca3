"""A whole file of rows: its layout, then each column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.kinds import Kind
from aitia.data.spreadsheet.columns import Column, column_of, plain_numbers
from aitia.data.spreadsheet.layout import Line, laid_out, separator_of, split
from aitia.data.spreadsheet.numbers import Mark, mark_of, parsed
from aitia.data.spreadsheet.options import SEPARATORS, Reading
from aitia.data.spreadsheet.sentinels import sentinel
from aitia.data.spreadsheet.text import decoded
from aitia.errors import DataError

__all__ = ["Sheet", "read_rows", "read_text"]

_SHOWN = 2_000
"""Rows that are looked at for the decimal mark of the file."""
_EXACT = 1e15
"""Whole numbers from which on an identifier may lose digits."""
_RAW = frozenset({Kind.TEXT, Kind.PICTURE, Kind.LIST, Kind.SPANS})


@dataclass
class Sheet:
    """What a file holds.

    Args:
        columns: By name.
        kinds: Of the columns whose values do not say it.
        told: What was understood, a line each, with the option that overrules it.
        read: Rows below the header.
        dropped: For each reason the lines of the file that are no rows of the table.
        limits: Of columns of numbers the cells that say only that one lies beyond, `>365`; read as missing.
    """

    columns: dict[str, Any]
    kinds: dict[str, Kind] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    read: int = 0
    dropped: dict[str, list[int]] = field(default_factory=dict)
    limits: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_text(path: Path, data: bytes, how: Reading, usual: str | None, kinds: Mapping[str, Kind]) -> Sheet:
    """The table in a text with separators.

    Args:
        path: Of the file, for messages.
        data: Its bytes.
        how: What the user says.
        usual: The separator that the ending of the file suggests.
        kinds: What the user says of columns.

    Raises:
        FormatError: If it is no text, or a quote is not closed.
        DataError: If a row does not fit the header, or a cell can be read in two ways.
    """
    text, codec = decoded(path, data, how.encoding)
    separator = how.separator or separator_of(text, usual)
    told = [f"read as {codec}"] if codec is not None else []
    if separator != usual and separator in text:
        told.append(f"cells are separated by a {SEPARATORS.get(separator, repr(separator))} (--separator)")
    sheet = read_rows(str(path), split(str(path), text, separator), how, kinds, separator)
    sheet.told[:0] = told
    return sheet


def read_rows(
    place: str, lines: Sequence[Line], how: Reading, kinds: Mapping[str, Kind], separator: str = ","
) -> Sheet:
    """The table in these lines of cells; see `read_text`."""
    layout = laid_out(place, lines, how)
    how.check_columns(layout.names)
    numbers = [number for number, _ in layout.lines]
    cells = dict(zip(layout.names, zip(*(row for _, row in layout.lines), strict=True), strict=True))
    comma = _comma(place, cells, how, kinds, separator)
    sheet = Sheet({}, {}, list(layout.told), len(layout.lines) + sum(map(len, layout.dropped.values())), layout.dropped)
    if comma and how.decimal is None:
        sheet.told.append("the decimal mark is a comma (--decimal)")
    for name, column in cells.items():
        kind = kinds.get(name)
        if kind in _RAW:
            sheet.columns[name] = _raw(column)
            continue
        found = _column(place, name, column, numbers, comma, how, kind)
        sheet.columns[name] = found.values
        sheet.told += found.told
        if found.limits:
            sheet.limits[name] = found.limits
        if found.kind is not None:
            sheet.kinds[name] = found.kind
    return sheet


def _column(
    place: str, name: str, cells: Sequence[str], lines: Sequence[int], comma: bool | None, how: Reading,
    kind: Kind | None,
) -> Column:  # fmt: skip
    if not comma and how.decimal != "," and not how.missing_in(name) and kind is not Kind.TIME and _shown(cells):
        values = plain_numbers(cells)
        plain = values is not None and (how.kept_in(name) or sentinel(values) is None) and not _days(name, values)
        if values is not None and plain and not np.nanmax(np.abs(values), initial=0.0) >= _EXACT:
            return Column(values)
    return column_of(place, name, cells, lines, comma, how, kind)


def _shown(cells: Sequence[str]) -> bool:
    """Whether the first cells could be plain numbers, so that a column of words is not tried."""
    head = cells[:20]
    if all(not cell or ("e" in cell.casefold() and cell.isalnum()) for cell in head):
        return False  # 1E5 may be a label
    return all(not cell or cell[0] in "0123456789+-.nN " for cell in head)


def _days(name: str, values: NDArray[np.float64]) -> bool:
    """Whether numbers may be days written without separators, 20210304."""
    present = values[~np.isnan(values)]
    return bool(len(present) and present.min() > 19_000_000 and present.max() < 21_000_000 and "da" in name.casefold())


def _raw(cells: Sequence[str]) -> NDArray[Any]:
    made = np.empty(len(cells), dtype=object)
    made[:] = [cell if cell else None for cell in cells]
    return made


def _comma(
    place: str, cells: Mapping[str, Sequence[str]], how: Reading, kinds: Mapping[str, Kind], separator: str
) -> bool | None:
    """Whether the decimal mark of the file is a comma; None where no cell shows which."""
    if how.decimal is not None:
        return how.decimal == ","
    shown, points, commas = Mark(), [], []
    for name, column in cells.items():
        if kinds.get(name) in _RAW:
            continue
        seen = mark_of(dict.fromkeys(column[:_SHOWN]))
        shown |= seen
        points += [(name, seen.point)] if seen.point else []
        commas += [(name, seen.comma)] if seen.comma else []
    if points and commas:
        raise DataError(
            f"{place} holds {points[0][1]!r} in column {points[0][0]!r} and {commas[0][1]!r} in {commas[0][0]!r}: "
            "which is the decimal mark? Say --decimal . or --decimal ,"
        )
    if points or commas:
        return bool(commas)
    if separator == ";" and (unclear := _unclear(cells, kinds)) is not None:
        name, cell = unclear
        raise DataError(
            f"{place}: column {name!r} holds {cell!r}, which is {float(cell):g} or {cell.replace('.', '')}, and "
            "nothing in the file shows which: say --decimal . or --decimal ,"
        )
    # A semicolon is what spreadsheets write where the decimal mark is a comma.
    return True if shown.either is not None and separator == ";" else None


def _unclear(cells: Mapping[str, Sequence[str]], kinds: Mapping[str, Kind]) -> tuple[str, str] | None:
    """A cell with a point that may group thousands, as where semicolons stand between cells."""
    for name, column in cells.items():
        if kinds.get(name) in _RAW:
            continue
        for cell in dict.fromkeys(column[:_SHOWN]):
            if "." in cell and (number := parsed(cell)) is not None and number.comma is not None:
                return name, cell.strip()
    return None
