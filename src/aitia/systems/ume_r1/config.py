"""Options of embeddings by reasoning."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["MODES", "Learner", "Mode", "Thought", "UmeR1Config"]

Mode = Literal["gen", "disc"]
"""Which embedding: after reasoning that is written, or in one pass."""
MODES: tuple[Mode, ...] = get_args(Mode)
Thought = Literal["words", "filler"]
"""What stands in the place of the reasoning that is learnt: the words given, or as many tokens that say nothing."""
THOUGHTS: tuple[Thought, ...] = get_args(Thought)
Learner = Literal["own", "trl"]
LEARNERS: tuple[Learner, ...] = get_args(Learner)
Scale = Literal["group", "batch"]
MARKUP = 5
"""Tokens of what is written that are no word: the tags and the marker."""


@dataclass(frozen=True)
class UmeR1Config:
    """Options of `UmeR1`.

    Args:
        mode: Which embedding is asked for; `disc` alone needs no reasoning in the rows.
        losses: Which of the three are learnt from: `disc` and `gen` (contrastive) and `language` (next token).
        thought: What stands in the place of the reasoning.
        steps: Updates of the cold start; 0 leaves the model as it is.
        batch: Pairs of an update.
        together: Pairs of one task that stand together in a batch, so that they are hard negatives of each other.
        chunk: Pairs whose states are held at once; 0 holds those of the batch. Gradients are the same.
        learning_rate: Of AdamW: up over 30 % of the steps, then to zero.
        words_weight: Of the language loss beside the contrastive ones.
        temperature: Divides the cosines of the contrastive losses.
        policy_steps: Updates of the policy after the cold start; 0 for none.
        policy_queries: Rows of such an update.
        policy_updates: Updates that learn from the same reasonings.
        group: Reasonings written for each.
        policy_learning_rate: Of AdamW, falling to zero.
        scale: By whose spread rewards are divided: that of each `group`, as in the source, or of the whole `batch`.
        beta: Weight of the distance to the model of the cold start.
        shuffle_reward: Whether each row is rewarded for the target of another: the control, which teaches nothing.
        learner: Whose policy optimisation: our own, or `trl`, for models that need a GPU.
        most: Tokens that are written at most.
        ask: Words between the marker of the one embedding and what is written, such as a request to think in tags.
        patch: Side of a patch of a picture, in pixels.
        codes: Codes of patches.
        pixels: On a side that pictures are scaled to; 0 wants them all of one size.
        width: Of the small decoder that is made where no model is given.
        layers: Of the same.
        heads: Of the same.
        longest: Tokens of a sequence at most; 0 takes what the rows and `most` need, or a given model bears.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    mode: Mode = "gen"
    losses: tuple[str, ...] = ("disc", "gen", "language")
    thought: Thought = "words"
    steps: int = 1500
    batch: int = 48
    together: int = 16
    chunk: int = 0
    learning_rate: float = 2e-3
    words_weight: float = 1.0
    temperature: float = 0.05
    policy_steps: int = 0
    policy_queries: int = 24
    policy_updates: int = 1
    group: int = 8
    policy_learning_rate: float = 1e-4
    scale: Scale = "batch"
    beta: float = 0.04
    shuffle_reward: bool = False
    learner: Learner = "own"
    most: int = 24
    ask: str = ""
    patch: int = 2
    codes: int = 64
    pixels: int = 0
    width: int = 128
    layers: int = 4
    heads: int = 4
    longest: int = 0
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, mode=MODES, thought=THOUGHTS, learner=LEARNERS, scale=get_args(Scale))
        need_at_least(
            self, steps=0, batch=2, together=1, chunk=0, policy_steps=0, policy_queries=2, policy_updates=1, group=2,
            most=MARKUP, patch=1, codes=2, pixels=0, width=8, layers=1, heads=1, longest=0,
        )  # fmt: skip
        for name in ("learning_rate", "policy_learning_rate", "temperature", "words_weight"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} is positive, got {getattr(self, name)}")
        if self.beta < 0:
            raise OptionError(f"beta is zero or more, got {self.beta}")
        if self.width % (2 * self.heads):
            raise OptionError(
                f"width of the small decoder is a multiple of twice its heads, got {self.width} and {self.heads}"
            )
        known = ("disc", "gen", "language")
        if not self.losses or set(self.losses) - set(known) or len(set(self.losses)) < len(self.losses):
            said = ", ".join(self.losses) or "none"
            raise OptionError(f"losses are some of {', '.join(known)}, each once, got {said}")
        if not self.generative and (self.mode == "gen" or self.policy_steps):
            raise OptionError(
                "mode gen and policy_steps need more losses than disc: take --mode disc, or add gen and language"
            )

    @property
    def generative(self) -> bool:
        """Whether what is written is learnt."""
        return self.losses != ("disc",)
