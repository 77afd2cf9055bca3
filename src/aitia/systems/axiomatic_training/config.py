"""Options of teaching a rule about graphs by examples."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["POSITIONS", "AxiomaticTrainingConfig"]

POSITIONS = ("none", "rotary", "learned", "sinusoidal")
Positions = Literal["none", "rotary", "learned", "sinusoidal"]


@dataclass(frozen=True)
class AxiomaticTrainingConfig:
    """Options of `AxiomaticTraining`.

    Args:
        positions: How the small decoder knows where a token stands.
        steps: Updates; 0 leaves the model as it is.
        batch: Premises of an update.
        queries: Questions of a premise that are asked in one sequence, at most; a given model is asked one.
        solved: Loss of an answer, in nats, below which premises with one more node are let in; log 2 is guessing.
        curriculum: Share of the updates after which premises of all sizes are asked at the latest; each size is let in
            after its share of that at the latest.
        learning_rate: Of AdamW at its height: it rises over the first third of the steps, without which a small decoder
            often does not start, and falls to zero.
        symbols: Names that the small decoder knows: a premise has that many nodes at most. Its names are put on them at
            random, anew in every sequence, so that any names can be asked about.
        longest: Tokens that it reads at most; learned positions beyond those of the training stay as they began.
        width: Of the small decoder.
        layers: Of the same.
        first_scale: By how much its first weights are larger than those of its library, so that a small one starts.
        lora: Rank of low-rank updates of a model that is given (peft); 0 trains every weight.
        asked: Questions that the client is asked, at most.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    positions: Positions = "none"
    steps: int = 1500
    batch: int = 64
    queries: int = 6
    solved: float = 0.3
    curriculum: float = 0.6
    learning_rate: float = 2e-3
    symbols: int = 26
    longest: int = 256
    width: int = 64
    layers: int = 3
    first_scale: float = 6.0
    lora: int = 0
    asked: int = 200
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, positions=POSITIONS)
        need_at_least(self, steps=0, batch=1, queries=1, symbols=3, longest=16, width=8, layers=1, lora=0, asked=1)
        if not self.learning_rate > 0 or not self.first_scale > 0:
            raise OptionError(
                f"learning_rate and first_scale are positive, got {self.learning_rate} and {self.first_scale}"
            )
        if not 0 <= self.curriculum <= 1 or self.solved < 0:
            raise OptionError(
                "curriculum is a share of the steps and solved is not negative, got "
                f"{self.curriculum} and {self.solved}"
            )
        if self.width % 8:
            raise OptionError(f"the small decoder has 4 heads, so its width is a multiple of 8, got {self.width}")
