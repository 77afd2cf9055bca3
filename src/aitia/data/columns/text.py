"""Columns of text."""

import hashlib
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.cells import Cells, absent, as_list, picked
from aitia.data.kinds import Kind
from aitia.errors import DataError

__all__ = ["Column"]


class Column(Cells):
    """Texts, None where one is missing."""

    kind = Kind.TEXT
    use = "table.texts(NAME)"

    def __init__(self, texts: tuple[str | None, ...]) -> None:
        self.texts = texts

    @classmethod
    def of(cls, name: str, values: Any, folder: Path | None = None) -> Self:
        """Texts; a number or a truth value is written out."""
        texts: list[str | None] = []
        for row, value in enumerate(as_list(values)):
            if not absent(value) and not isinstance(value, (str, bool, int, float, np.generic)):
                raise DataError(f"column {name!r} is declared text, row {row} holds a {type(value).__name__}")
            texts.append(None if absent(value) else value if isinstance(value, str) else str(value))
        return cls(tuple(texts))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: NDArray[Any] | slice) -> Self:
        """These rows."""
        return type(self)(tuple(picked(self.texts, rows)))

    def cells(self) -> list[Any]:
        """The texts."""
        return list(self.texts)

    def told(self) -> list[str]:
        """The texts, empty where missing."""
        return [text or "" for text in self.texts]

    def digest(self) -> str:
        """SHA-256 of every text with its length."""
        digest = hashlib.sha256()
        for text in self.texts:
            packed = b"" if text is None else text.encode("utf-8", "surrogatepass")
            digest.update(f"{-1 if text is None else len(packed)}:".encode() + packed)
        return digest.hexdigest()

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where there is no text."""
        return np.array([text is None for text in self.texts], dtype=bool)
