"""What the experiments that have ended share: gravity where it is no latent, and divisors kept off zero."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["GRAVITY", "positive"]

GRAVITY = 9.81
"""In m/s², where it is no latent."""


def positive(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a formula divides by, kept off zero: `do` may hold a latent at any number."""
    return np.maximum(values, 1e-6)
