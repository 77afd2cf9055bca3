"""Numbers as people write them: decimal marks, thousands, percent, currencies, and signs of several kinds."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["UNIT", "Mark", "Number", "bare", "mark_of", "parsed", "plainly_written", "with_unit"]

_OUTER = re.compile(r"^(?:[$€£¥₹]|EUR|USD|GBP|CHF)\s*|\s*(?:[$€£¥₹%‰]|EUR|USD|GBP|CHF)$")
_SIGNED = re.compile(r"^([+-])\s*(?:[$€£¥₹])\s*")
_BLANKS = re.compile("(?<=\\d)[ \u00a0\u2009\u202f'\u2019](?=\\d{3}(?!\\d))")
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")
_COMMA = re.compile(r"[+-]?(?:\d+,\d*|,\d+)(?:[eE][+-]?\d+)?$")
_BY_COMMA = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+$")
_BY_COMMA_DOT = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}\.\d*$")
_BY_DOT = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+$")
_BY_DOT_COMMA = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+,\d*$")
_MAY_BE = re.compile(r"EUR|USD|GBP|CHF|inf", re.IGNORECASE)
_WORDS = {"inf": float("inf"), "infinity": float("inf"), "-inf": float("-inf"), "-infinity": float("-inf")}


UNIT = re.compile(
    r"%|‰|ppm|[kmµμcd]?g|lbs?|oz|t|[kcmµμnd]?m[23²³]?|ft|inch(?:es)?|in|mi|[mdcµμ]?[lL]|[mµμn]?s|sec(?:onds?)?|min(?:utes?)?|h|hrs?|"
    r"hours?|d|days?|weeks?|months?|y|yrs?|years?|°?[CF]|K|°|[kM]?Hz|bpm|mmHg|[km]?Pa|k?cal|[kM]?J|[kM]?Wh?|[mk]?V|"
    r"[mµμn]?A|[mµμn]?mol|[mµμ]?IU|U|[mµμnp]?(?:g|mol|IU|U)/(?:[md]?[lL]|kg|m[23²³]|d|day|h)|kg/m[23²³]|km/h|m/s|"
    r"USD|EUR|GBP|CHF|[$€£¥]|n|count",
)
"""Units as people write them."""
_WITH_UNIT = re.compile(r"(?P<number>[+-]?[\d.,\s]*\d)\s*(?P<unit>[^\d\s].*)")
_WRITTEN = re.compile(r"[+-]?[\d.,]+$")


class Number(NamedTuple):
    """What a cell could be.

    Args:
        point: The number with a decimal point, None if it is none.
        comma: The number with a decimal comma, None if it is none.
    """

    point: float | None
    comma: float | None


@dataclass(frozen=True)
class Mark:
    """Which mark is shown to be the decimal one by cells that can be read in one way only.

    Args:
        point: A cell that shows a decimal point, None if none does.
        comma: A cell that shows a decimal comma.
        either: A cell that is a number in both ways, and not the same one.
    """

    point: str | None = None
    comma: str | None = None
    either: str | None = None

    def __or__(self, other: "Mark") -> "Mark":
        return Mark(self.point or other.point, self.comma or other.comma, self.either or other.either)


def bare(cell: str) -> str:
    """The digits and marks of a cell, without percent, currency, blanks between thousands and odd minus signs."""
    text = cell.strip()
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(c, c)) for c in text)  # the digits of any script
    if text[:1] in ("\u2212", "\u2013"):  # a minus sign, a dash
        text = "-" + text[1:].lstrip()
    if text[:1] == "(" and text[-1:] == ")" and any(c.isdigit() for c in text):  # as in accounts
        text = "-" + text[1:-1].strip()
    text = _SIGNED.sub(r"\1", text)
    text = _OUTER.sub("", _OUTER.sub("", text))
    if text[:2] in ("--", "-+"):
        return cell
    return _BLANKS.sub("", text)


def parsed(cell: str) -> Number | None:
    """The number that a cell is with either mark; None if it is no number."""
    if _PLAIN.match(cell):
        plain = float(cell)
        if "." not in cell:
            return Number(plain, plain)
        return Number(plain, float(cell.replace(".", "")) if _BY_DOT.match(cell) else None)
    if cell[:1].isalpha() and cell[:1].isascii() and not _MAY_BE.match(cell):
        return None
    text = cell if _WRITTEN.match(cell) else bare(cell)
    if text.lower().lstrip("+") in _WORDS:
        value = _WORDS[text.lower().lstrip("+")]
        return Number(value, value)
    if not text or text[-1] not in "0123456789.,":
        return None
    point: float | None = None
    comma: float | None = None
    if _PLAIN.match(text):
        point = float(text)
        if "." not in text:
            comma = point
    elif _BY_COMMA.match(text) or _BY_COMMA_DOT.match(text):
        point = float(text.replace(",", ""))
    if _BY_DOT.match(text) or _BY_DOT_COMMA.match(text):
        comma = float(text.replace(".", "").replace(",", "."))
    elif _COMMA.match(text):
        comma = float(text.replace(",", "."))
    return None if point is None and comma is None else Number(point, comma)


def mark_of(cells: Iterable[str]) -> Mark:
    """Which decimal mark these cells show."""
    point = comma = either = None
    for cell in cells:
        if "." not in cell and "," not in cell:
            continue
        number = parsed(cell)
        if number is None or number.point == number.comma:
            continue
        if number.comma is None:
            # `1,234,567` shows thousands by commas; `12.5` a decimal point.
            point = point or cell
        elif number.point is None:
            comma = comma or cell
        elif "," in cell:
            either = either or cell
    return Mark(point, comma, either)


def plainly_written(cell: str) -> bool:
    """Whether a cell holds nothing but digits, marks and a sign."""
    return _WRITTEN.match(cell) is not None


def with_unit(cell: str) -> tuple[str, str] | None:
    """A number and the unit that is written after it; None if a cell is none."""
    match = _WITH_UNIT.fullmatch(cell.strip())
    if match is None or not UNIT.fullmatch(match["unit"]) or parsed(match["number"]) is None:
        return None
    return match["number"], match["unit"]
