"""How to train: options of the one training loop; to read them takes no torch."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from aitia.errors import OptionError

__all__ = ["TrainConfig"]


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Args:
        steps: Updates in all.
        learning_rate: Of Adam, where no groups with their own are given.
        betas: Of Adam.
        weight_decay: Of AdamW; 0 is Adam.
        schedule: `constant`; `cosine` to zero; `one-cycle` with the peak at 30 % of the steps.
        clip: Largest norm of the gradient; None leaves it.
        seed: Of batches and noise.
        validate_every: Steps between two validations.
        patience: Validations without a better one before it stops; None goes to the end.
        checkpoint_every: Steps between two checkpoints.
        device: `auto` takes a GPU where there is one.

    Raises:
        OptionError: If a number is out of range.
    """

    steps: int
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "one-cycle"] = "constant"
    clip: float | None = None
    seed: int = 0
    validate_every: int = 100
    patience: int | None = None
    checkpoint_every: int = 500
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        for name in ("steps", "validate_every", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is at least 1, got {getattr(self, name)}")
        if not self.learning_rate > 0 or self.weight_decay < 0 or (self.clip is not None and not self.clip > 0):
            raise OptionError(
                f"learning_rate and clip are positive and weight_decay not negative, got {self.learning_rate}, "
                f"{self.clip} and {self.weight_decay}"
            )
        if self.schedule not in ("constant", "cosine", "one-cycle"):
            raise OptionError(f"schedule is constant, cosine or one-cycle, got {self.schedule!r}")
        if self.patience is not None and self.patience < 1:
            raise OptionError(f"patience is at least 1 validation, got {self.patience}")

    def rate(self, step: int) -> float:
        """Share of the learning rate at a step."""
        if self.schedule == "cosine":
            return 0.5 * (1 + float(np.cos(np.pi * step / self.steps)))
        if self.schedule == "one-cycle":
            up = max(int(0.3 * self.steps), 1)
            if step < up:
                return 0.04 + 0.96 * 0.5 * (1 - float(np.cos(np.pi * step / up)))
            return 0.5 * (1 + float(np.cos(np.pi * (step - up) / max(self.steps - up, 1)))) + 1e-4
        return 1.0
