"""Noise of a continuous variable: a distribution, drawn by pushing a uniform number through its quantile function.

The uniform number is what a seed fixes, so the same seed draws the same quantiles whatever the fitted distribution.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import DataError, OptionError
from aitia.scm._arrays import Values, frozen_array

__all__ = ["Empirical", "Gaussian", "Laplace", "Noise"]


class Noise(Protocol):
    """A distribution with mean zero unless it says otherwise."""

    def quantile(self, u: Values) -> Values:
        """The u-quantiles, shape (n,), for u in (0, 1)."""
        ...

    def scaled(self, factor: float) -> "Noise":
        """The distribution of `factor` > 0 times the noise."""
        ...

    @property
    def mean(self) -> float:
        """The mean of the distribution."""
        ...

    @property
    def variance(self) -> float:
        """The variance of the distribution."""
        ...


@dataclass(frozen=True)
class Gaussian:
    """N(0, sd^2); sd = 0 makes the mechanism deterministic."""

    sd: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.sd) and self.sd >= 0):
            raise OptionError(f"the standard deviation of a noise is zero or more, got {self.sd}")
        object.__setattr__(self, "sd", float(self.sd))

    def quantile(self, u: Values) -> Values:
        """sd times the standard normal quantile."""
        from scipy.special import ndtri

        drawn: Values = self.sd * ndtri(u)
        return drawn

    def scaled(self, factor: float) -> "Gaussian":
        """N(0, (factor sd)^2)."""
        return Gaussian(self.sd * factor)

    @property
    def mean(self) -> float:
        """Zero."""
        return 0.0

    @property
    def variance(self) -> float:
        """sd^2."""
        return self.sd**2


@dataclass(frozen=True)
class Laplace:
    """The double exponential distribution with mean 0 and this standard deviation: heavier tails than Gaussian."""

    sd: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.sd) and self.sd >= 0):
            raise OptionError(f"the standard deviation of a noise is zero or more, got {self.sd}")
        object.__setattr__(self, "sd", float(self.sd))

    def quantile(self, u: Values) -> Values:
        """The quantile function, sd / sqrt(2) in the exponent."""
        v = u - 0.5
        drawn: Values = -self.sd / np.sqrt(2) * np.sign(v) * np.log1p(-2 * np.abs(v) * (1 - 2.0**-53))
        return drawn

    def scaled(self, factor: float) -> "Laplace":
        """The same with sd times factor."""
        return Laplace(self.sd * factor)

    @property
    def mean(self) -> float:
        """Zero."""
        return 0.0

    @property
    def variance(self) -> float:
        """sd^2."""
        return self.sd**2


@dataclass(frozen=True, eq=False)
class Empirical:
    """The distribution that puts equal weight on each of these values, shape (m,), kept in ascending order."""

    values: Values

    def __post_init__(self) -> None:
        values = np.sort(np.asarray(self.values, dtype=np.float64).ravel())
        if not len(values) or not np.isfinite(values).all():
            raise DataError("an empirical noise needs at least one value, all of them finite")
        object.__setattr__(self, "values", frozen_array(values))

    MOST_VALUES = 2000

    @classmethod
    def of(cls, residuals: ArrayLike) -> "Empirical":
        """The centred residuals; more than 2000 are replaced by as many of their quantiles, variance restored."""
        r = np.sort(np.asarray(residuals, dtype=np.float64))
        sd = r.std()
        if len(r) > cls.MOST_VALUES:
            r = np.quantile(r, (np.arange(cls.MOST_VALUES) + 0.5) / cls.MOST_VALUES)
        r = r - r.mean()
        return cls(r * (sd / r.std()) if r.std() > 0 else r)

    def quantile(self, u: Values) -> Values:
        """The smallest value whose share of values below or at it exceeds u."""
        m = len(self.values)
        return self.values[np.minimum((u * m).astype(np.intp), m - 1)]

    def scaled(self, factor: float) -> "Empirical":
        """The values times factor."""
        return Empirical(self.values * factor)

    def __repr__(self) -> str:
        return f"Empirical({len(self.values)} values, sd {self.values.std():.4g})"

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return float(self.values.mean())

    @property
    def variance(self) -> float:
        """The variance of the values."""
        return float(self.values.var())
