"""Options of the test of causal order."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["Tune", "VqaCausalConfig"]

Tune = Literal["full", "lora", "none"]
"""What of a model that is given is trained: all, low-rank updates of its attention, or nothing."""


@dataclass(frozen=True)
class VqaCausalConfig:
    """Options of `VqaCausal`.

    Args:
        tune: What of a model that is given is trained; `none` judges it as it is.
        steps: Updates.
        batch: Pictures of an update.
        learning_rate: Of AdamW.
        causal: Share of the pictures of an update that are shown with a sentence, and not with their plain caption,
            where rows have one.
        negatives: Whether the reversed sentence stands among the texts of an update.
        order: Whether the small model reads words in their order; without, it is a bag of words, the control.
        rank: Of low-rank updates.
        width: Of the codes of the small model.
        layers: Of its text encoder.
        pixels: On a side of the pictures that it sees.
        images: Folder of the pictures that the role `named` names.
        missing: Whether rows whose picture is not there are left out and counted (`drop`), or refused.
        blind: Ask a client about the sentences without the picture: the control.
        forward: Further connectives, with the cause before them.
        backward: Further connectives, with the effect before them.
        tokens: Of the answer of a client at most.
        log: Folder that keeps the answers of a client; an asking that was broken off goes on there.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    tune: Tune = "full"
    steps: int = 1600
    batch: int = 64
    learning_rate: float = 1e-3
    causal: float = 0.5
    negatives: bool = True
    order: bool = True
    rank: int = 8
    width: int = 64
    layers: int = 2
    pixels: int = 28
    images: str = ""
    missing: Literal["drop", "refuse"] = "drop"
    blind: bool = False
    forward: tuple[str, ...] = ()
    backward: tuple[str, ...] = ()
    tokens: int = 8
    log: str = ""
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, tune=get_args(Tune), missing=("drop", "refuse"))
        need_at_least(self, steps=1, batch=2, rank=1, width=8, layers=1, pixels=8, tokens=1)
        if not self.learning_rate > 0:
            raise OptionError(f"learning_rate is positive, got {self.learning_rate}")
        if not 0 <= self.causal <= 1:
            raise OptionError(f"causal is a share, from 0 to 1, got {self.causal}")
        if self.width % 4:
            raise OptionError(f"width is a multiple of the 4 heads, got {self.width}")
