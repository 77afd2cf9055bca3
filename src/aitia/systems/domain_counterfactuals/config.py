"""Options, and how the number of changing mechanisms is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError

__all__ = ["DomainCounterfactualsConfig", "SparsityChoice", "Structure", "choose_sparsity"]

Values = NDArray[np.float64]
Structure = Literal["relaxed", "canonical", "dense"]


@dataclass(frozen=True)
class DomainCounterfactualsConfig:
    """Options of `DomainCounterfactuals`.

    Args:
        changing: k, how many mechanisms may differ between domains; `auto` tries all and takes the smallest that fits.
        structure: `relaxed` (recommended), `canonical`, `dense` (no sparsity), or for images `independent` (a model for
            each domain that shares nothing but eps).
        mixing: g for tables: `linear`, `leaky` or `coupling`.
        latents: Number of latents for images; a table has as many as columns.
        restarts: Models trained side by side from different starts; the best likelihood on held-out rows is taken.
        kl_weight: Weight of the KL term, in nats, beside the squared error, which is summed over pixels.
        width: Channels of the first convolution.
        steps: Updates.
        learning_rate: Of Adam with betas (0.5, 0.999), falling to zero; None takes 0.03 for tables, 0.003 for images.
        batch: Rows of each domain a step.
        held_out: Share of rows kept for validation.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    changing: int | Literal["auto"] = 2
    structure: Structure | Literal["independent"] = "relaxed"
    mixing: Literal["linear", "leaky", "coupling"] = "leaky"
    latents: int = 10
    restarts: int = 4
    kl_weight: float = 1.0
    width: int = 32
    steps: int = 6000
    learning_rate: float | None = None
    batch: int = 250
    held_out: float = 0.1
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        if self.changing != "auto" and not (isinstance(self.changing, int) and self.changing >= 1):
            raise OptionError(f"changing is 'auto' or at least 1, got {self.changing!r}")
        if self.structure not in ("relaxed", "canonical", "dense", "independent"):
            raise OptionError(f"structure is relaxed, canonical, dense or independent, got {self.structure!r}")
        if self.mixing not in ("linear", "leaky", "coupling"):
            raise OptionError(f"mixing is linear, leaky or coupling, got {self.mixing!r}")
        if self.latents < 2 or self.restarts < 1 or self.batch < 1 or not 0 < self.held_out < 1 or self.kl_weight < 0:
            raise OptionError(
                "latents is at least 2, restarts and batch at least 1, held_out between 0 and 1, kl_weight not "
                f"negative; got {self.latents}, {self.restarts}, {self.batch}, {self.held_out}, {self.kl_weight}"
            )


@dataclass(frozen=True)
class SparsityChoice:
    """How well each number of changing mechanisms fits held-out rows; lower loss fits better.

    Args:
        tried: k, in order.
        losses: Loss on held-out rows.
        chosen: The smallest k whose loss is within one standard error of the best.
    """

    tried: tuple[int, ...]
    losses: tuple[float, ...]
    chosen: int


def choose_sparsity(losses: Mapping[int, Values]) -> SparsityChoice:
    """The smallest k whose mean loss is within one standard error of the best one's.

    Args:
        losses: On each held-out row, (rows,), by k.
    """
    tried = tuple(losses)
    best = min(tried, key=lambda k: float(losses[k].mean()))
    chosen = next(
        k
        for k in tried
        if float((losses[k] - losses[best]).mean()) <= float((losses[k] - losses[best]).std() / np.sqrt(len(losses[k])))
    )
    return SparsityChoice(tried, tuple(float(losses[k].mean()) for k in tried), chosen)
