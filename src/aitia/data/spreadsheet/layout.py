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
from aitia.data.spreadsheet.outside import (
    Line,
    notes_below,
    repeated_header,
    rules,
    told_totals,
    totals,
    units_line,
    without,
)
from aitia.errors import DataError, FormatError, join_names

__all__ = ["Layout", "Line", "laid_out", "separator_of", "split"]

_SAMPLE_CHARACTERS, _SAMPLE_LINES = 200_000, 400
_TITLES = 20
_MANY = 0.5
_LONGEST_CELL = 1 << 24
_WHOLE = re.compile(r"[+-]?\d+")


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
        if separator == " " and usual is not None and widths[0] != width:
            continue  # sentences below a name
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
    if lines[0][1][0].startswith("sep=") and len(lines) > 1:
        lines = lines[1:]  # as Excel says which separator follows
    drawn = rules(lines)
    header, rows = _header(place, without(lines, drawn), how, told)
    layout = Layout([" ".join(name.split()) for name in header], rows, told)
    if drawn:
        layout.dropped["drawn lines"] = drawn
    _leave_out(layout, "header lines", repeated_header(layout.names, layout.lines), "says the header again")
    _fit(place, layout, how)
    if layout.lines and (unit := units_line(layout.lines)) is not None:
        said = join_names((cell.strip() for cell in layout.lines[0][1] if cell.strip()), 4)
        _leave_out(layout, "lines of units", [unit], f"taken as the units of the columns ({said})")
    _named(place, layout)
    if how.header is None:
        _need_header(place, layout)
    if not how.keep_totals and len(layout.names) > 1 and (found := totals(layout.lines)):
        layout.told.append(told_totals(found, layout.lines))
        _leave_out(layout, "rows of totals", found, "")
    if not layout.lines:
        raise DataError(f"{place} has a header ({join_names(layout.names)}) and no rows")
    return layout


def _leave_out(layout: Layout, reason: str, numbers: list[int], why: str) -> None:
    """Leaves out lines, with a word on it where there is one to say."""
    if numbers:
        layout.lines = without(layout.lines, numbers)
        layout.dropped[reason] = [*layout.dropped.get(reason, []), *numbers]
        layout.told += [f"line {join_names(numbers, 5)} {why}, left out"] if why else []


def _need_header(place: str, layout: Layout) -> None:
    """Refuses a first line that is a row: its cells occur below, or are numbers with decimals."""
    if len(layout.names) < 2 or not layout.lines:
        return
    below = [{cells[k].strip() for _, cells in layout.lines} for k in range(len(layout.names))]
    values = [name for name, column in zip(layout.names, below, strict=True) if name in column]
    numbers = [name for name in layout.names if parsed(name) is not None]
    odd = [name for name in numbers if not _WHOLE.fullmatch(name)]
    if 2 * len(values) > len(layout.names) or (odd and len(numbers) < 3):
        what = f"{values[0]!r} in a column of such values" if 2 * len(values) > len(layout.names) else repr(odd[0])
        raise DataError(
            f"{place}: the first line, taken as the names of the columns, holds {what}: if it is a row, say --header "
            "0; if these are names, say in which line (--header 1)"
        )


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
    while at < min(_TITLES, len(lines) - 1) and _is_title(lines[at][1], width, lines[at + 1 : at + 1 + _TITLES]):
        at += 1
    numbers = [cell for cell in lines[at][1] if parsed(cell) is not None]
    if at and (len(numbers) == len(lines[at][1]) or not all(_WHOLE.fullmatch(cell.strip()) for cell in numbers)):
        at = 0  # a row below a header that is too short
    names = lines[at][1]
    if at:
        first = " ".join(cell.strip() for cell in lines[0][1] if cell.strip())
        which = f"line {lines[0][0]}" if at == 1 else f"lines {lines[0][0]}-{lines[at - 1][0]}"
        told.append(f"{which} before the header taken as a title: {first[:60]!r} (--header {lines[0][0]})")
        names = _under(lines[at - 1][1], names)
    elif _two_lines(lines):
        told.append(f"lines {lines[0][0]} and {lines[1][0]} taken as names in two parts (--header {lines[0][0]})")
        return _under(names, lines[1][1], every=True), lines[2:]
    if width > 1 and names and all(cell.strip() and parsed(cell) is not None for cell in names):
        raise DataError(
            f"{place}, line {lines[at][0]} holds numbers where the names of the columns are expected "
            f"({join_names((cell.strip() for cell in names), 3)}): write a header, or say --header 0"
        )
    return names, lines[at + 1 :]


def _is_title(cells: Sequence[str], width: int, after: Sequence[Line]) -> bool:
    """A line with few cells filled before one with more; a header may lack the name of its index."""
    filled = _filled(cells)
    if width < 2 or filled >= max(_filled(line) for _, line in after) or filled > max(1, width // 2):
        return False
    return bool(cells[0].strip()) or (filled > 0 and width > 2)


def _two_lines(lines: Sequence[Line]) -> bool:
    """Whether names that are repeated are told apart by the line below them."""
    if len(lines) < 4:
        return False
    above, below = ([cell.strip() for cell in cells] for _, cells in lines[:2])
    pairs = list(zip(above, below, strict=False))
    return (
        len(above) == len(below)
        and len(set(above)) < len(above)
        and len(set(pairs)) == len(pairs)
        and all(cell and parsed(cell) is None for cell in below)
        and any(parsed(cell) is not None for cell in lines[2][1])
    )


def _under(title: Sequence[str], names: list[str], every: bool = False) -> list[str]:
    """Names that are repeated under different titles, with their title before them; on demand all of them."""
    plain = [name.strip() for name in names]
    if not every and (len(set(plain)) == len(plain) or _filled(title) < 2):
        return names
    above, made = "", []
    for k, name in enumerate(plain):
        above = title[k].strip() if k < len(title) and title[k].strip() else above
        made.append(f"{above} {name}".strip() if every or plain.count(name) > 1 else name)
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
        elif all(layout.names) and len({_cell(cells, 0) for _, cells in layout.lines}) == len(layout.lines):
            _need_no_decimals(place, layout)
            layout.told.append("the first cell of each row has no name in the header: names of rows, left out")
            layout.lines = [(number, cells[1:]) for number, cells in layout.lines]
    # The length of most rows costs no look at each cell.
    lines = [
        line
        if len(line[1]) == width
        else (line[0], line[1][:width])
        if len(line[1]) > width and not any(map(str.strip, line[1][width:]))
        else line
        for line in layout.lines
    ]
    if notes := notes_below(lines, width):
        layout.told.append(f"line {notes[0]} and what follows taken as notes below the table")
        layout.dropped["notes below the table"] = notes
        lines = without(lines, notes)
    bad = [line for line in lines if len(line[1]) != width]
    if bad and not how.skip_bad_rows:
        _refuse_bad(place, bad, len(lines), width)
    if bad:
        layout.dropped[f"rows of other than {width} cells"] = [number for number, _ in bad]
        lines = [line for line in lines if len(line[1]) == width]
    layout.lines = lines


def _refuse_bad(place: str, bad: Sequence[Line], rows: int, width: int) -> None:
    number, cells = bad[0]
    more = f" ({len(bad)} such rows)" if len(bad) > 1 else ""
    mend = "Quote a cell that holds the separator, or leave such rows out: --skip-bad-rows"
    if 2 * len(bad) > rows:
        mend = (
            f"If the names of the columns stand further down, say in which line, such as --header {number}; else "
            "quote cells that hold the separator"
        )
    raise DataError(
        f"{place}, line {number} has {len(cells)} cells, the header {width}{more}: {join_names(cells, 6)[:90]!r}. "
        f"{mend}"
    )


def _need_no_decimals(place: str, layout: Layout) -> None:
    """Refuses a first cell without a name where a decimal comma may have split a number instead."""
    firsts = [_cell(cells, 0) for _, cells in layout.lines]
    if [first.strip("\"'") for first in firsts] in ([str(k) for k in range(s, s + len(firsts))] for s in (0, 1)):
        return
    for k in range(1, len(layout.names)):
        pairs = [(_cell(cells, k), _cell(cells, k + 1)) for _, cells in layout.lines]
        if all(_WHOLE.fullmatch(a) and b.isdigit() for a, b in pairs) and len({len(b) for _, b in pairs}) == 1:
            number, cells = layout.lines[0]
            raise DataError(
                f"{place}, line {number} has {len(cells)} cells, the header {len(layout.names)}, as all rows have: "
                f"either the first column lacks a name, or {pairs[0][0]},{pairs[0][1]} is a number with a decimal "
                "comma. Name the column, or write numbers with a point or in quotes"
            )


def _cell(cells: Sequence[str], k: int) -> str:
    return cells[k].strip() if k < len(cells) else ""


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
