"""Options of embedding texts with a causal language model."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of
from aitia.systems.causal2vec.arms import ARMS, Arm

__all__ = ["Causal2VecConfig"]


@dataclass(frozen=True)
class Causal2VecConfig:
    """Options of `Causal2Vec`.

    Args:
        arm: How the decoder is made to embed: `causal2vec`, or one of those that it is held against; see `arms.py`.
        steps: Updates of the contrastive training; 0 leaves the models as they are.
        batch: Queries of an update.
        temperature: Divides the cosines.
        learning_rate: Of the decoder, falling to zero.
        encoder_rate: Of the encoder and of the map from its state to the contextual token; None takes half of
            `learning_rate`.
        chunk: Texts that are embedded at once in training, in the memory of so many (gradient caching); None takes all.
        lora: Rank of low-rank updates of the decoder's attention (peft); 0 trains every weight.
        width: Of the small decoder that is made where no model is given.
        layers: Of the same.
        encoder_width: Of the small encoder that is made where none is given.
        encoder_layers: Of the same.
        first_steps: Updates of each of these two on the plain texts, before they embed.
        longest: Tokens of the decoder at most; None takes what it bears.
        kept: Positives of the fit that `predict` looks among, the first of them.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    arm: Arm = "causal2vec"
    steps: int = 400
    batch: int = 32
    temperature: float = 0.05
    learning_rate: float = 1e-3
    encoder_rate: float | None = None
    chunk: int | None = None
    lora: int = 0
    width: int = 96
    layers: int = 3
    encoder_width: int = 32
    encoder_layers: int = 2
    first_steps: int = 400
    longest: int | None = None
    kept: int = 10_000
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, arm=ARMS)
        need_at_least(
            self, steps=0, batch=2, lora=0, width=8, layers=1, encoder_width=8, encoder_layers=1, first_steps=0, kept=1
        )
        for name in ("temperature", "learning_rate", "encoder_rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise OptionError(f"{name} is positive, got {value}")
        for name, least in (("chunk", 1), ("longest", 8)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise OptionError(f"{name} is at least {least}, got {value}")
        for name in ("width", "encoder_width"):
            if getattr(self, name) % 8:
                raise OptionError(
                    f"the small models have 4 heads, so {name} is a multiple of 8, got {getattr(self, name)}"
                )

    @property
    def rate_of_encoder(self) -> float:
        """`encoder_rate`, or half of the decoder's."""
        return self.learning_rate / 2 if self.encoder_rate is None else self.encoder_rate
