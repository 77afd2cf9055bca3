"""What `predict` takes from rows: their domains, what they hold, and which of them are empty."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError
from aitia.system import Given

__all__ = ["filled"]


def filled(
    given: Given, columns: Sequence[str], shape: tuple[int, ...], held: str | None
) -> tuple[list[str | None], NDArray[Any], NDArray[np.bool_]]:
    """The domain of each row, (n,); its numbers or picture, (n, *shape); and whether it is to be drawn, (n,).

    Args:
        given: The rows.
        columns: Of the numbers; none of pictures.
        shape: Of one row.
        held: The domain that `do` holds for all rows.

    Returns:
        None in place of a domain that is to be drawn too, which only an empty row may lack.

    Raises:
        DataError: If a row is given in part, or is given whole and has no domain.
    """
    table, n = given.table, len(given)
    if columns:
        lacks = np.stack([table.absent(c) if c in table else np.ones(n, bool) for c in columns], axis=1)
        x: NDArray[Any] = np.zeros((n, *shape))
        for k, column in enumerate(columns):
            if column in table:
                x[:, k] = table.column(column)
        if (torn := lacks.any(axis=1) & ~lacks.all(axis=1)).any():
            row = int(np.argmax(torn))
            has, gap = (columns[int(np.argmax(side[row]))] for side in (~lacks, lacks))
            raise DataError(f"row {row} has {has!r} and lacks {gap!r}: rows are drawn whole, give all columns or none")
        gone: NDArray[np.bool_] = np.logical_and.reduce(lacks, axis=1)
    else:
        image = given.column("image") or "image"
        gone = table.absent(image) if image in table else np.ones(n, bool)
        x = np.zeros((n, *shape), np.uint8)
        if not gone.all():
            seen = given.take(np.flatnonzero(~gone)).pictures("image")
            if seen.shape[1:] != shape:
                raise DataError(f"rows have shape {seen.shape[1:]}, this model was trained on {shape}")
            x[~gone] = seen
    domain = given.column("domain")
    told: list[str | None] = [None] * n
    if held is not None:
        told = [held] * n
    elif domain is not None and domain in table:
        told = [None if label is None else str(label) for label in table.labels(domain)]
    if odd := [k for k in range(n) if told[k] is None and not gone[k]]:
        raise DataError(f"row {odd[0]} has no domain: say which, only the domain of an empty row is drawn")
    return told, x, gone
