"""Columns that name the rows: a text that no two rows share stands for no group, and no search can use it."""

import numpy as np

from aitia.data.table import Table

__all__ = ["row_names"]

FEWEST = 10
"""Rows from which on it is no chance that every label is another."""


def row_names(table: Table) -> list[str]:
    """The columns of texts in which every filled cell is another one.

    Example:
        >>> table = Table.of({"patient": [f"P{k}" for k in range(12)], "sex": ["f", "m"] * 6})
        >>> row_names(table)
        ['patient']
    """
    return [
        name for name in table.names if table.plain(name) and not table.continuous(name) and _names_rows(table, name)
    ]


def _names_rows(table: Table, name: str) -> bool:
    codes = table.column(name)
    filled = table.n - table.missing(name)
    labels = table.categories(name)
    if codes.ndim > 1 or filled < FEWEST or len(labels) < filled or not all(isinstance(label, str) for label in labels):
        return False
    return len(np.unique(codes[~table.absent(name)])) == filled
