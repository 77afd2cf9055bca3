"""Options of diff-quickfix."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["DiffQuickfixConfig"]


@dataclass(frozen=True)
class DiffQuickfixConfig:
    """How a concept is traced and edited, and how pictures are drawn.

    Args:
        layer: Of the text encoder, whose self-attention is edited; None takes the one that the trace says, and refuses
            where none restores `least`.
        encoder: The text encoder that is traced and edited, by its name in the pipeline.
        method: `kept` spares what the layer usually sees and makes up for the embedding of the word; `published` is the
            equation of the paper.
        ridge: Of the edit, as a share of the mean size of its keys; None takes 0.01 of `published`, as in the paper,
            where it is absolute, and 1 of `kept`, which pays for exactness elsewhere.
        later: Whether the positions behind the concept are traced and edited with its last token.
        corruption: What the trace restores from: `noise` on the embeddings of the concept's tokens, or the `other`
            prompt.
        strength: Of that noise, in standard deviations of the embeddings.
        least: Share restored, above what a random change of the same length restores, from which a place may be edited.
        traced: Prompts that are traced at most.
        denoiser: Whether blocks of the denoiser are traced too, which costs most.
        windows: Of denoising steps, in which a block is traced.
        noises: Initial noises of each prompt, the same for all that is compared.
        steps: Of drawing.
        guidance: Of drawing.
        batch: Pictures that are drawn at once; bounds memory.
        seed: Of noises and controls.

    Raises:
        OptionError: If an option is out of range.
    """

    layer: int | None = None
    encoder: str = "text_encoder"
    method: Literal["kept", "published"] = "kept"
    ridge: float | None = None
    later: bool = True
    corruption: Literal["noise", "other"] = "noise"
    strength: float = 3.0
    least: float = 0.2
    traced: int = 8
    denoiser: bool = True
    windows: int = 2
    noises: int = 2
    steps: int = 20
    guidance: float = 3.0
    batch: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        need_one_of(self, method=("kept", "published"), corruption=("noise", "other"))
        need_at_least(self, traced=1, windows=1, noises=1, steps=1, batch=1)
        if self.layer is not None and self.layer < 0:
            raise OptionError(f"layer counts from 0, got {self.layer}")
        if not (
            (self.ridge is None or self.ridge > 0) and self.strength > 0 and self.guidance >= 0 and 0 <= self.least <= 1
        ):
            raise OptionError(
                "ridge and strength are above 0, guidance is 0 or more and least a share; got "
                f"{self.ridge}, {self.strength}, {self.guidance} and {self.least}"
            )
        if self.windows > self.steps:
            raise OptionError(f"there are {self.steps} steps, which {self.windows} windows cannot share")
