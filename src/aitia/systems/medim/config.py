"""Options of learning and making images with their reports."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["MedimConfig"]

Objective = Literal["diffusion", "autoregressive"]
Seen = Literal["bidirectional", "causal"]
Order = Literal["ancestral", "confidence", "random"]
Positions = Literal["learned", "rotary"]


@dataclass(frozen=True)
class MedimConfig:
    """Options of `Medim`.

    Args:
        objective: `diffusion` fills masks in any order; `autoregressive` goes on from the left, for comparison.
        visibility: Who sees whom in the diffusion: all (`bidirectional`), or only those before (`causal`), which keeps
            the mask of the language model, for comparison.
        time_input: Whether the blocks are told the time of the diffusion.
        first_steps: Updates of the small model as a causal language model of the pairs, before the diffusion.
        steps: Updates of the diffusion (or of the autoregressive model, which goes on).
        batch: Pairs of an update.
        learning_rate: Of AdamW at its peak, risen to over the first third of each training, then falling to zero.
        text_weight: How much a token of a report counts in the loss.
        image_weight: The same of an image.
        given: Share of pairs whose image or report is left whole while the other is noised.
        prompt: Share of pairs whose labels are left as they are, so that what follows a label is learnt where all else
            is masked. The source has 0.1.
        whole: Share of pairs whose image or report is masked as a whole while the other is learnt.
        sampling_steps: Calls of the network that fill a row at most; never more than it has masks.
        sampler: `ancestral` fills each mask by itself, `confidence` those first that the network is surest of, `random`
            as many as the step is due, anywhere: with a step for each mask each is drawn with regard to all others.
        guidance: w of (1 + w) log p(. | given) - w log p(.); 0 has none.
        sentence_follows: Nats by which a sentence must make the label less likely that do sets, to be written anew.
        patch_follows: Total variation by which a patch of the image must be distributed otherwise to be made anew.
        patch: Side of a patch of the image, in pixels, where no image tokenizer is given.
        codes: Of the codebook of patches.
        words: Tokens of a report at most.
        cut: Whether a longer report is cut after its last whole sentence that fits; else it is refused.
        vocabulary: Words of the small model at most, the commonest; others are read as unknown and never said.
        width: Of the small model that is made where none is given.
        layers: Of the same.
        positions: How the same knows where a token stands: `learned`, a vector for each place, or `rotary`, by
            distances alone, from which a network that sees all masks at once has to find out where each of them is.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    objective: Objective = "diffusion"
    visibility: Seen = "bidirectional"
    time_input: bool = True
    first_steps: int = 500
    steps: int = 2500
    batch: int = 64
    learning_rate: float = 2e-3
    text_weight: float = 1.0
    image_weight: float = 1.0
    given: float = 0.3
    whole: float = 0.15
    prompt: float = 0.5
    sampling_steps: int = 32
    sampler: Order = "ancestral"
    guidance: float = 0.0
    sentence_follows: float = 1.0
    patch_follows: float = 0.3
    patch: int = 2
    codes: int = 64
    words: int = 48
    cut: bool = False
    vocabulary: int = 20_000
    width: int = 128
    layers: int = 4
    positions: Positions = "learned"
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(
            self, objective=get_args(Objective), visibility=get_args(Seen), sampler=get_args(Order),
            positions=get_args(Positions),
        )  # fmt: skip
        need_at_least(
            self, first_steps=0, steps=1, batch=1, sampling_steps=1, patch=1, codes=2, words=1, vocabulary=1, width=8,
            layers=1,
        )  # fmt: skip
        if not self.learning_rate > 0:
            raise OptionError(f"learning_rate is positive, got {self.learning_rate}")
        if self.width % 8:
            raise OptionError(f"the small model has 4 heads, so its width is a multiple of 8, got {self.width}")
        if self.text_weight < 0 or self.image_weight < 0 or not self.text_weight + self.image_weight:
            raise OptionError(
                f"text_weight and image_weight are from 0 on and not both 0, got {self.text_weight} and "
                f"{self.image_weight}"
            )
        if self.given < 0 or self.whole < 0 or self.given + self.whole > 1:
            raise OptionError(f"given and whole are shares of one whole, got {self.given} and {self.whole}")
        if not 0 <= self.prompt <= 1:
            raise OptionError(f"prompt is between 0 and 1, got {self.prompt}")
        if self.guidance < 0:
            raise OptionError(f"guidance is from 0 on, got {self.guidance}")
        if not 0 <= self.patch_follows <= 1:
            raise OptionError(f"patch_follows is between 0 and 1, got {self.patch_follows}")
        if self.objective == "autoregressive" and (self.visibility != "causal" or self.time_input):
            raise OptionError(
                "an autoregressive model is causal and has no time: say --visibility causal --no-time-input"
            )
