"""What GCRL answers with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Latents", "SampledForecast"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class SampledForecast:
    """Futures of scenes, in metres.

    Args:
        mean: Mean of the samples, (scenes, agents, future, 2).
        samples: (samples, scenes, agents, future, 2).
        spread: Root mean squared distance of the samples from their mean, (scenes, agents, future).
    """

    mean: Values
    samples: Values
    spread: Values


@dataclass(frozen=True)
class Latents:
    """What the encoders say of scenes: means and standard deviations.

    Args:
        z: (scenes, agents, z_size).
        s: (scenes, s_size).
        z_spread: As z.
        s_spread: As s.
    """

    z: Values
    s: Values
    z_spread: Values
    s_spread: Values
