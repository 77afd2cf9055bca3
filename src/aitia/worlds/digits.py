"""Handwritten digits that scikit-learn ships, with facts of each picture: its class, its stroke and its slant.

    stroke = mean ink,    slant = -cov(x, y) / var(y) of the ink, y downwards                                       (1)

Both are named by thirds within the class of the digit: a heavy four is heavier than two thirds of all fours. So the
three facts are independent by design, and every combination of them has pictures in both parts. The pictures are split
once, spread evenly over the combinations: 1,400 to learn from and 397 that are held back.

Source:
    Alpaydin and Kaynak, Optical recognition of handwritten digits, UCI 1998: 1,797 pictures of 8 by 8 pixels, in the
    copy of scikit-learn.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from aitia.nn.image_tokens import PatchVQ

__all__ = ["DIGITS", "SLANTS", "STROKES", "Digits", "digit_tokenizer", "digits", "pictures", "shifted", "slant_of"]

Codes = NDArray[np.int64]
Ink = NDArray[np.uint8]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
STROKES = ("thin", "medium", "heavy")
SLANTS = ("left", "upright", "right")
FULL = 16
"""Most ink that a pixel holds."""
HELD_BACK = 397


@dataclass(frozen=True, eq=False)
class Digits:
    """Pictures and their facts.

    Args:
        images: (n, 8, 8) ink, 0 to 16.
        digit: (n,) codes of `DIGITS`.
        stroke: (n,) codes of `STROKES`.
        slant: (n,) codes of `SLANTS`.
    """

    images: Ink
    digit: Codes
    stroke: Codes
    slant: Codes

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: Codes) -> "Digits":
        """Some of them, in the order given."""
        return Digits(self.images[rows], self.digit[rows], self.stroke[rows], self.slant[rows])

    def having(self, digit: int, stroke: int, slant: int) -> Codes:
        """Numbers of the pictures with these facts."""
        return np.flatnonzero((self.digit == digit) & (self.stroke == stroke) & (self.slant == slant))


@lru_cache(maxsize=2)
def digits(part: Literal["train", "test"]) -> Digits:
    """The pictures to learn from (1,400), or those held back (397).

    Raises:
        MissingExtraError: If scikit-learn is not installed.

    Example:
        >>> len(digits("train")), len(digits("test"))
        (1400, 397)
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtraError("the pictures of digits come with scikit-learn: pip install 'aitia[data]'") from error
    held = load_digits()
    images, digit = held.images.astype(np.uint8), held.target.astype(np.int64)
    stroke = _thirds(images.reshape(len(images), -1).mean(axis=1), digit)
    every = Digits(images, digit, stroke, _thirds(slant_of(images), digit))
    # Every so-manieth picture in the order of the facts is held back, so that no combination goes without.
    order = np.lexsort((every.slant, every.stroke, every.digit))
    counted = np.arange(len(order) + 1) * HELD_BACK // len(order)
    back = np.diff(counted) == 1
    return every.take(np.sort(order[back] if part == "test" else order[~back]))


def slant_of(images: Ink) -> NDArray[np.float64]:
    """(n,) how far the ink leans: columns to the right for each row upwards, as (1); images are (n, height, width).

    Example:
        >>> leaning = np.eye(8, dtype=np.uint8)[None, ::-1]
        >>> round(float(slant_of(leaning)[0]), 6)
        1.0
    """
    weights = images / images.sum(axis=(1, 2), keepdims=True)
    y, x = np.mgrid[: images.shape[1], : images.shape[2]]
    dy = y - (weights * y).sum(axis=(1, 2))[:, None, None]
    dx = x - (weights * x).sum(axis=(1, 2))[:, None, None]
    lean: NDArray[np.float64] = -(weights * dx * dy).sum(axis=(1, 2)) / (weights * dy * dy).sum(axis=(1, 2))
    return lean


def shifted(images: Ink, down: Codes, right: Codes) -> Ink:
    """The images moved by whole pixels, each by its own; what leaves is lost and what enters is blank.

    Args:
        images: (n, height, width).
        down: (n,) pixels down, below zero for up.
        right: (n,) pixels to the right, below zero for left.

    Raises:
        DataError: If an image is moved by its own size or more.
    """
    n, height, width = images.shape
    if n and (np.abs(down).max() >= height or np.abs(right).max() >= width):
        raise DataError(f"images of {height} by {width} pixels are moved by fewer, or nothing of them is left")
    y = np.arange(height)[None, :] - np.asarray(down)[:, None]
    x = np.arange(width)[None, :] - np.asarray(right)[:, None]
    inside = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None, :]
    moved = images[np.arange(n)[:, None, None], y.clip(0, height - 1)[:, :, None], x.clip(0, width - 1)[:, None, :]]
    return np.where(inside, moved, 0).astype(np.uint8)


def pictures(images: Ink) -> Ink:
    """Bytes (n, height, width, 3), bright ink on black, as pictures of a table and image tokenizers are."""
    grey = (images.astype(np.int64) * 255 // FULL).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=3)


@lru_cache(maxsize=2)
def digit_tokenizer(codes: int = 64) -> "PatchVQ":
    """Their tokenizer: 16 patches of 2 by 2 pixels, fitted to the pictures to learn from, moved by up to a pixel.

    Raises:
        MissingExtraError: If scikit-learn is not installed.
    """
    from aitia.nn.image_tokens import PatchVQ

    images = digits("train").images
    n = len(images)
    moved = [shifted(images, np.full(n, a), np.full(n, b)) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    return PatchVQ(patch=2, codes=codes).fit(pictures(np.concatenate(moved)))


def _thirds(values: NDArray[np.float64], digit: Codes) -> Codes:
    """(n,) 0, 1 or 2: the third of its class that a value falls in."""
    code = np.zeros(len(values), dtype=np.int64)
    for kind in np.unique(digit):
        rows = digit == kind
        code[rows] = np.searchsorted(np.quantile(values[rows], (1 / 3, 2 / 3)), values[rows], side="right")
    return code
