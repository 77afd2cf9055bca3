"""A table of results in as many columns as the terminal has room for: as it is, turned, or cut into several."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["fitting_tables"]


def fitting_tables(
    names: Sequence[str], heads: Sequence[str], cells: Sequence[Sequence[str]], title: str, width: int
) -> "list[Table]":
    """Tables that show every name and cell whole; lines are broken between words only where not even one column fits.

    Args:
        names: Of the rows.
        heads: Of the columns.
        cells: One sequence a row, one cell a column.
        title: Above the first.
        width: Of the terminal, in characters.
    """
    turned = [list(column) for column in zip(*cells, strict=True)]
    if _width(names, heads, cells) <= width:
        return [_table(title, names, heads, cells)]
    if _width(heads, names, turned) <= width:
        return [_table(title, heads, names, turned)]
    tables, first = [], 0
    while first < len(heads):
        behind = first + 1
        while behind < len(heads) and _width(names, *_part(heads, cells, first, behind + 1)) <= width:
            behind += 1
        part, here = _part(heads, cells, first, behind)
        there = [k for k, row in enumerate(here) if any(row)]
        tables.append(_table("" if first else title, [names[k] for k in there], part, [here[k] for k in there]))
        first = behind
    return tables


def _part(
    heads: Sequence[str], cells: Sequence[Sequence[str]], first: int, behind: int
) -> tuple[Sequence[str], list[Sequence[str]]]:
    return heads[first:behind], [row[first:behind] for row in cells]


def _width(names: Sequence[str], heads: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    columns = [["", *names], *[[head, *column] for head, column in zip(heads, zip(*cells, strict=True), strict=True)]]
    return sum(max(map(len, column)) + 3 for column in columns) + 1


def _table(title: str, names: Sequence[str], heads: Sequence[str], cells: Sequence[Sequence[str]]) -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title) or None, title_justify="left")
    for head in ("", *heads):
        table.add_column(escape(head))
    for name, row in zip(names, cells, strict=True):
        table.add_row(escape(name), *map(escape, row))
    return table
