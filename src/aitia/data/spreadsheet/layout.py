"""Where the table is in a file: the separator, title lines, the header, rows that do not fit, totals and notes."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from aitia.data.spreadsheet.numbers import parsed
from aitia.data.spreadsheet.options import SEPARATORS, Reading
from aitia.errors import DataError, FormatError, join_names

__all__ = ["Layout", "Line", "laid_out", "separator_of", "split"]

_SAMPLE_CHARACTERS, _SAMPLE_LINES = 200_000, 400
_TITLES = 20
_MANY = 0.5
_LONGEST_CELL = 1 << 24
_TOTAL = re.compile(
    r"(?:grand |sub-?)?total(?:s|e|en)?|sums?|summe|gesamt|insgesamt|somme|suma|average|mean|mittelwert|moyenne|"
    r"overall",
    re.IGNORECASE,
)
Line = tuple[int, list[str]]
"""The number of a line in the file, and its cells."""


@dataclass
class Layout:
    """The names and the rows, with what was left out.

    Args:
        names: Of the columns.
        lines: The rows.
        told: What was understood, a line each.
        dropped: For each reason the lines that were left out.
    """

    names: list[str]
    lines: list[Line]
    told: list[str] = field(default_factory=list)
    dropped: dict[str, list[int]] = field(default_factory=dict)


def split(place: str, text: str, separator: str) -> list[Line]:
    """The cells of each line that has any.

    Quotation marks stand around cells. In a file with tabs, where they rarely are needed, they are part of what is
    said if they do not stand so in the whole file.

    Raises:
        FormatError: If a quote is not closed, or something follows one.
    """
    try:
        return _lines(text, separator, csv.QUOTE_MINIMAL)
    except _BadQuoteError as error:
        if separator == "\t":
            return _lines(text, separator, csv.QUOTE_NONE)
        raise FormatError(f"{place}, {error}. Double a quote inside of a quoted cell") from None


class _BadQuoteError(Exception):
    """Where a quotation mark stands wrong."""


def _lines(text: str, separator: str, quoting: Literal[0, 3]) -> list[Line]:
    before = csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True, quoting=quoting
    )
    lines: list[Line] = []
    start = 1
    try:
        for cells in reader:
            if cells and (len(cells) > 1 or cells[0].strip()):
                lines.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        wrong = "a quote is opened and not closed" if "unexpected end" in str(error) else str(error)
        raise _BadQuoteError(f"line {start}: {wrong}") from None
    finally:
        csv.field_size_limit(before)
    return lines


def separator_of(text: str, usual: str | None) -> str:
    """The separator that gives the most lines one number of cells, of two or more.

    Args:
        text: The file.
        usual: What the ending of the file suggests; it wins where two do equally well.
    """
    head = text[:_SAMPLE_CHARACTERS]
    if len(text) > len(head):
        head = head[: head.rfind("\n") + 1] or head
    best, found = (0.0, 0, 0.0, 0.0, 0), usual or ","
    for separator in SEPARATORS:
        if separator not in head or (separator == " " and best[0]):
            continue
        try:
            lines = split("", head, separator)[:_SAMPLE_LINES]
        except FormatError:
            continue
        widths = [len(cells) for _, cells in lines]
        if not widths:
            continue
        width, many = max(Counter(widths).items(), key=lambda item: (item[1], item[0]))
        if width < 2:
            continue
        # The header comes first: cells of decimal commas begin below it. It may lack one, at the end or for an index.
        first = next(k for k, w in enumerate(widths) if w in (width, width - 1) and w > 1 - (width == 2))
        share = round(many / len(widths), 6)
        score = (float(share >= _MANY), -first, share, float(separator == usual), width)
        if score > best:
            best, found = score, separator
    return found


def laid_out(place: str, lines: Sequence[Line], how: Reading) -> Layout:
    """The table in these lines.

    Raises:
        FormatError: If there is no line.
        DataError: If the header has no names, a name is repeated, or a row does not fit it.
    """
    if not lines:
        raise FormatError(f"{place} holds no line")
    told: list[str] = []
    header, rows = _header(place, list(lines), how, told)
    names = [" ".join(name.split()) for name in header]
    layout = Layout(names, rows, told)
    _fit(place, layout, how)
    _named(place, layout)
    if not how.keep_totals:
        _without_totals(layout)
    if not layout.lines:
        raise DataError(f"{place} has a header ({join_names(layout.names)}) and no rows")
    return layout


def _filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _header(place: str, lines: list[Line], how: Reading, told: list[str]) -> tuple[list[str], list[Line]]:
    if how.header == 0:
        width = Counter(len(cells) for _, cells in lines).most_common(1)[0][0]
        return [f"x{k}" for k in range(width)], lines
    if how.header is not None:
        at = next((k for k, (number, _) in enumerate(lines) if number == how.header), None)
        if at is None:
            raise DataError(f"{place} has no line {how.header} with names: --header counts lines from 1")
        return lines[at][1], lines[at + 1 :]
    width = Counter(len(cells) for _, cells in lines[:_SAMPLE_LINES]).most_common(1)[0][0]
    at = 0
    while at < min(_TITLES, len(lines) - 1) and _is_title(lines[at][1], width, lines[at + 1][1]):
        at += 1
    names = lines[at][1]
    if at:
        first = " ".join(cell.strip() for cell in lines[0][1] if cell.strip())
        which = f"line {lines[0][0]}" if at == 1 else f"lines {lines[0][0]}-{lines[at - 1][0]}"
        told.append(f"{which} before the header taken as a title: {first[:60]!r} (--header {lines[0][0]})")
        names = _under(lines[at - 1][1], names)
    if width > 1 and names and all(cell.strip() and parsed(cell) is not None for cell in names):
        raise DataError(
            f"{place}, line {lines[at][0]} holds numbers where the names of the columns are expected "
            f"({join_names((cell.strip() for cell in names), 3)}): write a header, or say --header 0"
        )
    return names, lines[at + 1 :]


def _is_title(cells: Sequence[str], width: int, after: Sequence[str]) -> bool:
    """A line with few cells filled before one with more; a header may lack the name of its index."""
    filled = _filled(cells)
    if width < 2 or filled >= _filled(after) or filled > max(1, width // 2):
        return False
    return bool(cells[0].strip()) or (filled > 0 and width > 2)


def _under(title: Sequence[str], names: list[str]) -> list[str]:
    """Names that are repeated under different titles, with their title before them."""
    plain = [name.strip() for name in names]
    if len(set(plain)) == len(plain) or _filled(title) < 2:
        return names
    above, made = "", []
    for k, name in enumerate(plain):
        above = title[k].strip() if k < len(title) and title[k].strip() else above
        made.append(f"{above} {name}".strip() if plain.count(name) > 1 else name)
    return made


def _fit(place: str, layout: Layout, how: Reading) -> None:
    """Rows as long as the header: what is empty beyond it goes, all else is refused by line."""
    width = len(layout.names)
    while width > 1 and not layout.names[width - 1] and not any(_cell(cells, width - 1) for _, cells in layout.lines):
        width -= 1
    if width < len(layout.names):
        layout.told.append(f"{len(layout.names) - width} empty column(s) at the right end left out")
        del layout.names[width:]
    longer = [len(cells) == width + 1 for _, cells in layout.lines]
    if layout.lines and all(longer):
        if not any(_cell(cells, width) for _, cells in layout.lines):
            layout.told.append("a separator at the end of each row, with nothing after it")
        elif all(name for name in layout.names):
            layout.told.append("the first cell of each row has no name in the header: names of rows, left out")
            layout.lines = [(number, cells[1:]) for number, cells in layout.lines]
    fitting, bad = [], []
    for number, cells in layout.lines:
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            cells = cells[:width]
        if len(cells) == width:
            fitting.append((number, cells))
        else:
            bad.append((number, cells))
    notes = _notes(bad, fitting, width)
    if notes:
        layout.told.append(f"line {notes[0]} and what follows taken as notes below the table")
        layout.dropped["notes below the table"] = notes
        bad = [(number, cells) for number, cells in bad if number not in notes]
    if bad and not how.skip_bad_rows:
        number, cells = bad[0]
        more = f" ({len(bad)} such rows)" if len(bad) > 1 else ""
        raise DataError(
            f"{place}, line {number} has {len(cells)} cells, the header {width}{more}: {join_names(cells, 6)[:90]!r}. "
            "Quote a cell that holds the separator, or leave such rows out: --skip-bad-rows"
        )
    if bad:
        layout.dropped[f"rows of other than {width} cells"] = [number for number, _ in bad]
    layout.lines = fitting


def _cell(cells: Sequence[str], k: int) -> str:
    return cells[k].strip() if k < len(cells) else ""


def _notes(bad: Sequence[Line], fitting: Sequence[Line], width: int) -> list[int]:
    """Lines of one filled cell, in words, below all rows."""
    last = fitting[-1][0] if fitting else 0
    below = [(number, cells) for number, cells in bad if number > last]
    if not below or width < 2 or any(_filled(cells) != 1 or parsed(cells[0]) is not None for _, cells in below):
        return []
    return [number for number, _ in below]


def _named(place: str, layout: Layout) -> None:
    """Columns without a name: an index is left out, empty ones too, all else is refused."""
    left_out = []
    for k, name in enumerate(layout.names):
        if name and not name.startswith("Unnamed:"):
            continue
        cells = [_cell(cells, k) for _, cells in layout.lines]
        if not any(cells):
            left_out.append(k)
        elif k == 0 and len(set(cells)) == len(cells):
            left_out.append(k)
            layout.told.append("the first column has no name and no value twice: the index of the rows, left out")
        elif name:
            left_out.append(k)
        else:
            raise DataError(
                f"{place}: column {k + 1} has no name in the header, and values such as {cells[0]!r}: name it"
            )
    if left_out:
        gone = set(left_out)
        layout.names = [name for k, name in enumerate(layout.names) if k not in gone]
        layout.lines = [(n, [cell for k, cell in enumerate(cells) if k not in gone]) for n, cells in layout.lines]
    repeated = sorted({name for name, many in Counter(layout.names).items() if many > 1})
    if repeated:
        raise DataError(f"column names are repeated: {join_names(repeated)}. Rename them first")


def _without_totals(layout: Layout) -> None:
    """Without rows that sum up others: the first filled cell of them says so."""
    if len(layout.names) < 2:
        return
    firsts = [next((cell.strip() for cell in cells if cell.strip()), "") for _, cells in layout.lines]
    found = [k for k, first in enumerate(firsts) if first and _TOTAL.fullmatch(first.rstrip(": "))]
    # A label that many rows bear is one, whatever it is called.
    if not found or len(found) > max(1, len(firsts) // 10):
        return
    numbers = [layout.lines[k][0] for k in found]
    layout.dropped["rows of totals"] = numbers
    layout.told.append(f"line {join_names(numbers, 5)} sums up others ({firsts[found[0]]!r}): left out (--keep-totals)")
    gone = set(found)
    layout.lines = [line for k, line in enumerate(layout.lines) if k not in gone]
