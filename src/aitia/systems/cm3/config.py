"""Options of a model of pages."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["OBJECTIVES", "Cm3Config", "Objective"]

Objective = Literal["causal masking", "causal", "masked"]
"""How pages are learnt: spans moved behind the page; as they are, from the left; spans hidden, all seen."""
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)


@dataclass(frozen=True)
class Cm3Config:
    """Options of `Cm3`.

    Args:
        objective: `causal masking` is the source; `causal` and `masked` are what it is measured beside, and fill what
            they can: the one sees what stands before a hole, the other has to know how long a hole is.
        whole: Share of pages that causal masking leaves as they are; the source leaves none.
        steps: Updates.
        batch: Pages of an update.
        learning_rate: Of AdamW, falling to zero.
        patch: Side of the patches that become codes, in pixels, where no image tokenizer is given.
        codes: How many codes there are then.
        pixels: Side that pictures are scaled to; None takes them as they are, all of one size.
        shift: Pixels that a picture is moved by at most in learning, each time anew; few are else known by heart.
        width: Of the small decoder that is made where no model is given.
        layers: Of the same.
        longest: Tokens of a page at most, what is moved among it; None takes what the model does, or what the pages
            need.
        too_long: What becomes of a longer page: `refuse`, or `cut` behind the last whole element that fits.
        most: Tokens of a text that is filled in at most.
        listed: Whether the title of a link is one of those of the training pages.
        temperature: Of the pictures that are drawn; 0 takes the likeliest code.
        candidates: Pictures that are drawn for one, where the caption is known: the one is kept from which the model
            itself says the caption best.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    objective: Objective = "causal masking"
    whole: float = 0.0
    steps: int = 4000
    batch: int = 32
    learning_rate: float = 2e-3
    patch: int = 2
    codes: int = 64
    pixels: int | None = None
    shift: int = 1
    width: int = 96
    layers: int = 3
    longest: int | None = None
    too_long: Literal["refuse", "cut"] = "refuse"
    most: int = 32
    listed: bool = True
    temperature: float = 0.85
    candidates: int = 1
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, objective=OBJECTIVES, too_long=("refuse", "cut"))
        need_at_least(
            self, steps=1, batch=1, patch=1, codes=2, shift=0, width=8, layers=1, most=1, temperature=0, candidates=1
        )
        if not self.learning_rate > 0:
            raise OptionError(f"learning_rate is positive, got {self.learning_rate}")
        if not 0 <= self.whole <= 1:
            raise OptionError(f"whole is a share of the pages, 0 to 1, got {self.whole}")
        if self.width % 8:
            raise OptionError(f"the small decoder has 4 heads, so its width is a multiple of 8, got {self.width}")
        if self.pixels is not None and self.pixels < self.patch:
            raise OptionError(f"pixels is at least the side of a patch, {self.patch}, got {self.pixels}")
        if self.longest is not None and self.longest < 16:
            raise OptionError(f"longest is at least 16 tokens, got {self.longest}")
