"""Columns of lists: several values a row, as many as each has."""

import hashlib
import json
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.cells import Cells, absent, as_list, picked
from aitia.data.kinds import Kind
from aitia.errors import DataError
from aitia.guard import parse_json

__all__ = ["Column", "packed", "unpacked"]


class Column(Cells):
    """Lists of plain values, None where one is missing."""

    kind = Kind.LIST
    use = "table.lists(NAME)"

    def __init__(self, rows: tuple[list[Any] | None, ...]) -> None:
        self.rows = rows

    @classmethod
    def of(cls, name: str, values: Any, folder: Path | None = None) -> Self:
        """Lists, or texts that hold one as JSON."""
        rows: list[list[Any] | None] = []
        for row, given in enumerate(as_list(values)):
            value = unpacked(name, row, given, "a list")
            if value is not None and not isinstance(value, list):
                raise DataError(f"column {name!r} is declared a list, row {row} holds {str(given)[:40]!r}")
            rows.append(value)
        return cls(tuple(rows))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: NDArray[Any] | slice) -> Self:
        """These rows."""
        return type(self)(tuple(picked(self.rows, rows)))

    def cells(self) -> list[Any]:
        """The lists."""
        return [None if row is None else list(row) for row in self.rows]

    def told(self) -> list[str]:
        """The lists as JSON."""
        return ["" if row is None else packed(row) for row in self.rows]

    def digest(self) -> str:
        """SHA-256 of the lists as JSON."""
        return hashlib.sha256("\n".join(self.told()).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where there is no list; an empty one is there."""
        return np.array([row is None for row in self.rows], dtype=bool)


def packed(value: Any) -> str:
    """A value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def unpacked(name: str, row: int, value: Any, wanted: str) -> Any:
    """A cell in plain Python: arrays and tuples as lists, text as the JSON that it holds."""
    if absent(value) or (isinstance(value, str) and value == ""):
        return None
    if isinstance(value, str):
        return parse_json(
            value, f"column {name!r}, row {row}, where {wanted} is wanted: {value[:40]!r}", error=DataError
        )
    try:
        return json.loads(json.dumps(value, default=_plain))
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"column {name!r}, row {row}: {wanted} of plain values is wanted ({error})") from None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"got a {type(value).__name__}")
