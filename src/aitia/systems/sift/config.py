"""Options of tuning a language model to write spans."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["STRATEGIES", "SiftConfig", "Strategy"]

Strategy = Literal["multi", "single", "vanilla"]
"""Which tokens carry loss: every response, the last response, or all of the prompt too."""
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


@dataclass(frozen=True)
class SiftConfig:
    """Options of `Sift`.

    Args:
        strategy: `multi` counts the responses of all demonstrations and of the last sentence (MRC of the source),
            `single` that of the last sentence alone (SRC), `vanilla` every token.
        demonstrations: Labelled sentences before the one that is asked about, k of the source, drawn anew for every
            training sequence. What does not fit into the context is left out whole.
        instruction: Whether the task and its types stand before the demonstrations.
        steps: Updates; 0 leaves the model as it is, which is in-context learning.
        batch: Sequences of an update.
        learning_rate: Of AdamW, falling to zero.
        lora: Rank of low-rank updates of the attention (peft); 0 trains every weight.
        width: Of the small decoder that is made where no model is given.
        layers: Of the same.
        first_steps: Updates of that decoder on the plain texts, before it is tuned.
        longest: Tokens of a sequence at most; None takes what the model does.
        most: Tokens of an answer at most.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    strategy: Strategy = "multi"
    demonstrations: int = 2
    instruction: bool = False
    steps: int = 400
    batch: int = 16
    learning_rate: float = 1e-3
    lora: int = 0
    width: int = 96
    layers: int = 3
    first_steps: int = 400
    longest: int | None = None
    most: int = 64
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, strategy=STRATEGIES)
        need_at_least(self, demonstrations=0, steps=0, batch=1, lora=0, width=8, layers=1, first_steps=0, most=1)
        if not self.learning_rate > 0:
            raise OptionError(f"learning_rate is positive, got {self.learning_rate}")
        if self.width % 8:
            raise OptionError(f"the small decoder has 4 heads, so its width is a multiple of 8, got {self.width}")
        if self.longest is not None and self.longest < 8:
            raise OptionError(f"longest is at least 8 tokens, got {self.longest}")
