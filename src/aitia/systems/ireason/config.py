"""Options of the reader of causes in clips."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["Context", "IreasonConfig", "Use"]

Use = Literal["both", "text", "moments", "video"]
"""What a score is read from: sentences and what is seen at the moments of both events; or one of the two; or what is
seen of the clip as a whole, without saying which events are asked about. All but the first are controls."""
Context = Literal["patches", "colours"]
"""What is seen where no detector is given: squares of a frame, or what has a colour of its own in a drawn scene."""


@dataclass(frozen=True)
class IreasonConfig:
    """Options of `Ireason`.

    Args:
        use: What a score is read from.
        context: What is seen where neither a detector nor objects are given.
        texts: Encoder of sentences that is trained where none is given: a `bag` of words, or a `small` transformer.
        attention: Whether objects are pooled by attention with the event as query; else by their mean, the control.
        balanced: Whether the pairs of the same two sentences weigh the same with and without cause, so that no prior of
            the sentences is learnt.
        steps: Updates.
        batch: Pairs of an update.
        learning_rate: Of AdamW.
        width: Of all codes.
        drop: Share of sentences that are blank in training, so that a blank can be read.
        threshold: Probability from which on a pair is said to be cause and effect.
        most: Objects of a frame at most, the most certain first.
        least: Confidence below which what a captioner or detector says is left out.
        clips: Folder with a folder of frames for each clip of a table.
        pixels: On a side that these frames are scaled to.
        cache: Folder in which what is seen of a clip is kept, by the hash of its frames; empty for none.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    use: Use = "both"
    context: Context = "patches"
    texts: Literal["bag", "small"] = "bag"
    attention: bool = True
    balanced: bool = False
    steps: int = 1500
    batch: int = 256
    learning_rate: float = 2e-3
    width: int = 48
    drop: float = 0.1
    threshold: float = 0.5
    most: int = 16
    least: float = 0.3
    clips: str = ""
    pixels: int = 32
    cache: str = ""
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, use=get_args(Use), context=get_args(Context), texts=("bag", "small"))
        need_at_least(self, steps=1, batch=2, width=8, most=1, pixels=8)
        if not self.learning_rate > 0:
            raise OptionError(f"learning_rate is positive, got {self.learning_rate}")
        for name in ("drop", "threshold", "least"):
            if not 0 <= getattr(self, name) < 1:
                raise OptionError(f"{name} is a share, from 0 to below 1, got {getattr(self, name)}")
        if self.width % 4:
            raise OptionError(f"width is a multiple of 4, got {self.width}")
