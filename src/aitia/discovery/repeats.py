"""Rows that stand in a table more than once, though their numbers hardly can be the same by chance."""

import numpy as np

from aitia.data.table import Table

__all__ = ["repeated_rows"]

MOST = 100_000
"""Rows of a table that is looked through: longer ones take as long as their search."""
SHARE = 0.2
"""Of the rows, how many are copies of others before it is told."""


def repeated_rows(table: Table) -> str | None:
    """A sentence where many rows are copies of others in every column; None for tables of labels alone.

    Example:
        >>> repeated_rows(Table.of({"x": [0.5, 1.5, 0.5, 1.5], "y": [2.5, 3.5, 2.5, 3.5]}))
        '4 rows hold 2 different ones: rows that were entered twice make all look surer than it is; drop the copies.'
    """
    numbers = [name for name in table.names if table.continuous(name) and table.column(name).ndim == 1]
    if not numbers or table.n > MOST or len(np.unique(table.column(numbers[0]))) > (1 - SHARE) * table.n:
        return None
    whole = np.column_stack([table.column(name) for name in table.names if table.column(name).ndim == 1])
    different = len(np.unique(whole, axis=0))
    if different > (1 - SHARE) * table.n:
        return None
    return (
        f"{table.n} rows hold {different} different ones: rows that were entered twice make all look surer than it is; "
        "drop the copies."
    )
