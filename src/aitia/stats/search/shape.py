"""How far columns are from a Gaussian, and from lines between them, by moments up to the fourth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.data.moments import Moments, blocks, complete, moments

__all__ = ["Shape"]

Values = NDArray[np.float64]

FEW = 20
"""Rows below which no shape is told from chance."""


@dataclass(frozen=True)
class Shape:
    """Of standardised columns. Bounds are on sizes, not p-values: what matters little is small in any number of rows.

    Args:
        n: Rows that have every value.
        third, fourth: (p,) means of z^3 and z^4.
        cross: (p, p) means of z_i^2 z_j.
        correlation: (p, p).
    """

    n: int
    third: Values
    fourth: Values
    cross: Values
    correlation: Values

    @classmethod
    def of(cls, columns: Sequence[Values], found: Moments | None = None) -> "Shape":
        """The shape of columns of equal length, in one walk over blocks of rows.

        Args:
            columns: Each (n,), NaN where missing.
            found: Their moments, where they are known already.
        """
        found = moments(columns) if found is None else found
        n, p = found.n, len(columns)
        third, fourth, cross = np.zeros(p), np.zeros(p), np.zeros((p, p))
        if n >= FEW:
            for z in blocks(complete(columns), found.mean, 1 / np.maximum(found.spread, 1e-300)):
                squares = z * z
                third += np.einsum("ij,ij->i", squares, z)
                fourth += np.einsum("ij,ij->i", squares, squares)
                cross += squares @ z.T
        return cls(n, third / max(n, 1), fourth / max(n, 1), cross / max(n, 1), found.correlation)

    @property
    def _slack(self) -> float:
        """What chance alone reaches in a small sample."""
        return float(4 / np.sqrt(max(self.n, 1)))

    def far_from_gaussian(self, names: Sequence[str]) -> str | None:
        """The first column whose skewness or kurtosis is not that of a Gaussian, in words."""
        if self.n < FEW:
            return None
        skewed = np.abs(self.third) > 0.5 + self._slack
        heavy = np.abs(self.fourth - 3) > 1 + 2 * self._slack
        odd = np.flatnonzero(skewed | heavy)
        return f"{names[int(odd[0])]!r} is far from Gaussian" if odd.size else None

    def bent(self, names: Sequence[str]) -> str | None:
        """The two columns of which one bends most with the other, in words: z_i^2 tells what a line in z_i does not."""
        if self.n < FEW:
            return None
        spread = np.sqrt(np.maximum(1 - self.correlation**2, 1e-9))
        left = self.cross - self.correlation * self.third[:, None]
        told = self.fourth - 1 > 1e-9  # the square of a column of two values, each in half of the rows, says nothing
        bent = np.abs(left) / np.sqrt(np.where(told, self.fourth - 1, np.inf))[:, None] / spread
        np.fill_diagonal(bent, 0)
        if bent.max() <= 0.15 + self._slack:
            return None
        i, j = np.unravel_index(int(bent.argmax()), bent.shape)
        return f"{names[int(j)]!r} bends with {names[int(i)]!r}"
