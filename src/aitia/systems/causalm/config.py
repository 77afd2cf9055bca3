"""The options of CausaLM, and those of its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aitia.errors import OptionError
from aitia.nn.choices import TEXT_POOLINGS, TextPooling
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["OF_TREATMENT", "PUBLISHED", "CausaLMConfig"]

PUBLISHED: Mapping[str, Any] = {
    "adversaries": ("mean",), "objective": "reversal", "strength": 1.0, "ramp": False, "adversary_updates": 1,
    "balanced": False, "hold": False, "closed_form": False, "pooling": "attention",
}  # fmt: skip
"""The source's settings, as options of `CausaLMConfig`."""

OF_TREATMENT = frozenset({*PUBLISHED, "placebo", "head_steps"})
"""Options that stages (i) and phi_O do not depend on."""


@dataclass(frozen=True)
class CausaLMConfig:
    """Options of `CausaLM`.

    Args:
        tag: Where the concept is given as tags of words, the tag that it is about, such as `ADJ`.
        family: Whether it predicts masked words or the next one.
        adversaries: How they pool the states of the tokens: `mean`, `attention` or both.
        objective: `reversal` or `confusion`; see the module.
        strength: lambda of (1).
        ramp: Whether lambda grows from 0 as in Ganin et al.; otherwise it is constant.
        adversary_updates: Updates of the adversaries for each one of the encoder.
        balanced: Whether texts are weighed so that the concept is independent of label and controls.
        hold: Whether an adversary at chance does not push.
        closed_form: Whether the concept is also taken out of the mean state in closed form.
        pooling: Of the heads for the task.
        placebo: Whether everything is also trained with a shuffled concept.
        mask: Probability that a word is masked.
        first_steps: Updates of stage (i), for a small model.
        steps: Updates of the encoder in stage (ii).
        head_steps: Updates of stage (iii), at most.
        learning_rate: Of Adam on the encoder, falling to zero; 3e-5 is the source's for a large one.
        first_learning_rate: The same in stage (i).
        head_learning_rate: Of adversaries and control heads, and of stage (iii).
        batch: Texts an update.
        words: Of a small model's vocabulary, the most frequent ones.
        width: Of a small model.
        layers: Of a small model.
        longest: Tokens of a text at most.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    tag: str | None = None
    family: Literal["masked", "causal"] = "masked"
    adversaries: tuple[TextPooling, ...] = ("mean", "attention")
    objective: Literal["reversal", "confusion"] = "confusion"
    strength: float = 1.0
    ramp: bool = True
    adversary_updates: int = 2
    balanced: bool = True
    hold: bool = True
    closed_form: bool = True
    pooling: TextPooling = "mean"
    placebo: bool = True
    mask: float = 0.15
    first_steps: int = 600
    steps: int = 500
    head_steps: int = 600
    learning_rate: float = 3e-4
    first_learning_rate: float = 2e-3
    head_learning_rate: float = 2e-3
    batch: int = 64
    words: int = 8000
    width: int = 64
    layers: int = 2
    longest: int = 128
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "adversaries", tuple(self.adversaries))
        need_one_of(self, family=("masked", "causal"), objective=("reversal", "confusion"), pooling=TEXT_POOLINGS)
        if not self.adversaries or not set(self.adversaries) <= set(TEXT_POOLINGS):
            raise OptionError(f"adversaries are one or more of {', '.join(TEXT_POOLINGS)}, got {self.adversaries}")
        counts = ("adversary_updates", "first_steps", "steps", "head_steps", "batch", "words", "layers", "longest")
        need_at_least(self, **dict.fromkeys(counts, 1))
        if not 0 < self.mask < 1 or self.strength < 0:
            raise OptionError(f"mask is between 0 and 1 and strength 0 or more, got {self.mask} and {self.strength}")
        if self.closed_form and self.pooling != "mean":
            raise OptionError("the closed form acts on the mean state: take pooling='mean' or closed_form=False")
        if self.tag is not None and self.family != "masked":
            raise OptionError("a concept of words is hidden at masked words: take family='masked'")
