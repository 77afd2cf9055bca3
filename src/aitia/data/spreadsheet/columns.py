"""What a column of a file holds: numbers, dates, truth values or labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.kinds import CONTINUOUS, Kind
from aitia.data.spreadsheet.dates import dates_of, looks_dated, times_of
from aitia.data.spreadsheet.numbers import Number, bare, mark_of, parsed, plainly_written, with_unit
from aitia.data.spreadsheet.options import Reading
from aitia.data.spreadsheet.sentinels import sentinel
from aitia.data.spreadsheet.tokens import Tokens
from aitia.data.spreadsheet.words import EMPTY, LIMITS, MARKS, WORDED, cell_option, merged, truth
from aitia.errors import DataError, join_names

__all__ = ["Column", "column_of", "plain_numbers"]

_MOSTLY = 0.9
"""Share of cells that are numbers, above which the others have to be marks for what is missing."""
_DIGITS = 15
"""Digits of a whole number that are kept exactly."""
_CODES = 10
"""Distinct numbers up to which a column may be one of codes."""
_STANDING = frozenset(
    {"1900-01-01", "1900-01-00", "1899-12-30", "1899-12-31", "1901-01-01", "2099-12-31", "9999-12-31"}
)
"""Days that stand for none in programs."""
_FIRST_DAY, _LAST_DAY = np.datetime64("1678-01-01"), np.datetime64("2262-01-01")
"""Days that are counted in nanoseconds."""
_SIGNS = ("%", "‰", "$", "€", "£", "¥", "₹", "EUR", "USD", "GBP", "CHF")
_DATED = ("date", "datum", "day", "tag", "fecha", "data")


@dataclass
class Column:
    """A column that was read.

    Args:
        values: (n,) numbers, moments, or labels with None where there is none.
        kind: Where what was written says more than the values.
        told: What was understood of it.
        limits: Cells of a number that say only that it lies beyond, `>365`, and were read as missing.
    """

    values: NDArray[Any]
    kind: Kind | None = None
    told: list[str] = field(default_factory=list)
    limits: tuple[str, ...] = ()


def plain_numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The numbers of cells that a program wrote: digits, a decimal point, nothing or NA where there is none."""
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:
        try:
            values = np.array(["nan" if c in ("", "NA", "NaN") else c for c in cells], dtype=np.float64)
        except ValueError:
            return None
    # 00123 is a code, and 1_000 no number to people.
    if any((c[:1] == "0" and c[1:2].isdigit()) or "_" in c for c in cells):
        return None
    return values


def column_of(place: str, name: str, cells: Sequence[str], lines: Sequence[int], comma: bool | None, how: Reading,
              kind: Kind | None) -> Column:  # fmt: skip
    """What the cells of a column are.

    Args:
        place: The file.
        name: Of the column.
        cells: The text of each row.
        lines: The line of each row.
        comma: Whether the decimal mark of the file is a comma; None if no cell of it shows which.
        how: What the user says.
        kind: What the user says that the column is.

    Raises:
        DataError: If it can be read in two ways, or holds a cell of another kind than the others.
    """
    tokens = Tokens(cells, lines)
    column = Column(np.empty(0), told=[])
    gone = _missing(name, tokens, how, bool(comma) if how.decimal is None else how.decimal == ",")
    words = [word for word in tokens.words if word not in gone]
    if not words:
        column.values = np.full(len(cells), np.nan)
        return column
    if kind is not Kind.LABEL and kind is not Kind.ORDINAL:
        found = _dates(place, name, tokens, words, gone, how, kind) or _numbers(
            place, name, tokens, words, gone, comma, how, kind
        )
        if found is not None:
            return found
    return _labels(name, tokens, words, gone, how)


def _missing(name: str, tokens: Tokens, how: Reading, comma: bool) -> set[str]:
    """The cells that stand for missing: as written, or numbers of the same value."""
    kept, wanted = how.kept_in(name), how.missing_in(name)

    def value(word: str) -> float | None:
        number = parsed(word)
        return None if number is None else number.comma if comma else number.point

    values = {value(mark) for mark in wanted} - {None}
    gone = {word for word in tokens.words if word.casefold() in EMPTY or word in wanted}
    if values:
        gone |= {word for word in tokens.words if value(word) in values}
    return gone - kept


# -- numbers ---------------------------------------------------------------------------------------------------------


def _numbers(place: str, name: str, tokens: Tokens, words: Sequence[str], gone: set[str], comma: bool | None,
             how: Reading, kind: Kind | None) -> Column | None:  # fmt: skip
    plain, unit = _bare_of_units(place, name, tokens, words)
    kept = how.kept_in(name)
    at = {word: LIMITS.sub(r"\1", word) if word in kept else number for word, number in plain.items()}
    found = {word: parsed(number) for word, number in at.items()}
    odd = {word for word, number in found.items() if number is None}
    rest = tokens.count(set(words) - odd)
    if not rest:
        return None
    marks = {w for w in odd if w.casefold() in MARKS | WORDED and w not in kept}
    limits = {w for w in odd if LIMITS.match(w)}
    strange = odd - marks - limits
    few, total = len(words) - len(odd) <= _CODES, rest + tokens.count(strange)
    if strange and (2 * rest < total or few):
        if kind in CONTINUOUS:
            _refuse_strange(place, name, tokens, strange, kind)
        return None
    if strange:
        _refuse_strange(place, name, tokens, strange, kind)
    numbers = {word: number for word, number in found.items() if number is not None}
    if kind is None and any(w.lstrip("+-")[:1] == "0" and w.lstrip("+-")[1:2].isdigit() for w in numbers):
        return None  # a code such as 00123
    if kind is None and any(sum(map(str.isdigit, w)) > _DIGITS and w.lstrip("+-").isdigit() for w in numbers):
        return None  # an identifier, which a number would round
    _need_one_dress(place, name, tokens, numbers)
    told = [f"{name}: {unit!r} beside each number left out (--discrete {name})"] if unit else []
    with_comma = _comma(place, name, numbers, comma, how)
    values = {}
    for word, number in numbers.items():
        value = number.comma if with_comma else number.point
        if value is None:
            raise DataError(
                f"{place}: column {name!r} holds {word!r} in line {tokens.line_of(word)}, which is no number with a "
                f"decimal {'comma' if with_comma else 'point'} as the others are: mend it, or say --decimal"
            )
        values[word] = value
    if limits or marks:
        shown = sorted(limits | marks)
        many = tokens.count(limits | marks)
        told.append(
            f"{name}: {many} cell(s) {join_names(map(repr, shown), 4)} read as missing "
            f"({cell_option('keep-value', name, shown[0])}{' takes the limit itself' if shown[0] in limits else ''})"
        )
    if taken := sorted(word for word in values if LIMITS.match(word)):
        told.append(f"{name}: {tokens.count(set(taken))} cell(s) {join_names(map(repr, taken), 4)} taken as the limit")
    told += [] if unit else _dressed(name, {word: v for word, v in values.items() if word not in taken})
    array = tokens.numbers(lambda word: values.get(word, np.nan))
    _ask_about_sentinel(place, name, array, kept, how)
    return Column(array, told=told, limits=tuple(sorted(limits)))


def _bare_of_units(place: str, name: str, tokens: Tokens, words: Sequence[str]) -> tuple[dict[str, str], str]:
    """The number in each cell, where all that are no numbers have the same unit behind them, and that unit."""
    same = dict.fromkeys(words, "")
    found = {word: pair for word in words if not plainly_written(word) and (pair := with_unit(word)) is not None}
    units = dict.fromkeys(unit for _, unit in found.values())
    if not found or units.keys() <= set("%‰$€£¥₹") | {"EUR", "USD", "GBP", "CHF"} or 2 * len(found) < len(words):
        return {word: word for word in same}, ""
    if len(units) > 1:
        shown = {unit: word for word, (_, unit) in found.items()}
        raise DataError(
            f"{place}: column {name!r} holds numbers in several units, {join_names(map(repr, shown.values()), 4)}: "
            f"give one unit, or say --discrete {name} if all are labels"
        )
    return {word: found[word][0] if word in found else word for word in same}, next(iter(units))


def _need_one_dress(place: str, name: str, tokens: Tokens, numbers: Mapping[str, Number]) -> None:
    """Refuses percent beside plain numbers, and several currencies."""
    signs: dict[str, str] = {}
    for word, number in numbers.items():
        sign = "" if plainly_written(word) else next((known for known in _SIGNS if known in word), "")
        if sign or number.point != 0:
            signs.setdefault(sign, word)
    dressed = [sign for sign in signs if sign]
    if len(dressed) > 1 or (dressed and "" in signs and dressed[0] in "%‰"):
        a, b = list(signs.values())[:2]
        raise DataError(
            f"{place}: column {name!r} holds {a!r} in line {tokens.line_of(a)} and {b!r} in line {tokens.line_of(b)}: "
            f"write all in one way, or say --discrete {name} if all are labels"
        )


def _dressed(name: str, values: Mapping[str, float]) -> list[str]:
    """A line on signs that were left out, and on marks that group thousands."""
    for word, value in values.items():
        if word.endswith(("%", "‰")):
            return [f"{name}: {word!r} is read as {value:g}, as for all that is in percent"]
    for word, value in values.items():
        if not plainly_written(word) and bare(word) != word.strip() and word[:1] != "\u2212":
            return [f"{name}: {word!r} is read as {value:g}"]
    powers = [word for word in values if "e" in word.casefold() and not {".", ",", "-", "+"} & set(word)]
    if powers and len(powers) == len(values):
        return [f"{name}: {powers[0]!r} is read as {values[powers[0]]:g} (--discrete {name})"]
    for word, value in values.items():
        if abs(value) >= 1000 and ("," in word or "." in word) and value == int(value):
            return [f"{name}: {word!r} is read as {value:.0f} (--decimal)"]
    return []


def _refuse_strange(place: str, name: str, tokens: Tokens, strange: set[str], kind: Kind | None) -> None:
    first = min(sorted(strange), key=tokens.line_of)
    many = tokens.count(strange)
    raise DataError(
        f"{place}: column {name!r} holds numbers, but {many} cell(s) such as {first!r} in line "
        f"{tokens.line_of(first)}: mend them, or say {cell_option('missing-value', name, first)} if it stands for "
        f"missing, or "
        f"--discrete {name} if all are labels"
    )


def _comma(place: str, name: str, numbers: Mapping[str, Number], comma: bool | None, how: Reading) -> bool:
    """Whether the decimal mark of a column is a comma."""
    if how.decimal is not None:
        return how.decimal == ","
    if comma is not None:
        return comma
    seen = mark_of(numbers)
    if seen.point is not None or seen.comma is not None:
        return seen.point is None
    if seen.either is None:
        return False
    found = numbers[seen.either]
    raise DataError(
        f"{place}: column {name!r} holds {seen.either!r}, which is {found.point:g} or {found.comma:g}, and nothing in "
        "the file shows which: say --decimal . or --decimal ,"
    )


def _ask_about_sentinel(place: str, name: str, values: NDArray[np.float64], kept: set[str], how: Reading) -> None:
    known = [number.point for mark in sorted(kept) if (number := parsed(mark)) is not None]
    found = sentinel(values[~np.isin(values, [v for v in known if v is not None])] if known else values)
    if found is None:
        return
    odd, many, low, high = found
    # A lone float has no more digits than people wrote.
    shown = [f"{v:.0f}" if v == int(v) and abs(v) < 1e15 else f"{v:g}" for v in odd]
    missing, keep = (" ".join(cell_option(f"{option}-value", name, v) for v in shown) for option in ("missing", "keep"))
    stands, kept_as = ("it stands", "it is a number") if len(odd) == 1 else ("they stand", "they are numbers")
    raise DataError(
        f"{place}: column {name!r} holds {join_names(shown)} in {many} row(s), far from its other values ({low:g} to "
        f"{high:g}): say {missing} if {stands} for missing, or {keep} if {kept_as}"
    )


# -- dates -----------------------------------------------------------------------------------------------------------


def _dates(place: str, name: str, tokens: Tokens, words: Sequence[str], gone: set[str], how: Reading,
           kind: Kind | None) -> Column | None:  # fmt: skip
    compact = kind is Kind.TIME or any(part in name.casefold() for part in _DATED)
    kept = how.kept_in(name)
    marks = {w for w in words if w.casefold() in MARKS | WORDED and w not in kept}
    said = [word for word in words if word not in marks]
    if not said or kind in CONTINUOUS - {Kind.TIME}:
        return None
    if (times := times_of(said)) is not None:
        values = tokens.numbers(lambda word: times.get(word, np.nan))
        word = said[0]
        told = [f"{name}: times of day, {word!r} is {times[word]:.4g} of a day (--discrete {name})"]
        if marks:
            told.append(
                f"{name}: {tokens.count(marks)} cell(s) {join_names(map(repr, sorted(marks)), 4)} read as missing"
            )
        return Column(values, Kind.TIME, told)
    found = dates_of(said, how.date_order, compact)
    if found is None:
        dated = {word for word in said if looks_dated(word)}
        many, of = tokens.count(dated), tokens.count(set(said))
        if many and many >= _MOSTLY * of and parsed(said[0]) is None:
            odd = min(set(said) - dated or set(said), key=tokens.line_of)
            if not set(said) - dated:
                odd = _no_date(said, how.date_order) or odd
            raise DataError(
                f"{place}: column {name!r} holds dates, but {odd!r} in line {tokens.line_of(odd)} is none: mend it, or "
                f"say {cell_option('missing-value', name, odd)} if it stands for missing, or --discrete {name} "
                "if all are labels"
            )
        return None
    if found.ambiguous is not None:
        raise DataError(
            f"{place}: column {name!r} holds {found.ambiguous!r}, where day and month can be told apart by no cell or "
            "differ from cell to cell: say --date-order dmy or --date-order mdy"
        )
    days = {word: np.datetime64(found.value(word), "us") for word in said}
    _ask_about_days(place, name, tokens, days, kept)
    moments = {word: day.astype("datetime64[ns]") for word, day in days.items()}
    values = np.array([moments.get(word, np.datetime64("NaT")) for word in tokens.words], dtype="datetime64[ns]")
    told = [f"{name}: dates, {said[0]!r} is {str(moments[said[0]])[:10]} (--date-order, --discrete {name})"]
    if marks:
        told.append(f"{name}: {tokens.count(marks)} cell(s) {join_names(map(repr, sorted(marks)), 4)} read as missing")
    return Column(values[tokens.codes], Kind.TIME, told)


def _ask_about_days(
    place: str, name: str, tokens: Tokens, days: Mapping[str, np.datetime64], kept: set[str]
) -> None:  # fmt: skip
    """Refuses days that stand for what is missing: the first of a century or the last of all, far from the others."""
    order = sorted(set(days.values()))
    ends = [(order[0], order[1:]), (order[-1], order[:-1])]
    for end, others in ends:
        word = next(word for word, day in days.items() if day == end)
        usual = str(end)[:10] in _STANDING
        wide = not _FIRST_DAY < end < _LAST_DAY
        far = bool(others) and min(abs(end - others[0]), abs(end - others[-1])) > others[-1] - others[0]
        if (usual and far and word not in kept) or wide:
            raise DataError(
                f"{place}: column {name!r} holds {word!r} in {tokens.count({word})} row(s), far from its other days: "
                f"say {cell_option('missing-value', name, word)} if it stands for missing"
                + ("" if wide else f", or {cell_option('keep-value', name, word)} if it is a day")
            )


def _no_date(words: Sequence[str], order: str | None) -> str | None:
    """The first that has the form of a date and is none, such as 2021-02-30."""
    for word in words:
        if dates_of([word], order or "dmy") is None and dates_of([word], order or "mdy") is None:
            return word
    return None


# -- labels ----------------------------------------------------------------------------------------------------------


def _labels(name: str, tokens: Tokens, words: Sequence[str], gone: set[str], how: Reading) -> Column:
    told = []
    kept = how.kept_in(name)
    marks = {word for word in words if word in MARKS - {"x", "_", ":"} and word not in kept}
    if marks and len(marks) < len(words):
        told.append(
            f"{name}: {tokens.count(marks)} cell(s) {join_names(map(repr, sorted(marks)), 4)} read as missing "
            f"({cell_option('keep-value', name, sorted(marks)[0])})"
        )
        words = [word for word in words if word not in marks]
    named = sorted(gone & {"NA", "NaN", "nan", "null", "Null", "NULL", "na", "Na"} - how.missing_in(name))
    if named:
        told.append(
            f"{name}: {tokens.count(set(named))} cell(s) {join_names(map(repr, named), 4)} read as missing "
            f"({cell_option('keep-value', name, named[0])})"
        )
    said = truth(words)
    if said is not None:
        if len(words) > 2:
            told.append(f"{name}: {join_names(map(repr, sorted(words)), 6)} read as true and false (--as-written)")
        if not how.as_written or len(words) <= 2:
            return Column(tokens.objects(lambda word: said.get(word)), told=told)
    same = {word: word for word in words}
    if not how.as_written:
        same = dict(merged({word: int(tokens.counts[k]) for k, word in enumerate(tokens.words) if word in same}))
        changed = sorted(word for word in words if same[word] != word)
        if changed:
            shown = ", ".join(f"{word!r} as {same[word]!r}" for word in changed[:4])
            told.append(f"{name}: {len(changed)} label(s) differ in case or blanks alone, {shown} (--as-written)")
    if any(len(word) > _DIGITS and _whole(word) for word in words):
        told.append(
            f"{name}: labels, since a number would lose digits of {max(words, key=len)!r} (--continuous {name})"
        )
        return Column(tokens.objects(same.get), told=told)
    if all(_whole(word) for word in words):
        return Column(tokens.objects(lambda word: int(word) if word in same else None), told=told)
    code = next((w for w in words if w[:1] == "0" and w[1:2].isdigit()), None)
    if code is not None and all(w.isdigit() for w in words):
        told.append(f"{name}: labels, since {code!r} begins with a zero (--continuous {name})")
    return Column(tokens.objects(same.get), told=told)


def _whole(word: str) -> bool:
    """Whether a label is a whole number as a program writes it."""
    digits = word[1:] if word[:1] == "-" else word
    return digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
