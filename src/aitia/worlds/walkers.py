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
from aitia.worlds.temporal import TemporalWorld
from aitia.worlds.world import Latent, Sample, Seen

__all__ = ["WalkersWorld"]

Values = NDArray[np.float64]


class WalkersWorld(TemporalWorld):
    """One walker a scene; see (1). `render` gives tracks, (n, 1, frames, 2) in metres.

    Args:
        alphas: Strength of the planted channel in each environment; environments are named by it.
        frames: Of a track, 0.4 s apart.

    Raises:
        OptionError: If a number is out of range.
    """

    name: ClassVar[str] = "walkers"
    seen: ClassVar[Seen] = "tracks"

    def __init__(self, alphas: Sequence[float] = (1.0, 2.0, 4.0, 8.0), frames: int = 20) -> None:
        if frames < 16 or not alphas or len(set(alphas)) < len(alphas) or not all(a > 0 for a in alphas):
            raise OptionError(
                f"alphas are different and positive and frames at least 16, got {tuple(alphas)}, {frames}"
            )
        self.frames, self.alphas = frames, tuple(float(a) for a in alphas)
        self.environments = tuple(f"{a:g}" for a in self.alphas)
        self.changes = dict.fromkeys(self.environments[1:], ("alpha",))

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

    def step(
        self,
        name: str,
        t: int,
        now: Mapping[str, Values],
        past: Mapping[str, Values],
        noise: Values,
        env: NDArray[np.int64],
    ) -> Values:
        """One line of (1)."""
        if name == "alpha":
            alpha: Values = np.array(self.alphas)[env]
            return alpha
        if name == "speed":
            return np.clip(1.0 + 0.2 * noise, 0.5, 1.5)
        before = past[name][:, -1] if t else None
        if name == "turning":
            return 0.25 * noise if before is None else 0.6 * before + 0.25 * noise
        if name == "heading":
            return np.pi * np.tanh(noise) if before is None else before + now["turning"]
        along = np.cos(now["heading"]) if name == "x" else np.sin(now["heading"])
        return noise if before is None else before + 0.4 * now["speed"] * along

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """The tracks, (n, 1, frames, 2) in metres; `size` and `view` mean nothing here."""
        return np.stack([sample["x"], sample["y"]], axis=-1)[:, None]

    def confidence(self, sample: Sample, observed: int = 8) -> Values:
        """The planted channel of the rows, (n, 1, observed)."""
        return planted_confidence(self.render(sample), sample["alpha"], observed)
