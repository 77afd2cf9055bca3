"""A linear mechanism: x = intercept + sum_j coefficient_j parent_j + noise.

A discrete parent with k labels enters as k - 1 indicators, its label 0 being the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aitia.errors import OptionError
from aitia.scm._arrays import Values, design_names, frozen_array, line
from aitia.scm.mechanism import Mechanism
from aitia.scm.noise import Gaussian, Noise

__all__ = ["Linear"]


@dataclass(frozen=True, eq=False)
class Linear(Mechanism):
    """x = intercept + coefficients . parents + noise.

    Args:
        parents: Names of the causes.
        coefficients: One for each continuous parent, k - 1 for a discrete one with k labels, in order of the parents.
        intercept: The mean of x where all parents are 0.
        noise: Its distribution; N(0, 1) unless given.
        parent_levels: Number of labels of each parent, 0 for a continuous one; empty means all continuous.

    Raises:
        OptionError: If the number of coefficients does not fit the parents, or one is not finite.

    Example:
        >>> line = Linear(("x", "z"), [2.0, -1.0], intercept=0.5)
        >>> line.solve([np.array([1.0]), np.array([3.0])], np.array([0.0])).tolist()
        [-0.5]
    """

    parents: tuple[str, ...] = ()
    coefficients: Values = ()  # type: ignore[assignment]  # any sequence is taken and frozen
    intercept: float = 0.0
    noise: Noise = Gaussian(1.0)  # noqa: RUF009  # frozen, so sharing it is safe
    parent_levels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "parents", tuple(self.parents))
        object.__setattr__(self, "parent_levels", tuple(self.parent_levels) or (0,) * len(self.parents))
        object.__setattr__(self, "coefficients", frozen_array(self.coefficients))
        object.__setattr__(self, "intercept", float(self.intercept))
        wanted = design_names(self.parents, self.parent_levels)
        if self.coefficients.shape != (len(wanted),):
            raise OptionError(
                f"a linear mechanism of {list(wanted)} takes {len(wanted)} coefficients, "
                f"got shape {self.coefficients.shape}"
            )
        if not (np.isfinite(self.coefficients).all() and np.isfinite(self.intercept)):
            raise OptionError("coefficients and intercept of a linear mechanism are finite numbers")

    @property
    def levels(self) -> tuple[int, ...]:
        """For each parent, its number of labels, 0 for a continuous one."""
        return self.parent_levels

    def draw(self, u: Values) -> Values:
        """Quantiles of the noise."""
        return self.noise.quantile(u)

    def solve(self, parents: Sequence[Values], noise: Values) -> Values:
        """The line plus the noise."""
        mean = self._mean(parents, len(noise))
        mean += noise
        return mean

    def abduct(self, values: Values, parents: Sequence[Values], u: Values, name: str) -> Values:
        """x minus the line."""
        return values - self._mean(parents, len(values))

    def _mean(self, parents: Sequence[Values], n: int) -> Values:
        mean = line(parents, self.parent_levels, self.coefficients, n)
        mean += self.intercept
        return mean
