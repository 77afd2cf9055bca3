"""Pictures as rows name them: looked at before any work, decoded when they are needed, put on a sheet with letters."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import decoded, png, scaled
from aitia.errors import FormatError
from aitia.guard import guarded
from aitia.report import image_grid
from aitia.text.choices import LETTERS
from aitia.text.prompts import LARGEST_SIDE

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
    if not isinstance(cell, str):
        return
    from PIL import Image

    if not Path(cell).stat().st_size:
        raise FormatError(f"{place}: {cell} is empty (0 bytes), and no picture: put it there again, or drop the row")
    with guarded(f"{place}: {cell}", "is no picture that can be read"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # sides are looked at below
        with Image.open(cell) as opened:
            if max(opened.size) > LARGEST_SIDE:
                raise FormatError(
                    f"{place}: {cell} has {opened.size[0]:,} x {opened.size[1]:,} pixels, and {LARGEST_SIDE:,} on a "
                    "side are taken at most: scale it down"
                )
            if (frames := getattr(opened, "n_frames", 1)) > 1:
                raise FormatError(f"{place}: {cell} moves ({frames} pictures): give one of them")
            if opened.mode == "CMYK":
                raise FormatError(f"{place}: {cell} is in colours of print (CMYK): save it in RGB")


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
