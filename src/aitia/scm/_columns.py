"""Between a system's codes and the user's table."""

from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.errors import DataError, join_names
from aitia.scm._arrays import Values

__all__ = ["read_column"]


def read_column(table: Table, name: str, categories: tuple[Any, ...]) -> Values:
    """The column as the system sees it, (n,): codes into `categories`, or numbers where there are none; NaN if missing.

    Raises:
        UnknownVariableError: If the table lacks the column.
        DataError: If it has a label that is not a category, labels where numbers are due, or several numbers a row.
    """
    values = table.column(name)
    if values.ndim > 1:
        raise DataError(
            f"column {name!r} has {values.shape[1]} numbers a row: an SCM has one number or label a variable"
        )
    if table.categories(name) == categories:
        return values
    # A handful of whole numbers may have been read as the other kind than the system has: go by the labels.
    labels = table.labels(name).tolist()
    if not categories:
        if any(isinstance(label, str) for label in labels):
            raise DataError(f"column {name!r} holds labels, but the system has numbers for it")
        return np.array([np.nan if label is None else float(label) for label in labels])
    code = {label: float(i) for i, label in enumerate(categories)}
    codes = np.empty(len(labels))
    for row, label in enumerate(labels):
        if label is None or label != label:
            codes[row] = np.nan
        elif label not in code:
            raise DataError(f"row {row} has {name} = {label!r}; the system knows {join_names(categories)}")
        else:
            codes[row] = code[label]
    return codes
