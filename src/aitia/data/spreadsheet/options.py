"""How to read a table, where the file does not say it or says it in two ways."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from aitia.errors import OptionError

__all__ = ["SEPARATORS", "Reading"]

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank"}
_DATES = ("dmy", "mdy")


@dataclass(frozen=True)
class Reading:
    """What overrules what a file suggests; None or empty leaves it to the file.

    Args:
        separator: Between cells: one character, or its name (comma, semicolon, tab, bar, blank).
        decimal: The decimal mark, `.` or `,`; the other one then groups thousands.
        encoding: Of the text, such as cp1252.
        header: The line of the names, from 1; 0 if there is none.
        date_order: `dmy` or `mdy`, for dates such as 3/4/2021.
        missing: Cells that stand for what is missing, `-999` in all columns or `COLUMN=-999` in one.
        keep: Cells that look as if they did and do not, in the same form.
        order: Labels of an ordinal column, least first, as `COLUMN=never<rarely<often`.
        keep_totals: Whether rows of totals are rows like all others.
        as_written: Whether labels that differ in case or blanks alone are different ones.
        skip_bad_rows: Whether rows with more or fewer cells than the header are left out.
        sheet: Name of the sheet of a workbook, or its number from 1.
        lenient: Whether marks may be of columns that are not there, as in rows that lack what those of a fit have.

    Raises:
        OptionError: If an option is none of these.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: int | None = None
    date_order: str | None = None
    missing: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    keep_totals: bool | None = None
    as_written: bool | None = None
    skip_bad_rows: bool | None = None
    sheet: str | None = None
    lenient: bool = False

    def __post_init__(self) -> None:
        named = {name: mark for mark, name in SEPARATORS.items()}
        object.__setattr__(self, "separator", named.get(self.separator or "", self.separator))
        for name in ("missing", "keep", "order"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.separator is not None and (len(self.separator) != 1 or self.separator in '"\r\n'):
            raise OptionError(f"the separator is one character, or one of {', '.join(named)}; got {self.separator!r}")
        if self.decimal not in (None, ".", ","):
            raise OptionError(f"the decimal mark is . or , and not {self.decimal!r}")
        if self.decimal is not None and self.decimal == self.separator:
            raise OptionError(f"{self.decimal!r} cannot be both the separator and the decimal mark")
        if self.date_order not in (None, *_DATES):
            raise OptionError(f"the order of dates is dmy or mdy, and not {self.date_order!r}")
        if self.header is not None and self.header < 0:
            raise OptionError(f"the line of the header is counted from 1, or 0 for none; got {self.header}")
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except LookupError:
                raise OptionError(
                    f"there is no encoding {self.encoding!r}: utf-8, cp1252 and latin-1 are usual"
                ) from None

    @cached_property
    def _marks(self) -> dict[str, dict[str | None, set[str]]]:
        found: dict[str, dict[str | None, set[str]]] = {}
        for name in ("missing", "keep"):
            marks: dict[str | None, set[str]] = {}
            for told in getattr(self, name):
                column, equals, mark = told.rpartition("=")
                marks.setdefault(column.strip() if equals else None, set()).add(mark.strip())
            found[name] = marks
        return found

    @cached_property
    def orders(self) -> dict[str, tuple[str, ...]]:
        """The labels of each ordinal column whose order was said, least first."""
        found: dict[str, tuple[str, ...]] = {}
        for told in self.order:
            head, *others = (part.strip() for part in told.split("<"))
            column, equals, first = head.rpartition("=")
            labels = (first.strip(), *others)
            if not equals or len(set(labels)) < max(len(labels), 2) or not all(labels):
                raise OptionError(f"an order is COLUMN=least<next<most, each label once, got {told!r}")
            found[column.strip()] = labels
        return found

    def said(self) -> dict[str, Any]:
        """The options that differ from what is usual, as JSON values."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        usual = {field.name: field.default for field in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in told.items() if v != usual[k]}

    def over(self, other: "Reading") -> "Reading":
        """What this says, and where it says nothing what the other does.

        Marks of both count, but those that this says the contrary of; marks of the other may be of columns that are
        not there.
        """
        told = {**other.said(), **self.said()}
        for name, contrary in (("missing", self.keep), ("keep", self.missing)):
            mine, theirs = getattr(self, name), getattr(other, name)
            told[name] = (*mine, *(mark for mark in theirs if mark not in mine and mark not in contrary))
        told["order"] = (*other.order, *self.order)  # the latest wins
        return Reading(**told | {"lenient": True})

    def missing_in(self, column: str) -> set[str]:
        """The cells that stand for what is missing in this column, as the user said."""
        return self._marks["missing"].get(column, set()) | self._marks["missing"].get(None, set())

    def kept_in(self, column: str) -> set[str]:
        """The cells that do not."""
        return self._marks["keep"].get(column, set()) | self._marks["keep"].get(None, set())

    def check_columns(self, columns: object) -> None:
        """Refuses marks for a column that is not there."""
        if self.lenient:
            return
        for marks in self._marks.values():
            for name in marks:
                if name is not None and name not in columns:  # type: ignore[operator]
                    raise OptionError(f"there is no column {name!r} in the table, which a mark for missing was said of")
        for name in self.orders:
            if name not in columns:  # type: ignore[operator]
                raise OptionError(f"there is no column {name!r} in the table, whose order was said")
