"""Options of gedi."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError

__all__ = ["GediConfig"]


@dataclass(frozen=True)
class GediConfig:
    """Options of `Gedi`.

    Args:
        clusters: K, at least 2.
        prior: The share of each cluster, adding up to 1; empty: all the same.
        generative: Weight of (3), the energy; 0 leaves it out.
        invariance: Weight of (4), the agreement of two views.
        usage: Weight of (5), how often clusters are used.
        sums: Weight of (6), where sums of clusters are known.
        energy_decay: Weight of the square of the log-density of data and draws, which keeps energies from drifting.
        head: `linear`, or `prototypes`: the cosine to each cluster's prototype over `temperature`.
        temperature: Of `head="prototypes"`.
        network: `dense`, `convolution`, or `auto`: the second for pictures of more than 16 pixels on a side.
        hidden: Units of the two hidden layers of the dense network.
        width: Channels of the first convolution.
        turn: Largest turn of a view of a picture, in degrees.
        zoom: Largest change of its size, as a part of one.
        shift: Largest shift, as a share of the side.
        light: Largest change of its brightness, as a part of one.
        flip: Whether half of the views are mirrored, left to right.
        grain: Standard deviation of the noise of a view: of a pixel, white being 1 and black -1, or of a number in
            standard deviations of its column.
        walk: Langevin steps before each update.
        step: a of (2); None takes 4 for pictures and 0.1 for numbers.
        noise: s of (2); None takes 0.05 for pictures and 0.1 for numbers.
        buffer: Draws that are kept and walked on with.
        restart: Share of them that begins anew.
        draw_walk: Langevin steps of a draw, from one of the buffer.
        warm_up: Updates of the energy alone before the rest of the loss sets in.
        steps: Updates.
        learning_rate: Of Adam, falling to zero.
        batch: Rows an update.
        held_out: Share of the rows whose energies say what is usual; the training does not see them.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range, or the prior is none.
    """

    clusters: int = 10
    prior: tuple[float, ...] = ()
    generative: float = 3.0
    invariance: float = 20.0
    usage: float = 50.0
    sums: float = 50.0
    energy_decay: float = 0.01
    head: Literal["linear", "prototypes"] = "prototypes"
    temperature: float = 0.1
    network: Literal["auto", "dense", "convolution"] = "auto"
    hidden: int = 128
    width: int = 16
    turn: float = 15.0
    zoom: float = 0.1
    shift: float = 0.1
    light: float = 0.2
    flip: bool = False
    grain: float = 0.1
    walk: int = 10
    step: float | None = None
    noise: float | None = None
    buffer: int = 1000
    restart: float = 0.2
    draw_walk: int = 100
    warm_up: int = 0
    steps: int = 1500
    learning_rate: float = 1e-3
    batch: int = 128
    held_out: float = 0.1
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        if self.clusters < 2:
            raise OptionError(f"there are at least 2 clusters, got {self.clusters}")
        self._check_prior()
        for name in ("generative", "invariance", "usage", "sums", "energy_decay", "grain", "turn"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise OptionError(f"{name} is not negative, got {getattr(self, name)}")
        for name in ("zoom", "shift", "light", "restart"):
            if not 0 <= getattr(self, name) < 1:
                raise OptionError(f"{name} lies between 0 and 1, got {getattr(self, name)}")
        for name in ("hidden", "width", "walk", "buffer", "draw_walk", "steps", "batch"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is at least 1, got {getattr(self, name)}")
        for name in ("temperature", "learning_rate"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} is positive, got {getattr(self, name)}")
        if (self.step is not None and not self.step > 0) or (self.noise is not None and not self.noise >= 0):
            raise OptionError(f"step is positive and noise not negative, got {self.step} and {self.noise}")
        if self.warm_up < 0 or not 0 < self.held_out < 1:
            raise OptionError(
                f"warm_up is not negative and held_out between 0 and 1, got {self.warm_up} and {self.held_out}"
            )
        if self.generative == self.invariance == self.usage == self.sums == 0:
            raise OptionError("nothing is trained: generative, invariance, usage and sums are all 0")

    def _check_prior(self) -> None:
        if not self.prior:
            return
        if len(self.prior) != self.clusters:
            raise OptionError(f"prior has a share for each of {self.clusters} clusters, got {len(self.prior)}")
        if not all(math.isfinite(share) and share > 0 for share in self.prior):
            raise OptionError(
                f"each share of prior is above 0, got {min(self.prior)}: a cluster that is never used is left out"
            )
        total = math.fsum(self.prior)
        if abs(total - 1) > 1e-6:
            raise OptionError(f"the shares of prior add up to 1, got {total:.6g}: divide each by that")

    def stepping(self, picture: bool) -> tuple[float, float]:
        """a and s of (2)."""
        step, noise = (4.0, 0.05) if picture else (0.1, 0.1)
        return step if self.step is None else self.step, noise if self.noise is None else self.noise

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of each cluster, (K,)."""
        return np.array(self.prior) if self.prior else np.full(self.clusters, 1 / self.clusters)
