"""Rows as they are given, turned into numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError, unknown_variable
from aitia.system import Given

__all__ = ["as_tensor", "check_values", "numbers", "split"]


def numbers(given: Given, columns: Sequence[str] = ()) -> NDArray[Any]:
    """The bytes of pictures (n, height, width, 3), or the numbers (n, m) of these columns."""
    if given.columns("image"):
        return given.pictures("image")
    missing = [name for name in columns if name not in given.table]
    if missing:
        raise unknown_variable(missing[0], given.table.names, "table")
    return given.table.matrix(columns)


def check_values(x: NDArray[Any], columns: Sequence[str], constant: bool = True) -> None:
    """Refuses what is no number and, unless told otherwise, a column that never varies.

    Raises:
        DataError: Naming the column, and the row.
    """
    if x.dtype == np.uint8:
        return
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise DataError(f"column {columns[column]!r} has no number in row {row}: drop or fill it")
    if constant and (x.std(axis=0) == 0).any():
        raise DataError(f"column {columns[int(np.argmin(x.std(axis=0)))]!r} is constant: leave it out")


def as_tensor(x: NDArray[Any]) -> Tensor:
    """Numbers (n, m), or bytes (n, height, width, 3) as shares of full brightness (n, 3, height, width)."""
    if x.dtype == np.uint8:
        return torch.from_numpy(np.array(x)).permute(0, 3, 1, 2).float() / 255
    return torch.from_numpy(np.array(x)).float()


def split(env: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Held-out and kept rows, the same share of every domain."""
    rng = np.random.default_rng([seed, 71])
    held = []
    for d in range(int(env.max()) + 1):
        members = rng.permutation(np.flatnonzero(env == d))
        if len(members) < 2:
            raise DataError(f"a domain has {len(members)} row: at least 2 are needed")
        held.append(members[: max(int(share * len(members)), 1)])
    out = np.sort(np.concatenate(held))
    return out, np.setdiff1d(np.arange(len(env)), out)
