"""A metric that is a mean over the true variables, with the terms of the mean."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Score"]


@dataclass(frozen=True)
class Score:
    """A mean over the true variables that vary.

    Args:
        value: The mean.
        per_variable: Its term for each true column, None for those dropped.
        dropped: The true columns, by index, that are constant and so left out.
    """

    value: float
    per_variable: tuple[float | None, ...]
    dropped: tuple[int, ...] = ()

    @classmethod
    def of(cls, terms: Sequence[float] | np.typing.NDArray[np.float64], kept: Sequence[int], d: int) -> "Score":
        """The score with these terms for the `kept` ones of d columns."""
        placed: list[float | None] = [None] * d
        for j, term in zip(kept, terms, strict=True):
            placed[j] = float(term)
        return cls(float(np.mean(terms)), tuple(placed), tuple(j for j in range(d) if placed[j] is None))
