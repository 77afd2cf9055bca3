"""Pictures as rows name them: looked at before any work, decoded when they are needed, put on a sheet with letters."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import check_head, decoded, png, scaled
from aitia.report import image_grid
from aitia.text.choices import LETTERS

__all__ = ["Cell", "check_picture", "pixels_of", "same_picture", "sent", "sheet_of", "sized"]

Picture = NDArray[np.uint8]
Cell = str | Picture
"""A file, or bytes (height, width, 3)."""
TALL = 96
"""Pixels on a side, at least, of a small picture that a client is sent."""


def check_picture(cell: Cell, place: str) -> None:
    """Looks at the head of a file.

    Raises:
        FormatError: If it is empty, no picture, moves, is in colours of print, or too large; names the place.
    """
    if isinstance(cell, str):
        check_head(cell, place)


def pixels_of(cell: Cell) -> Picture:
    """(height, width, 3)."""
    found = decoded(cell) if isinstance(cell, str) else cell
    return found if found.shape[-1] == 3 else np.repeat(found, 3, axis=-1)


def same_picture(one: Cell, other: Cell) -> bool:
    """Whether two are the same file, or the same pixels."""
    if isinstance(one, str) and isinstance(other, str) and Path(one).resolve() == Path(other).resolve():
        return True
    a, b = pixels_of(one), pixels_of(other)
    return a.shape == b.shape and bool((a == b).all())


def sized(cell: Cell, side: int) -> Picture:
    """At (side, side, 3), by area where it is larger."""
    return scaled(pixels_of(cell), side)


def sheet_of(shown: Sequence[tuple[str, Cell]], candidates: Sequence[Cell]) -> bytes:
    """One PNG: what is shown under its name, then the candidates under their letters.

    Args:
        shown: Names and pictures.
        candidates: In the order of their letters.
    """
    heads = [name for name, _ in shown] + list(LETTERS[: len(candidates)])
    return image_grid([[pixels_of(cell) for cell in (*(c for _, c in shown), *candidates)]], heads, [""])


def sent(cell: Cell) -> bytes:
    """A picture as a PNG that is large enough to be seen."""
    found = pixels_of(cell)
    times = -(-TALL // min(found.shape[:2]))
    return png(found.repeat(times, axis=0).repeat(times, axis=1)) if times > 1 else png(found)
