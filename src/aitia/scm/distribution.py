"""An exact joint distribution over a few discrete variables, as exact queries return it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError, join_names, unknown_variable
from aitia.scm._arrays import frozen_array

__all__ = ["Distribution"]


@dataclass(frozen=True, eq=False)
class Distribution:
    """Probabilities of every combination of labels.

    Args:
        names: The variables, one axis each.
        categories: The labels of each.
        p: Shape (k_1, ..., k_m), summing to 1.

    Example:
        >>> coins = Distribution(("a", "b"), (("h", "t"), ("h", "t")), [[0.5, 0.2], [0.1, 0.2]])
        >>> coins["h", "t"], round(coins.probability(b="h"), 3)
        (0.2, 0.6)
        >>> print(coins.marginal("a"))
        a  probability
        h       0.7000
        t       0.3000
    """

    names: tuple[str, ...]
    categories: tuple[tuple[Any, ...], ...]
    p: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", frozen_array(self.p))
        if self.p.shape != tuple(map(len, self.categories)) or len(self.names) != self.p.ndim:
            raise OptionError(f"probabilities have shape {self.p.shape}, the labels need one axis a variable")

    def __getitem__(self, labels: Any) -> float:
        """The probability of these labels, one a variable."""
        wanted = labels if isinstance(labels, tuple) else (labels,)
        if len(wanted) != len(self.names):
            raise OptionError(f"{len(wanted)} labels for the variables {join_names(self.names)}")
        return self.probability(**dict(zip(self.names, wanted, strict=True)))

    def probability(self, **labels: Any) -> float:
        """The probability that these variables have these labels, whatever the others are."""
        return float(self.marginal(labels).p[tuple(self._code(name, labels[name]) for name in self._inside(labels))])

    def marginal(self, names: str | Iterable[str]) -> "Distribution":
        """The distribution of these variables alone, in the order that they have here."""
        kept = self._inside([names] if isinstance(names, str) else names)
        axes = [self.names.index(name) for name in kept]
        out = tuple(axis for axis in range(self.p.ndim) if axis not in axes)
        return Distribution(kept, tuple(self.categories[axis] for axis in axes), self.p.sum(axis=out))

    def __iter__(self) -> Iterator[tuple[tuple[Any, ...], float]]:
        """Every combination of labels with its probability."""
        for index in np.ndindex(self.p.shape):
            labels = tuple(labels[code] for labels, code in zip(self.categories, index, strict=True))
            yield labels, float(self.p[index])

    def __str__(self) -> str:
        rows = [(*map(str, labels), f"{p:.4f}") for labels, p in self]
        shown = [(*self.names, "probability"), *rows[:50]]
        widths = [max(len(row[i]) for row in shown) for i in range(len(self.names) + 1)]
        lines = []
        for row in shown:
            left = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
            lines.append("  ".join([*left, row[-1].rjust(widths[-1])]))
        return "\n".join(lines + [f"... and {len(rows) - 50} more"] * (len(rows) > 50))

    def _inside(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted = tuple(names)
        for name in wanted:
            if name not in self.names:
                raise unknown_variable(name, self.names, "distribution")
        return tuple(name for name in self.names if name in wanted)

    def _code(self, name: str, label: Any) -> int:
        labels = self.categories[self.names.index(name)]
        if label not in labels:
            raise OptionError(f"{label!r} is not a label of {name!r}: it has {join_names(labels)}")
        return labels.index(label)
