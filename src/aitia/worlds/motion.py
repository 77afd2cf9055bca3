"""What scenes that move share: rollout, film, gauges."""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.worlds.canvas import Canvas
from aitia.worlds.temporal import TemporalWorld
from aitia.worlds.world import Latent, Sample, Seen

__all__ = ["Form", "Image", "MotionWorld", "Range", "Values", "film", "gauge", "shade", "share"]


Values = NDArray[np.float64]


Image = NDArray[np.uint8]


Form = Literal["simple", "complex"]


Range = tuple[float, float]


_AT_ONCE = 512
"""Frames painted together: enough to be fast, few enough to stay in the cache."""


def film(sample: Sample, frames: int, size: int, paint: Callable[[Mapping[str, Values], int], Canvas]) -> Image:
    """The videos of a sample, (n, frames, size, size, 3).

    Args:
        sample: Rows whose latents are (n,) or (n, frames).
        frames: Of each video.
        size: Pixels on a side.
        paint: From latents, one value a picture, and the size to a canvas of these pictures.
    """
    rows, parts = max(1, _AT_ONCE // frames), []
    for start in range(0, len(sample), rows):
        part = sample.take(slice(start, start + rows))
        z = {
            name: (values if values.ndim == 2 else np.repeat(values, frames)).ravel()
            for name, values in part.latents.items()
        }
        parts.append(paint(z, size).image().reshape(len(part), frames, size, size, 3))
    return np.concatenate(parts)


class MotionWorld(TemporalWorld):
    """A temporal world seen as video whose constant latents are uniform on a range, the environment's where it differs.

    A subclass gives `ranges`, `moving`, `graph`, `step` and `paint`.

    Args:
        form: `simple` or `complex`, the latter with more latents.
        frames: Of a video.
        kicks: Standard deviation of the noise that is added at every frame, in the latent's unit; 0 for exact motion.

    Raises:
        OptionError: If an option is out of range.
    """

    seen: ClassVar[Seen] = "video"
    dt: ClassVar[float]
    """Seconds from frame to frame."""
    ranges: Mapping[str, Range | Mapping[str, Range]]
    """Of the constant latents that have no parents: the range of the uniform law, or one for each environment."""

    def __init__(self, form: Form = "simple", *, frames: int = 16, kicks: float = 0.0) -> None:
        if form not in ("simple", "complex"):
            raise OptionError(f"form is simple or complex, got {form!r}")
        if frames < 2:
            raise OptionError(f"a moving scene has at least 2 frames, got {frames}")
        if not (math.isfinite(kicks) and kicks >= 0):
            raise OptionError(f"kicks is a standard deviation, zero or more, got {kicks}")
        self.form, self.frames, self.kicks = form, frames, kicks

    @abstractmethod
    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The pictures of these latents, one value each a picture."""

    @property
    def is_complex(self) -> bool:
        """Whether the form is `complex`."""
        return self.form == "complex"

    @property
    def noise_laws(self) -> Mapping[str, str]:
        """The law of each latent's noise, as text."""
        return {
            latent.name: "standard normal, one a frame" if latent.varies else "uniform on [0, 1]"
            for latent in self.latents
        }

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Uniform on [0, 1] for a constant latent, standard normal for one that varies."""
        return rng.standard_normal((n, self.frames)) if self.latent(name).varies else rng.random(n)

    def uniform(self, name: str, noise: Values, env: NDArray[np.int64]) -> Values:
        """The constant latent whose noise this is, by its range."""
        given = self.ranges[name]
        if isinstance(given, Mapping):
            ends = np.array([given[label] for label in self.environments])[env]
            drawn: Values = ends[:, 0] + (ends[:, 1] - ends[:, 0]) * noise
            return drawn
        return given[0] + (given[1] - given[0]) * noise

    def constant(self, name: str, unit: str = "", kind: Literal["continuous", "angle"] = "continuous") -> Latent:
        """The latent of a name in `ranges`."""
        given = self.ranges[name]
        ends = list(given.values()) if isinstance(given, Mapping) else [given]
        return Latent(name, min(low for low, _ in ends), max(high for _, high in ends), unit, kind)

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> Image:
        """Videos, (n, frames, size, size, 3).

        Raises:
            OptionError: If a view is named: there is one, which has no name.
        """
        if view is not None:
            raise OptionError(f"this world has one view, which has no name, got view={view!r}")
        return film(sample, self.frames, size, self.paint)


def gauge(canvas: Canvas, place: int, share: Values | float, color: Sequence[float] | Values) -> None:
    """A bar at the left edge, filled to a share of its height: how a constant that has no shape is shown.

    Args:
        canvas: Where it is drawn.
        place: Number of the bar, from 0, left to right.
        share: Between 0 and 1, cut there.
        color: Of the bar.
    """
    x, height = -0.93 + 0.11 * place, 0.05 + 0.6 * np.clip(share, -0.05, 1.05)
    canvas.box(x, -0.95 + height / 2, 0.035, height / 2, 0.0, color)


def share(latent: Latent, values: Values) -> Values:
    """Where values lie in the range of their latent, 0 to 1."""
    return (values - latent.low) / (latent.high - latent.low)


def shade(first: Sequence[float], second: Sequence[float], at: Values) -> Values:
    """Colours between two, (n, 3): the first where `at` is 0, the second where it is 1."""
    weight = np.clip(at, -0.1, 1.1)[:, None]
    mixed: Values = np.clip((1 - weight) * np.asarray(first) + weight * np.asarray(second), 0, 1)
    return mixed
