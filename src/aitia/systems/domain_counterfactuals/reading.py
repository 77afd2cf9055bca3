"""Rows as they are given, turned into numbers and labels, and answers turned back into the kind that was given."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.images import ImageSet
from aitia.data.table import Table
from aitia.errors import DataError

__all__ = ["as_tensor", "check_values", "like", "read", "split"]


def read(
    rows: Any, domain: str | Sequence[Any] | NDArray[Any], columns: Sequence[str] = ()
) -> tuple[NDArray[Any], list[str], tuple[str, ...]]:
    """The numbers or bytes of each row, its domain, and the columns' names."""
    if isinstance(rows, ImageSet):
        labels = rows.labels.labels(domain) if isinstance(domain, str) else domain
        return rows.images, _texts(labels, len(rows)), ()
    if isinstance(rows, np.ndarray) and rows.ndim == 4:
        return rows, _texts(domain, len(rows)), ()
    if isinstance(rows, np.ndarray) and not isinstance(domain, str):
        if rows.ndim != 2:
            raise DataError(f"rows are an array (n, m) or images (n, height, width, 3), got {rows.shape}")
        names = tuple(columns) or tuple(f"x{i}" for i in range(rows.shape[1]))
        return rows.astype(np.float64), _texts(domain, len(rows)), names
    table = Table.of(rows)
    labels = table.labels(domain) if isinstance(domain, str) else domain
    names = tuple(columns) or tuple(n for n in table.names if n != domain and table.continuous(n))
    return table.matrix(names), _texts(labels, table.n), names


def _texts(labels: Any, n: int) -> list[str]:
    if isinstance(labels, str):
        raise DataError("an array has no column of domains: give the label of each row")
    texts = [str(label) for label in labels]
    if len(texts) != n:
        raise DataError(f"there are {n} rows and {len(texts)} labels of domains")
    return texts


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


def like(
    rows: Any, new: NDArray[Any], domain: str | Sequence[Any] | NDArray[Any], labels: list[str], columns: Sequence[str]
) -> Any:
    """New numbers or bytes and their domains as rows of the kind that was given."""
    if isinstance(rows, ImageSet):
        name = domain if isinstance(domain, str) else "domain"
        return ImageSet(new, rows.labels.with_columns({name: labels}, kinds={name: "label"}), rows.source)
    if isinstance(rows, np.ndarray):
        return new
    name = domain if isinstance(domain, str) else "domain"
    changed = {column: new[:, i] for i, column in enumerate(columns)}
    return Table.of(rows).with_columns({**changed, name: labels}, kinds={name: "label"})


def as_tensor(x: NDArray[Any]) -> Tensor:
    """Numbers (n, m), or bytes (n, height, width, 3) as shares of full brightness (n, 3, height, width)."""
    if x.dtype == np.uint8:
        return torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2).float() / 255
    return torch.from_numpy(x).float()


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
