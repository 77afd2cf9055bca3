"""What every column that holds no numbers answers."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.kinds import Kind

__all__ = ["Cells", "absent", "as_list", "cells_of", "looks_like", "picked"]


class Cells(ABC):
    """A column that holds no numbers; immutable."""

    kind: ClassVar[Kind]
    use: ClassVar[str]
    """How its cells are had, with NAME for the column."""

    @classmethod
    @abstractmethod
    def of(cls, name: str, values: Any, folder: Path | None = None) -> Self:
        """The column that a user's values are.

        Args:
            name: Of the column, for messages.
            values: One a row.
            folder: Where the files are that the values name.

        Raises:
            DataError: If a value is of another kind.
        """

    @abstractmethod
    def __len__(self) -> int:
        """Rows."""

    @abstractmethod
    def take(self, rows: NDArray[Any] | slice) -> Self:
        """These rows, by position or boolean mask."""

    @abstractmethod
    def cells(self) -> list[Any]:
        """Each row's value in plain Python, None where it is missing; `of` takes it back."""

    @abstractmethod
    def told(self) -> list[str]:
        """Each row's value as text for a file, empty where it is missing; `of` takes it back."""

    @abstractmethod
    def digest(self) -> str:
        """SHA-256 of the content."""

    @property
    @abstractmethod
    def missing(self) -> NDArray[np.bool_]:
        """(n,) where there is nothing."""


def cells_of(kind: Kind, name: str, values: Any, folder: Path | None = None) -> Cells:
    """The column of this kind; its file is loaded here."""
    column: type[Cells] = importlib.import_module(f"aitia.data.columns.{kind.value}").Column
    return column.of(name, values, folder)


def looks_like(values: Any) -> Kind | None:
    """The kind of values that can be nothing but pictures or lists; None for all others."""
    if getattr(values, "dtype", None) == np.uint8 and getattr(values, "ndim", 0) == 4:
        return Kind.PICTURE
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return None
    if dtype is not None and str(dtype) != "object":
        return None
    first = next((value for value in as_list(values) if not absent(value)), None)
    if (hasattr(first, "convert") and hasattr(first, "size")) or _is_picture(first):
        return Kind.PICTURE
    if isinstance(first, (list, tuple, np.ndarray)):
        # Numbers, as many in each row, are a vector: one variable with several numbers.
        lengths = {_length(value) for value in as_list(values) if not absent(value)}
        nested = any(isinstance(entry, (list, tuple, dict)) for entry in first)  # of several lengths it is no array
        vector = len(lengths) == 1 and len(first) and not nested and np.asarray(first).dtype.kind in "iuf"
        return None if vector else Kind.LIST
    return None


def _length(value: Any) -> int | None:
    """Of a list; None of what is none."""
    return len(value) if isinstance(value, (list, tuple)) or np.ndim(value) else None


def as_list(values: Any) -> list[Any]:
    """The values of any column as a list."""
    if isinstance(values, (list, tuple)):
        return list(values)
    if isinstance(values, np.ndarray):
        return list(values) if values.ndim > 1 else values.tolist()
    to_list = getattr(values, "tolist", None) or getattr(values, "to_list", None)
    return list(to_list()) if to_list is not None else list(values)


def absent(value: Any) -> bool:
    """Whether a cell is empty: None, a NaN, or what a frame writes for them."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _is_picture(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3


def picked(values: Sequence[Any], rows: NDArray[Any] | slice) -> list[Any]:
    """These of the values."""
    if isinstance(rows, slice):
        return list(values[rows])
    index = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
    return [values[i] for i in index]
