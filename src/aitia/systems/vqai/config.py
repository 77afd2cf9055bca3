"""Options of pictures that answer causal questions."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["Guide", "VqaiConfig"]

Guide = Literal["answer", "latent", "question", "words"]


@dataclass(frozen=True)
class VqaiConfig:
    """Options of `Vqai`.

    Args:
        guide: What tells the editor: the `answer` in words, the reasoner's `latent`, the `question` itself (editing by
            the prompt alone), or its `words` as the reasoner reads them, without its look at the picture (a control).
        steps: Updates of the editor.
        reasoner_steps: Updates of the reasoner.
        batch: Rows of an update.
        learning_rate: Of AdamW.
        width: Of both networks, a multiple of 3.
        pixels: On a side of the pictures that the small networks see and draw, a multiple of 4.
        shown: What a client is shown: the `picture`, or its `caption`, for a model that reads text alone.
        examples: Rows of the fit that a client is told first, as captions, questions and answers.
        tokens: Of the answer of a client at most.
        guidance: Weight of the words in a pipeline that is given.
        picture_guidance: Weight of the picture in one that has such a weight.
        draw_steps: Steps of a pipeline that is given.
        queries: Tokens by which a latent guides a pipeline.
        adapter_rate: Of AdamW, of the adapter that learns to say them; its updates are `steps`.
        log: Folder that keeps the answers of a client; an asking that was broken off goes on there.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    guide: Guide = "answer"
    steps: int = 600
    reasoner_steps: int = 2500
    batch: int = 32
    learning_rate: float = 2e-3
    width: int = 48
    pixels: int = 24
    shown: Literal["picture", "caption"] = "picture"
    examples: int = 4
    tokens: int = 64
    guidance: float = 7.5
    picture_guidance: float = 1.8
    draw_steps: int = 50
    queries: int = 8
    adapter_rate: float = 3e-4
    log: str = ""
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        fields = VqaiConfig.__annotations__
        need_one_of(self, **{name: get_args(fields[name]) for name in ("guide", "shown", "device")})
        need_at_least(
            self, steps=1, reasoner_steps=1, batch=2, width=6, pixels=8, examples=0, tokens=1, draw_steps=1, queries=1
        )  # fmt: skip
        if self.pixels % 4:
            raise OptionError(f"pixels is a multiple of 4, got {self.pixels}")
        if not self.adapter_rate > 0:
            raise OptionError(f"adapter_rate is positive, got {self.adapter_rate}")
        if not self.learning_rate > 0 or not self.guidance >= 0 or not self.picture_guidance >= 0:
            raise OptionError(
                f"learning_rate is positive, guidance and picture_guidance not negative, got {self.learning_rate}, "
                f"{self.guidance} and {self.picture_guidance}"
            )
