"""Dates as people write them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

__all__ = ["Dates", "dates_of", "looks_dated", "times_of"]

_MONTHS = {
    name: k + 1
    for k, names in enumerate(
        (
            "jan january januar janvier enero",
            "feb february februar février fevrier febrero",
            "mar march märz maerz mars marzo",
            "apr april avril abril",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet julio",
            "aug august août aout agosto",
            "sep sept september septembre septiembre",
            "oct october oktober okt octobre octubre",
            "nov november novembre noviembre",
            "dec december dezember dez décembre decembre diciembre",
        )
    )
    for name in names.split()
}
_TIME = (
    r"(?:[T ,]\s*(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?)?$"
)
_ISO = re.compile(r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?:(?P=sep)(?P<d>\d{1,2}))?" + _TIME)
_NUMBERS = re.compile(r"(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})" + _TIME)
_NAMED = re.compile(
    r"(?:[A-Za-zéûäö]{2,10}\.?,?\s+)?(?:(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[-\s/]+)?(?P<name>[A-Za-zéûäö]{3,10})\.?"
    r"(?:[-\s/]+(?P<d2>\d{1,2})(?:st|nd|rd|th)?,)?[-\s/,]*(?P<y>\d{4}|\d{2})" + _TIME
)
_OF_DAY = re.compile(
    r"(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?(?P<zone>)$"
)
_QUARTER = re.compile(r"(?:(?P<y>\d{4})[-\s/]?[QqKkTt](?P<q>[1-4])|[QqKkTt](?P<q2>[1-4])[-\s/]?(?P<y2>\d{4}))$")
_WEEK = re.compile(r"(?P<y>\d{4})-?[Ww](?P<w>\d{2})(?:-(?P<day>[1-7]))?$")
_MONTH = re.compile(r"(?P<m>0?[1-9]|1[0-2])[-/](?P<y>(?:19|20)\d{2})$")
_COMPACT = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$")


class Dates:
    """How the dates of a column are written.

    Args:
        order: `dmy` or `mdy` for numbers alone, None where no cell needs it.
        ambiguous: A cell that could be either, where nothing decides.
    """

    def __init__(self, order: str | None, ambiguous: str | None) -> None:
        self.order = order
        self.ambiguous = ambiguous

    def value(self, cell: str) -> datetime | None:
        """The moment, in UTC where the cell names a zone; None if the cell is no date."""
        try:
            return _moment(cell.strip(), self.order or "dmy")
        except ValueError:
            return None


def looks_dated(cell: str) -> bool:
    """Whether a cell has the form of a date (its numbers may be none)."""
    text = cell.strip()
    return bool(
        6 <= len(text) <= 40
        and (
            _ISO.match(text)
            or _NUMBERS.match(text)
            or any(form.match(text) for form in (_QUARTER, _WEEK, _MONTH))
            or _by_name(text)
        )
    )


def dates_of(cells: Sequence[str], order: str | None, compact: bool = False) -> Dates | None:
    """How these cells are dates, None if one of them is no date.

    Args:
        cells: Distinct ones.
        order: What the user says of dates such as 3/4/2021.
        compact: Whether 20210304 is a date.
    """
    shown: set[str] = set()
    unclear = None
    for cell in cells:
        text = cell.strip()
        numbers = _NUMBERS.match(text)
        if not (numbers or looks_dated(text) or (compact and _COMPACT.match(text))):
            return None
        if numbers is None:
            continue
        a, b = int(numbers["a"]), int(numbers["b"])
        if numbers["sep"] == "." or (a > 12 and b <= 12):
            shown.add("dmy")
        elif b > 12 and a <= 12:
            shown.add("mdy")
        elif a != b:
            unclear = unclear or text
    found = Dates(order or (min(shown) if len(shown) == 1 else None), None)
    if order is None and (len(shown) > 1 or (unclear and not shown)):
        found.ambiguous = unclear or next(iter(cells))
    for cell in cells:
        if found.value(cell) is None:
            return None
    return found


def times_of(cells: Sequence[str]) -> dict[str, float] | None:
    """Times of day in days since midnight, by cell; None if one of them is none, such as a length of 25:10."""
    found: dict[str, float] = {}
    for cell in cells:
        match = _OF_DAY.match(cell.strip())
        if match is None:
            return None
        try:
            moment = _with_time(1970, 1, 1, match)
        except ValueError:
            return None
        found[cell] = (moment - datetime(1970, 1, 1)) / timedelta(days=1)
    return found


def _by_name(text: str) -> re.Match[str] | None:
    match = _NAMED.match(text)
    return match if match and match["name"].lower() in _MONTHS else None


def _moment(text: str, order: str) -> datetime:
    if match := _ISO.match(text):
        return _with_time(int(match["y"]), int(match["m"]), int(match["d"] or 1), match)
    if match := _NUMBERS.match(text):
        a, b = int(match["a"]), int(match["b"])
        day, month = (a, b) if order == "dmy" else (b, a)
        return _with_time(_year(match["y"]), month, day, match)
    if match := _QUARTER.match(text):
        return datetime(int(match["y"] or match["y2"]), 3 * int(match["q"] or match["q2"]) - 2, 1)
    if match := _WEEK.match(text):
        return datetime.fromisocalendar(int(match["y"]), int(match["w"]), int(match["day"] or 1))
    if match := _MONTH.match(text):
        return datetime(int(match["y"]), int(match["m"]), 1)
    if match := _by_name(text):
        month = _MONTHS[match["name"].lower()]
        return _with_time(_year(match["y"]), month, int(match["d"] or match["d2"] or 1), match)
    if _COMPACT.match(text):
        return datetime(int(text[:4]), int(text[4:6]), int(text[6:]))
    raise ValueError(text)


def _year(text: str) -> int:
    """Two digits are of 1969 to 2068, as POSIX reads them."""
    year = int(text)
    return year if len(text) == 4 else 1900 + year if year >= 69 else 2000 + year


def _with_time(year: int, month: int, day: int, match: re.Match[str]) -> datetime:
    hour = int(match["h"] or 0)
    half = (match["half"] or "").lower()[:1]
    if half and not 1 <= hour <= 12:
        raise ValueError(match.string)
    hour = hour % 12 + 12 * (half == "p") if half else hour
    micro = int((match["f"] or "0")[:6].ljust(6, "0"))
    moment = datetime(year, month, day, hour, int(match["min"] or 0), int(match["s"] or 0), micro)
    zone = match["zone"]
    if zone and zone[0] in "+-":
        off = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        moment -= off if zone[0] == "+" else -off
    return moment.replace(tzinfo=UTC).replace(tzinfo=None)
