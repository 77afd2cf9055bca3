"""How far rows are from other rows of the same kind, column by column."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.kinds import CONTINUOUS, Kind
from aitia.data.table import Table

__all__ = ["gaps", "looks"]


def gaps(rows: Data, other: Data) -> dict[str, float]:
    """See `Data.gaps`."""
    theirs = other.parts()
    found = {name: _far(array, theirs.get(name)) for name, array in rows.parts().items()}
    return found | {name: _column(name, rows.known, other.known) for name in rows.known.names}


def looks(rows: Data) -> dict[str, NDArray[Any]]:
    """What is seen of each row beside numbers and labels, by column: pictures as bytes, frames as numbers."""
    known = rows.known
    pictures = {name: known.pictures(name) for name in known.names if known.kind(name) is Kind.PICTURE}
    return {**rows.parts(), **pictures}


def _far(a: NDArray[Any], b: NDArray[Any] | None) -> float:
    if b is None or a.shape != b.shape:
        return float("inf")
    if a.dtype == np.uint8:
        return float(np.abs(a.astype(np.int64) - b.astype(np.int64)).mean() / 255) if a.size else 0.0
    return _numbers(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))


def _numbers(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return float("inf")
    here = ~np.isnan(a)
    if not here.any():
        return 0.0
    spread = float(a[here].std())
    return float(np.abs(a[here] - b[here]).max()) / (spread if spread > 0 else 1.0)


def _column(name: str, rows: Table, other: Table) -> float:
    if name not in other or rows.n != other.n:
        return float("inf")
    kind = rows.kind(name)
    if kind in CONTINUOUS:
        same = other.kind(name) in CONTINUOUS and rows.column(name).shape == other.column(name).shape
        return _numbers(rows.column(name), other.column(name)) if same else float("inf")
    if kind is Kind.PICTURE:
        return _far(rows.pictures(name), other.pictures(name)) if other.kind(name) is kind else float("inf")
    pairs = zip(rows.labels(name), other.labels(name), strict=True)
    differ = [(None if one is None else str(one)) != (None if two is None else str(two)) for one, two in pairs]
    return float(np.mean(differ))
