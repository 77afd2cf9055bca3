"""Options of the decoupling of varieties."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["FEWEST", "LARGEST", "DecouplingConfig"]

FEWEST = 50
"""Sentences that a variety needs, for a probe to say anything of it."""
LARGEST = 8
"""Directions of a variety's subspace at most, where their number is not given."""


@dataclass(frozen=True)
class DecouplingConfig:
    """Options of `Decoupling`.

    Args:
        dominant: The dominant variety, a label of the column of varieties; a fit needs it.
        layers: Which layers: numbers of blocks, negative ones from the end, or sites; None takes every block.
        strength: lambda; 0 is plain fine-tuning.
        every: Steps between two fits of the probe; None fits it at the start only.
        penalty: `published` is (2), `relative` is (3).
        subspace: `dominant` is (1); `random` and `whole` are controls, see the module.
        of_variety: The variety whose subspace is taken in place of the dominant one's, as a control.
        hard: Whether the subspace is projected out of every state, without a penalty.
        rank: Directions of (1); None takes what holds 90 % of the squares.
        certain: Whether a difference in (1) is divided by its standard deviation.
        ramp: Steps after a fit over which lambda grows to its value.
        probe_steps: Of the variational probe.
        probe_rows: Sentences of each variety that a probe sees at most.
        held: Share of the sentences of each variety that only the probe sees, where no row is of the split
            `validation`.
        prompt: What the model reads before a target; holds {source} and {variety}.
        most: Tokens that the model writes for a row at most.
        lora: Rank of low-rank adapters that are trained in place of the weights, and merged at the end; None trains
            the weights.
        steps: Updates.
        learning_rate: Of Adam, falling to zero.
        batch: Rows a step.
        clip: Largest norm of the gradient.
        checkpoint_every: Steps between two checkpoints.
        force: Whether a model of more than a billion parameters is trained without a GPU.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    dominant: str | None = None
    layers: tuple[int | str, ...] | str | None = None
    strength: float = 0.1
    every: int | None = 500
    penalty: Literal["published", "relative"] = "published"
    subspace: Literal["dominant", "random", "whole"] = "dominant"
    of_variety: str | None = None
    hard: bool = False
    rank: int | None = None
    certain: bool = False
    ramp: int = 100
    probe_steps: int = 200
    probe_rows: int = 200
    held: float = 0.1
    prompt: str = "{source} [{variety}]"
    most: int = 64
    lora: int | None = None
    steps: int = 2000
    learning_rate: float = 1e-4
    batch: int = 32
    clip: float = 1.0
    checkpoint_every: int = 500
    force: bool = False
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, penalty=("published", "relative"), subspace=("dominant", "random", "whole"))
        need_at_least(self, ramp=1, probe_steps=1, probe_rows=FEWEST // 2, most=1, steps=1, batch=1)
        for name in ("every", "rank", "lora"):
            if getattr(self, name) is not None:
                need_at_least(self, **{name: 1})
        if self.layers is not None and not isinstance(self.layers, str):
            object.__setattr__(self, "layers", tuple(self.layers))
        if not self.strength >= 0 or not self.learning_rate > 0 or not 0 < self.held < 1:
            raise OptionError(
                f"strength is not negative, learning_rate positive and held a share, got {self.strength}, "
                f"{self.learning_rate} and {self.held}"
            )
        if "{source}" not in self.prompt or "{variety}" not in self.prompt:
            raise OptionError(f"a prompt holds {{source}} and {{variety}}, got {self.prompt!r}")
        if self.hard and self.subspace == "whole":
            raise OptionError("the whole of a state cannot be projected out: leave out hard=True")

    @property
    def ratio(self) -> bool:
        """Whether the penalty is relative to the norm of a state, and on the other varieties only."""
        return self.penalty == "relative"
