"""A nonlinear mechanism with additive noise: x = f(parents) + noise, f any fitted regressor.

Source:
    Hoyer, Janzing, Mooij, Peters, Schölkopf, Nonlinear causal discovery with additive noise models (2008).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from aitia.scm._arrays import Values, design
from aitia.scm.kernel import KernelTrend
from aitia.scm.mechanism import Mechanism
from aitia.scm.noise import Gaussian, Noise

__all__ = ["AdditiveNoise", "Regressor"]


class Regressor(Protocol):
    """A fitted regressor in the manner of scikit-learn."""

    def predict(self, X: Values, /) -> Any:
        """The predictions, (n,), for a design matrix (n, p)."""
        ...


@dataclass(frozen=True, eq=False)
class AdditiveNoise(Mechanism):
    """x = regressor.predict(parents) + noise.

    Args:
        parents: Names of the causes.
        regressor: Anything fitted with `predict`. `KernelTrend`, the default of `SCM.fit`, can be saved; others cannot.
        noise: Distribution of the residuals.
        parent_levels: Number of labels of each parent, 0 for a continuous one; empty means all continuous. The
            regressor sees a parent with k labels as k - 1 indicators.
    """

    parents: tuple[str, ...]
    regressor: Regressor
    noise: Noise = Gaussian(1.0)  # noqa: RUF009  # frozen, so sharing it is safe
    parent_levels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "parents", tuple(self.parents))
        object.__setattr__(self, "parent_levels", tuple(self.parent_levels) or (0,) * len(self.parents))

    @property
    def by_row(self) -> bool:
        """Whether the regressor is known to look at each row alone."""
        return isinstance(self.regressor, KernelTrend)

    @property
    def saveable(self) -> bool:
        """Whether the regressor can be written without pickle."""
        return isinstance(self.regressor, KernelTrend)

    @property
    def levels(self) -> tuple[int, ...]:
        """For each parent, its number of labels, 0 for a continuous one."""
        return self.parent_levels

    def draw(self, u: Values) -> Values:
        """Quantiles of the noise."""
        return self.noise.quantile(u)

    def solve(self, parents: Sequence[Values], noise: Values) -> Values:
        """f(parents) plus the noise."""
        return self._mean(parents, len(noise)) + noise

    def abduct(self, values: Values, parents: Sequence[Values], u: Values, name: str) -> Values:
        """x - f(parents)."""
        return values - self._mean(parents, len(values))

    def _mean(self, parents: Sequence[Values], n: int) -> Values:
        X = design(parents, self.parent_levels, n)
        return np.asarray(self.regressor.predict(X), dtype=np.float64).reshape(n)
