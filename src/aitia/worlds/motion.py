"""Worlds seen as video: what is painted of a rollout, and bodies that move by a law."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.worlds.canvas import Canvas
from aitia.worlds.painting import film
from aitia.worlds.rollout import Rollout
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.world import Form, Seen

__all__ = ["MotionWorld", "Range", "VideoWorld"]

Values = NDArray[np.float64]
Image = NDArray[np.uint8]
Range = tuple[float, float]


class VideoWorld(Rollout):
    """A rollout of which every frame is painted. A subclass gives `paint` besides."""

    seen: ClassVar[Seen] = "video"

    @abstractmethod
    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The pictures of these latents, one value each a picture."""

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> Image:
        """Videos, (n, frames, size, size, 3).

        Raises:
            OptionError: If a view is named: there is one, which has no name.
        """
        if view is not None:
            raise OptionError(f"this world has one view, which has no name, got view={view!r}")
        return film(sample, self.frames, size, self.paint)


class MotionWorld(VideoWorld):
    """Bodies that move by a law, and constants that are uniform on a range, the environment's where it differs.

    A subclass gives `ranges`, `latents`, `graph`, `step` and `paint`; `mechanism` where a constant has parents.

    Args:
        form: `simple` or `complex`, the latter with more latents.
        frames: Of a video.
        kicks: Standard deviation of the noise that is added at every frame, in the latent's unit; 0 for exact motion.

    Raises:
        OptionError: If an option is out of range.
    """

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

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """The constant latent of a name in `ranges`."""
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
