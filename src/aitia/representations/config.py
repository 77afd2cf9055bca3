"""Options that all systems have which look for latent causes."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.train import TrainConfig

__all__ = ["DecodingConfig", "RepresentationConfig", "TransitionConfig"]

_VALIDATIONS = 10


@dataclass(frozen=True)
class RepresentationConfig:
    """Options that every method has.

    Args:
        latents: Numbers that an observation is encoded to.
        width: Channels of the first convolution, for images.
        hidden: Width of the perceptrons, for vectors.
        scale: Of vectors: `each` column has its own unit, or all have a `common` one, as befits features of images,
            where a column that varies little matters little.
        steps: Updates.
        batch: Rows a step.
        learning_rate: Of Adam, falling to zero.
        clip: Largest norm of the gradient; None leaves it.
        held_out: Share of ids kept for validation; the weights of the best validation are taken.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    latents: int = 10
    width: int = 16
    hidden: int = 64
    scale: Literal["each", "common"] = "each"
    steps: int = 2000
    batch: int = 64
    learning_rate: float = 1e-3
    clip: float | None = None
    held_out: float = 0.1
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        for name in ("latents", "width", "hidden", "steps"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is at least 1, got {getattr(self, name)}")
        if self.batch < 2 or not 0 < self.held_out < 1:
            raise OptionError(f"batch is at least 2 and held_out between 0 and 1, got {self.batch} and {self.held_out}")
        if self.scale not in ("each", "common"):
            raise OptionError(f"scale is each or common, got {self.scale!r}")
        self.training()

    def training(self) -> TrainConfig:
        """How the one training loop is run."""
        return TrainConfig(
            steps=self.steps,
            learning_rate=self.learning_rate,
            schedule="cosine",
            clip=self.clip,
            seed=self.seed,
            validate_every=max(self.steps // _VALIDATIONS, 1),
            device=self.device,
        )


@dataclass(frozen=True)
class DecodingConfig(RepresentationConfig):
    """Options of a method with a decoder.

    Args:
        kl_weight: beta; 1 is the bound on the likelihood.

    Raises:
        OptionError: If a value is out of range.
    """

    kl_weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.kl_weight >= 0:
            raise OptionError(f"kl_weight is not negative, got {self.kl_weight}")


@dataclass(frozen=True)
class TransitionConfig(DecodingConfig):
    """Options of a method with a transition prior.

    Args:
        lags: Frames before that a latent depends on.
        transition: Weight of the transition term, as a factor on `kl_weight`.
        prior_hidden: Width of the perceptrons of the transition prior.
        threshold: Influence above which an edge is in the graph, in units of the noise of the effect.

    Raises:
        OptionError: If a value is out of range.
    """

    lags: int = 1
    transition: float = 1.0
    prior_hidden: int = 32
    threshold: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lags < 1 or self.prior_hidden < 1 or self.transition < 0:
            raise OptionError(
                "lags and prior_hidden are at least 1 and transition is not negative, got "
                f"{self.lags}, {self.prior_hidden} and {self.transition}"
            )
        if not self.threshold > 0:
            raise OptionError(f"threshold is positive, got {self.threshold}")
