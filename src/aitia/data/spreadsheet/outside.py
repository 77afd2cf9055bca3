"""Lines that are no rows of the table: notes, units, totals, rules, and the header once more."""

import math
import re
from collections.abc import Sequence

from aitia.data.spreadsheet.numbers import UNIT, parsed
from aitia.errors import join_names

__all__ = ["Line", "notes_below", "repeated_header", "rules", "told_totals", "totals", "units_line", "without"]

Line = tuple[int, list[str]]
"""The number of a line in the file, and its cells."""

_TOTAL = re.compile(
    r"(?:grand |sub-?)?total(?:s|e|en)?|sums?|summe|gesamt|insgesamt|somme|suma|average|mean|mittelwert|moyenne|"
    r"overall",
    re.IGNORECASE,
)
_TOTAL_OF = re.compile(r"(?:grand |sub-?)?total|summe|somme|suma", re.IGNORECASE)
_NOTE = re.compile(r"(?:sources?|notes?|quelle|anmerkung|fuente|remarks?|legend|footnotes?|data from)\b|[*†‡©]", re.I)
_RULE = re.compile(r":?[-=_]{2,}:?$")
_SUMMED = 5
"""Numbers a column must have above a line for that to be their sum by more than chance."""
_ROUNDING = 1e-6


def without(lines: Sequence[Line], gone: Sequence[int]) -> list[Line]:
    """The lines but for those with these numbers."""
    numbers = set(gone)
    return [line for line in lines if line[0] not in numbers]


def rules(lines: Sequence[Line]) -> list[int]:
    """Lines that are drawn, such as `---|---`."""
    return [
        number
        for number, cells in lines
        if len(cells) > 1
        and all(_RULE.match(cell.strip()) for cell in cells if cell.strip())
        and any(map(str.strip, cells))
    ]


def repeated_header(names: Sequence[str], lines: Sequence[Line]) -> list[int]:
    """Lines that say the names again, as where files were put together; none where the names are values too."""
    if len(names) < 2:
        return []
    found = [number for number, cells in lines if [" ".join(cell.split()) for cell in cells] == list(names)]
    return found if len(found) <= max(1, len(lines) // 10) else []


def units_line(lines: Sequence[Line]) -> int | None:
    """The first line, if it names units where columns hold numbers below."""
    if len(lines) < 3:
        return None
    number, cells = lines[0]
    said = [k for k, cell in enumerate(cells) if cell.strip()]
    if not said or not all(UNIT.fullmatch(cells[k].strip().strip("()[]")) for k in said):
        return None
    below = [[line[k] for _, line in lines[1:51] if k < len(line) and line[k].strip()] for k in said]
    return number if any(column and all(parsed(cell) for cell in column) for column in below) else None


def notes_below(lines: Sequence[Line], width: int) -> list[int]:
    """Lines of words below all rows, of which only the first cell says something, or which begin as notes do."""
    if width < 2:
        return []
    found: list[int] = []
    rows = [cells for _, cells in lines]
    for k in range(len(lines) - 1, 0, -1):
        number, cells = lines[k]
        filled = [cell.strip() for cell in cells if cell.strip()]
        if found and not filled:  # between the table and its notes
            found.insert(0, number)
            continue
        words = bool(filled) and cells[0].strip() != "" and parsed(cells[0]) is None
        sentence = " " in cells[0].strip() or cells[0].strip()[-1:] in (":", ".", ")")
        alone = words and len(filled) == 1 and (len(cells) != width or (sentence and not _of_sentences(rows[:k])))
        noted = words and _NOTE.match(filled[0]) is not None and not _usual_first(rows[:k], filled[0])
        if not (alone or noted):
            break
        found.insert(0, number)
    return found if len(found) < len(lines) else []


def _of_sentences(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first column holds texts: then a text with nothing beside it is a row like others."""
    first = [row[0].strip() for row in rows if row and row[0].strip()]
    return bool(first) and 2 * sum(" " in cell for cell in first) >= len(first)


def _usual_first(rows: Sequence[Sequence[str]], cell: str) -> bool:
    """Whether other rows begin in this way, so that it is a value."""
    return any(row and row[0].strip().split(" ")[0] == cell.split(" ")[0] for row in rows)


def totals(lines: Sequence[Line]) -> list[int]:
    """Rows that sum up others: their first filled cell says so, or begins so and their numbers are sums; or the last
    row, whose every number is the sum of all above it.
    """
    firsts = [next((cell.strip() for cell in cells if cell.strip()), "") for _, cells in lines]
    said = [k for k, first in enumerate(firsts) if first and _TOTAL.fullmatch(first.rstrip(": "))]
    # A label that many rows bear is one, whatever it is called.
    if len(said) > max(1, len(firsts) // 10):
        said = []
    maybe = [k for k, first in enumerate(firsts) if k not in said and _TOTAL_OF.match(first)]
    sums = []
    if maybe:
        start = 0
        for k in maybe:
            part = [line for j, line in enumerate(lines[:k]) if j >= start and j not in said]
            everything = [line for j, line in enumerate(lines[:k]) if j not in maybe and j not in said]
            if _is_sum(part, lines[k], 2) or _is_sum(everything, lines[k], 2):
                sums.append(k)
                start = k + 1
    gone = sorted({*said, *sums})
    kept = [k for k in range(len(lines)) if k not in set(gone)]
    if kept and not gone and _is_sum([lines[k] for k in kept[:-1]], lines[kept[-1]], _SUMMED):
        gone = [kept[-1]]
    return [lines[k][0] for k in gone]


def _is_sum(above: Sequence[Line], line: Line, least: int) -> bool:
    """Whether each number of a line is the sum of those above it, and beyond all of them."""
    found = False
    for k, cell in enumerate(line[1]):
        wanted = _value(cell)
        if wanted is None:
            continue
        last = _value(above[-1][1][k]) if above else None
        if last is not None and abs(wanted) <= abs(last):
            return False
        values = [v for v in (_value(cells[k]) for _, cells in above) if v]
        total = math.fsum(values)
        if len(values) < least or abs(total - wanted) > _ROUNDING * abs(wanted) or abs(wanted) <= max(map(abs, values)):
            return False
        found = True
    return found


def _value(cell: str) -> float | None:
    number = parsed(cell)
    if number is None:
        return None
    return number.point if number.comma is None or number.point is not None else number.comma


def told_totals(numbers: Sequence[int], lines: Sequence[Line]) -> str:
    """What is said of rows that sum up others."""
    first = next(cell.strip() for cell in dict(lines)[numbers[0]] if cell.strip())
    return f"line {join_names(numbers, 5)} sums up others ({first!r}): left out (--keep-totals)"
