"""The options of next-token-concepts."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["AUTOENCODERS", "NextTokenConceptsConfig"]

AUTOENCODERS = ("none", "top-k", "batch-top-k", "l1", "p-annealing", "structured")


@dataclass(frozen=True)
class NextTokenConceptsConfig:
    """Options of `NextTokenConcepts`.

    Args:
        layer: The site whose states are read, such as `model.layers.5`; empty takes what the output layer is given,
            which is what the theorem speaks of.
        ridge: Half of it times the squared weights is added to the nats of a probe, on states of unit variance.
        share: Of the pairs, those that the probes are fitted to; the others give the directions and the scores.
        permutations: Fits with the two sides of each pair at random, or labels in random order.
        baselines: Whether a network with random weights and a bag of words are read too.
        autoencoder: Kind of the sparse autoencoder that is trained on the states; `none` trains none.
        features: Of the autoencoder; None takes four for each unit.
        sparsity: Of `l1`, `p-annealing` and `structured`, the weight of the features' size.
        k: Of `top-k` and `batch-top-k`, features that are kept.
        low_rank: Of `structured`, the weight of the linear map beside the features.
        rank: Of that map; None takes a quarter of the units.
        steps: Of the autoencoder's training.
        learning_rate: Of that training.
        batch: States a step of it.
        most: Tokens that are written after a prompt.
        longest: Tokens of a text at most.
        batch_size: Texts that run at once.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    layer: str = ""
    ridge: float = 1.0
    share: float = 0.5
    permutations: int = 10
    baselines: bool = True
    autoencoder: Literal["none", "top-k", "batch-top-k", "l1", "p-annealing", "structured"] = "none"
    features: int | None = None
    sparsity: float = 0.1
    k: int = 8
    low_rank: float = 1.0
    rank: int | None = None
    steps: int = 1000
    learning_rate: float = 2e-3
    batch: int = 256
    most: int = 16
    longest: int = 128
    batch_size: int = 64
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, autoencoder=AUTOENCODERS, device=("auto", "cpu"))
        need_at_least(self, permutations=1, k=1, steps=1, batch=1, most=1, longest=1, batch_size=1)
        if not (self.ridge > 0 and 0 < self.share < 1):
            raise OptionError(f"ridge is above 0 and share between 0 and 1, got {self.ridge} and {self.share}")
