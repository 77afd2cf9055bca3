"""Options of the test of siamese pictures."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["ASKED", "MucrConfig"]

ASKED = ("effect", "cause", "cue", "reason")
"""What a row may ask."""


@dataclass(frozen=True)
class MucrConfig:
    """Options of `Mucr`.

    Args:
        asks: What rows ask that do not say it: `effect`, `cause`, `cue` or `reason`; `auto` takes the effect where
            there are candidates, a cue where there are cues, and else the reason.
        setting: Whether pictures are seen, or `words`: their captions, the text setting.
        learn: What encoders are trained on: `pairs` of cause and effect, or each picture with its own `captions`, the
            control: what recognises and has seen no link.
        steps: Updates.
        batch: Rows of an update.
        learning_rate: Of AdamW.
        width: Of the codes.
        pixels: On a side of the pictures that encoders see.
        layout: How a client is shown pictures: `several` in a message, one `sheet` with letters, or `auto`: a sheet
            where several are refused.
        tokens: Of the answer of a client at most.
        log: Folder that keeps the answers of a client; an asking that was broken off goes on there.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    asks: Literal["auto", "effect", "cause", "cue", "reason"] = "auto"
    setting: Literal["pictures", "words"] = "pictures"
    learn: Literal["pairs", "captions"] = "pairs"
    steps: int = 600
    batch: int = 64
    learning_rate: float = 2e-3
    width: int = 64
    pixels: int = 32
    layout: Literal["auto", "several", "sheet"] = "auto"
    tokens: int = 16
    log: str = ""
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        fields = MucrConfig.__annotations__
        need_one_of(self, **{n: get_args(fields[n]) for n in ("asks", "setting", "learn", "layout", "device")})
        need_at_least(self, steps=1, batch=2, width=4, pixels=8, tokens=1)
        if not self.learning_rate > 0:
            raise OptionError(f"learning_rate is positive, got {self.learning_rate}")
