"""Options of CADET."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from aitia.errors import OptionError

__all__ = ["LOSSES", "CadetConfig", "Variant"]

LOSSES: Mapping[str, float] = MappingProxyType(
    {
        "reconstruction": 0.5,
        "label": 2.0,
        "target": 0.5,
        "style": 1.0,
        "kl": 0.1,
        "orthogonality": 3.0,
        "adversarial": 1.0,
        "counterfactual": 0.5,
        "cycle": 0.5,
    }
)
"""Weight of each loss."""

Variant = Literal["published", "adjusted", "erm"]


@dataclass(frozen=True)
class CadetConfig:
    """Options of `Cadet`.

    Args:
        variant: `published`; `adjusted`, with weights of rows and a counterfactual loss that writes and reads; `erm`, a
            classifier on the same encoder, without latents. See `aitia.systems.cadet.losses`.
        encoder: Id or folder of a Hugging Face encoder; None makes a small one over the words of the training texts.
        decoder: Id or folder of a sequence-to-sequence model with the encoder's vocabulary, such as BART beside
            RoBERTa; None writes all words at once.
        pooling: Whether h is the `first` state of the encoder, as published, or the `mean` of its states.
        drop: Losses to leave out, by name.
        weights: Whether rows are weighted so that style and label are independent; None says yes for `adjusted` alone.
        style_adversary: Weight of an adversary that reads the style from M, or from the encoder for `erm`.
        independence: Weight of HSIC(M, style | label).
        free_bits: Nats of each number of M_raw and U that cost nothing, without which M can collapse to the label; None
            takes 0.1 for `adjusted` and 0 otherwise.
        style_threshold: Where style is a score: it is 1 from here on. None takes 0 and 1, or two labels.
        threshold: P(second label) from which on a text has it; None chooses it on the validation texts.
        least_confidence: Topics with less do not count.
        u_size: Numbers of U.
        width: Of the small encoder.
        layers: Of the small encoder; 0 with pooling='mean' is a bag of embeddings.
        longest: Tokens at most.
        epochs: At most.
        batch: Texts a step.
        patience: Epochs without a better macro-F1 on the validation texts before it stops.
        encoder_rate: Learning rate of the encoder; None takes 3e-5 for a loaded one, 1e-3 for the small one.
        head_rate: Of all else; None takes 2e-4, or 1e-3 beside the small encoder.
        validation_share: Of the texts held out, where no column says which are for validation.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range, or a loss to drop unknown; names the nearest.
    """

    variant: Variant = "published"
    encoder: str | None = None
    decoder: str | None = None
    pooling: Literal["first", "mean"] = "first"
    drop: tuple[str, ...] = ()
    weights: bool | None = None
    style_adversary: float = 0.0
    independence: float = 0.0
    free_bits: float | None = None
    style_threshold: float | None = None
    threshold: float | None = None
    least_confidence: float = 0.0
    u_size: int = 16
    width: int = 64
    layers: int = 2
    longest: int = 256
    epochs: int = 20
    batch: int = 16
    patience: int = 5
    encoder_rate: float | None = None
    head_rate: float | None = None
    validation_share: float = 0.1
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "drop", tuple(self.drop))
        if self.variant not in ("published", "adjusted", "erm"):
            raise OptionError(f"variant is one of published, adjusted, erm, got {self.variant!r}")
        if self.pooling not in ("first", "mean"):
            raise OptionError(f"pooling is one of first, mean, got {self.pooling!r}")
        if self.encoder is None and self.layers < (1 if self.pooling == "first" else 0):
            raise OptionError(f"layers={self.layers} leaves nothing to read in the first state: take pooling='mean'")
        for name in self.drop:
            if name not in LOSSES:
                close = difflib.get_close_matches(str(name), LOSSES, n=1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise OptionError(f"there is no loss {name!r} to drop.{hint} There are: {', '.join(LOSSES)}")
        if "label" in self.drop:
            raise OptionError("without the loss of the label there is no classifier: drop another")
        for name in ("u_size", "width", "epochs", "batch", "patience"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is at least 1, got {getattr(self, name)}")
        if self.longest < 4:
            raise OptionError(f"longest is at least 4 tokens, got {self.longest}")
        for name in ("style_adversary", "independence", "free_bits"):
            if (getattr(self, name) or 0.0) < 0:
                raise OptionError(f"{name} is not negative, got {getattr(self, name)}")
        if self.variant == "erm" and self.decoder is not None:
            raise OptionError("erm writes no texts: leave out the decoder")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise OptionError(f"threshold lies between 0 and 1, got {self.threshold}")
        if not 0 < self.validation_share < 1:
            raise OptionError(f"validation_share lies between 0 and 1, got {self.validation_share}")

    @property
    def balanced(self) -> bool:
        """Whether the label's loss is weighted."""
        return self.variant == "adjusted" if self.weights is None else self.weights

    @property
    def spared(self) -> float:
        """Nats of each number that cost nothing."""
        return (0.1 if self.variant == "adjusted" else 0.0) if self.free_bits is None else self.free_bits

    @property
    def needs_style(self) -> bool:
        """Whether there is nothing to train without labels of style."""
        return self.variant != "erm" or self.balanced or self.style_adversary > 0 or self.independence > 0

    @property
    def rates(self) -> tuple[float, float]:
        """Learning rates of the encoder and of all else."""
        small = self.encoder is None
        return self.encoder_rate or (1e-3 if small else 3e-5), self.head_rate or (1e-3 if small else 2e-4)
