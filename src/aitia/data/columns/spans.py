"""Columns of spans: pieces of a text, each with its label.

A row is a list of `[start, stop, label]`, in characters from 0, the stop not included; or of `{"start", "stop" (or
"end"), "label"}`.
"""

from pathlib import Path
from typing import Any, Self

from aitia.data.columns import list as lists
from aitia.data.columns.cells import as_list
from aitia.data.kinds import Kind
from aitia.errors import DataError

__all__ = ["Column"]


class Column(lists.Column):
    """Spans, sorted as given; None where a row has none said."""

    kind = Kind.SPANS
    use = "table.spans(NAME)"

    @classmethod
    def of(cls, name: str, values: Any, folder: Path | None = None) -> Self:
        """Spans, or texts that hold them as JSON."""
        rows: list[list[Any] | None] = []
        for row, given in enumerate(as_list(values)):
            value = lists.unpacked(name, row, given, "a list of spans")
            if value is not None and not isinstance(value, list):
                raise DataError(f"column {name!r} is declared spans, row {row} holds {str(given)[:40]!r}")
            rows.append(None if value is None else [_span(name, row, one) for one in value])
        return cls(tuple(rows))


def _span(name: str, row: int, given: Any) -> list[Any]:
    one: Any = (
        [given.get("start"), given.get("stop", given.get("end")), given.get("label")]
        if isinstance(given, dict)
        else given
    )
    whole = isinstance(one, list) and len(one) == 3 and all(type(k) is int for k in one[:2])
    if not whole or not 0 <= one[0] < one[1] or not isinstance(one[2], str):
        raise DataError(
            f"column {name!r}, row {row}: a span is [start, stop, label] with 0 <= start < stop, got {str(given)[:60]}"
        )
    return list(one)
