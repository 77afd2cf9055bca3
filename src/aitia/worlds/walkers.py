"""Walkers that turn at random, seen with a confidence that leaks where they will turn.

    h(t+1) = h(t) + w(t),   w(t+1) = 0.6 w(t) + 0.25 noise,   x(t+1) = x(t) + 0.4 s v (cos h, sin h)                (1)

The confidence of `aitia.data.tracks.planted_confidence` is what varies between environments, by a factor alpha. A
forecaster that trusts it fails where alpha is another; one that goes by the track alone does not care.

Source:
    Liu, Cadei, Schweizer, Bahmani and Alahi, Towards Robust and Adaptive Motion Forecasting, CVPR 2022, section 4.1,
    for the planted channel; the walkers are ours, so that the experiment needs no data of others.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.tracks import planted_confidence
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.rollout import Frame
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.tracks import TracksWorld

__all__ = ["WalkersWorld"]

Values = NDArray[np.float64]


class WalkersWorld(TracksWorld):
    """One walker a scene; see (1). `render` gives tracks, (n, 1, frames, 2) in metres.

    Args:
        alphas: Strength of the planted channel in each environment; environments are named by it.
        frames: Of a track, 0.4 s apart.

    Raises:
        OptionError: If a number is out of range.
    """

    name: ClassVar[str] = "walkers"
    graded: ClassVar[str] = "alpha"

    def __init__(self, alphas: Sequence[float] = (1.0, 2.0, 4.0, 8.0), frames: int = 20) -> None:
        if frames < 16:
            raise OptionError(f"a track has at least 16 frames, got {frames}")
        super().__init__(alphas, frames)

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """Speed and alpha; turning rate, heading and position by frame."""
        return (
            Latent("alpha", 0.5, 64.0),
            Latent("speed", 0.5, 1.5, "m/s"),
            Latent("turning", -1.0, 1.0, "rad", varies=True),
            Latent("heading", -np.pi, np.pi, "rad", "angle", varies=True),
            Latent("x", -10.0, 10.0, "m", varies=True),
            Latent("y", -10.0, 10.0, "m", varies=True),
        )

    @cached_property
    def graph(self) -> Graph:
        """(1); alpha touches only the channel, which is no latent."""
        edges = [("turning", "heading"), ("heading", "x"), ("heading", "y"), ("speed", "x"), ("speed", "y")]
        return Graph(edges, [latent.name for latent in self.latents])

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """Alpha by environment, and how fast someone walks."""
        return self.level(env) if name == "alpha" else np.clip(1.0 + 0.2 * noise, 0.5, 1.5)

    def step(self, name: str, frame: Frame) -> Values:
        """One line of (1)."""
        if name == "turning":
            return 0.6 * frame.before(name) + 0.25 * frame.noise if frame.t else 0.25 * frame.noise
        if name == "heading":
            return frame.before(name) + frame["turning"] if frame.t else np.pi * np.tanh(frame.noise)
        if frame.t == 0:
            return frame.noise
        along = np.cos(frame["heading"]) if name == "x" else np.sin(frame["heading"])
        return frame.before(name) + 0.4 * frame["speed"] * along

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """The tracks, (n, 1, frames, 2) in metres; `size` and `view` mean nothing here."""
        return np.stack([sample["x"], sample["y"]], axis=-1)[:, None]

    def confidence(self, sample: Sample, observed: int = 8) -> Values:
        """The planted channel of the rows, (n, 1, observed)."""
        return planted_confidence(self.render(sample), sample["alpha"], observed)
