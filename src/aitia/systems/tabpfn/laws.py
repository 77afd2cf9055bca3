"""Laws of one number, from which the prior draws the options of each table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError

__all__ = ["Gamma", "LogUniform", "ScaledBeta"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Gamma:
    """Whole numbers: a Gamma variable rounded down and held between `least` and `most`. Small ones are likeliest."""

    shape: float
    scale: float
    least: int
    most: int

    def __post_init__(self) -> None:
        if not (self.shape > 0 and self.scale > 0 and 1 <= self.least <= self.most):
            raise OptionError(f"a Gamma law has positive shape and scale and 1 <= least <= most, got {self}")

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """(n,)."""
        drawn = rng.gamma(self.shape, self.scale, n)
        return np.clip(np.floor(drawn + self.least), self.least, self.most).astype(np.int64)


@dataclass(frozen=True)
class LogUniform:
    """Positive numbers whose logarithm is uniform."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high:
            raise OptionError(f"a log-uniform law has 0 < low <= high, got {self}")

    def draw(self, rng: np.random.Generator, n: int) -> Values:
        """(n,)."""
        return np.exp(rng.uniform(np.log(self.low), np.log(self.high), n))


@dataclass(frozen=True)
class ScaledBeta:
    """Shares: `most` times a Beta variable whose two parameters are uniform between `low` and `high`."""

    low: float
    high: float
    most: float

    def __post_init__(self) -> None:
        if not (0 < self.low <= self.high and 0 <= self.most < 1):
            raise OptionError(f"a Beta law has 0 < low <= high and a share below 1, got {self}")

    def draw(self, rng: np.random.Generator, n: int) -> Values:
        """(n,)."""
        a, b = rng.uniform(self.low, self.high, (2, n))
        drawn: Values = self.most * rng.beta(a, b)
        return drawn
