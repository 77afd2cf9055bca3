"""Whether a model has read a table: how a row goes on, among rows that are like it.

    given the first cells of a row, which of four ends is its own?                                                 (1)

The other ends are those of the rows that are nearest in the given cells, so that who knows what such rows look like is
right once in four, and who has read the table more often. This is the one probe that sends values.

Source:
    Kiciman, Ness, Sharma and Tan, Causal reasoning and large language models, TMLR (2024), section 3.1, memorisation
    test; there the rest of the row is written, here it is chosen, which a small model can as well.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.systems.pywhy_llm.wording import quoted
from aitia.text import Question

__all__ = ["OPTIONS", "row_questions"]

OPTIONS = 4
"""Ends of a row to choose from."""
COLUMNS = 12
"""Columns that are shown at most."""
LONGEST = 40
"""Characters of a cell that are shown."""


def row_questions(table: Table, name: str, rows: int = 20, seed: int = 0) -> list[Question]:
    """Questions (1) about rows of a table.

    Args:
        table: With two columns or more.
        name: What it is called, as the model may have read it.
        rows: How many, drawn at random.
        seed: Of the draw and of the place of the right option.

    Raises:
        OptionError: If there is to be no row.
        DataError: If the table has fewer than two columns, or no row has four ends to choose from.
    """
    if rows < 1:
        raise OptionError(f"rows is 1 or more, got {rows}")
    names = table.names[:COLUMNS]
    if len(names) < 2:
        raise DataError(f"a row that goes on has 2 columns or more, {name} has {len(names)}")
    begin = max(1, len(names) // 2)
    cells = [[_written(value) for value in table.labels(column)] for column in names]
    ends = [_told(names[begin:], cells[begin:], row) for row in range(len(table))]
    random = np.random.default_rng(seed)
    distance = _distances(table, names[:begin])
    found = []
    for row in random.permutation(len(table)).tolist():
        others = list(dict.fromkeys(ends[k] for k in distance(row) if ends[k] != ends[row]))[: OPTIONS - 1]
        if len(others) < OPTIONS - 1:
            continue
        options = [ends[row], *others]
        told = _told(names[:begin], cells[:begin], row)
        premise = f"The table {quoted(name)} has the columns {', '.join(map(quoted, names))}."
        order = random.permutation(OPTIONS).tolist()
        found.append(
            Question(
                premise, f"A row of it begins with {told}. How does this row go on?",
                tuple(options[k] for k in order), label=ends[row], id=f"row {row}", derived="the row of the table",
            )
        )  # fmt: skip
        if len(found) == rows:
            return found
    if not found:
        raise DataError(f"{name} has no row with {OPTIONS} different ends to choose from: more rows are needed")
    return found


def _written(value: object) -> str:
    """A cell as a file has it: whole numbers without a point, cut to a length."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return (str(int(value)) if whole else str(value))[:LONGEST]  # type: ignore[call-overload]


def _told(names: Sequence[str], cells: Sequence[Sequence[str]], row: int) -> str:
    """Cells of a row, each with its column, on one line."""
    return ", ".join(
        f"{quoted(name)[1:-1]} = {' '.join(column[row].split())}" for name, column in zip(names, cells, strict=True)
    )


def _distances(table: Table, names: Sequence[str]) -> "_Nearest":
    parts = []
    for name in names:
        if table.continuous(name):
            values = np.nan_to_num(np.asarray(table.column(name), dtype=np.float64))
            parts.append((values / (values.std() or 1.0))[:, None])
        else:
            _, codes = np.unique([str(v) for v in table.labels(name)], return_inverse=True)
            parts.append(np.eye(int(codes.max()) + 1)[codes] if codes.max() < 50 else codes[:, None].astype(float))
    return _Nearest(np.concatenate(parts, axis=1))


class _Nearest:
    """Other rows, the nearest first."""

    def __init__(self, places: NDArray[np.float64]) -> None:
        self.places = places

    def __call__(self, row: int) -> list[int]:
        away = ((self.places - self.places[row]) ** 2).sum(axis=1)
        away[row] = np.inf
        nearest: list[int] = np.argsort(away, kind="stable")[:-1].tolist()
        return nearest
