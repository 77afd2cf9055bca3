"""How a training went, and how good the model is: what a run keeps beside the model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Score", "Scores", "Training"]


@dataclass(frozen=True)
class Score:
    """A number that says how good a model is, beside what needs no model.

    Args:
        value: On rows that the fit has not seen.
        better: Which way is better.
        about: What it is, in one sentence.
        baselines: The same of each trivial baseline, and of whatever else is shown beside it.
        trivial: Those that the answers are to beat, or they are worth nothing; None says all of them of the first
            score of a system, and none of the others.
    """

    value: float
    better: Literal["lower", "higher"]
    about: str = ""
    baselines: Mapping[str, float] = field(default_factory=dict)
    trivial: tuple[str, ...] | None = None


Scores = Mapping[str, Score]
"""By the name of the metric, the most important first."""


@dataclass(frozen=True)
class Training:
    """How a training went, as JSON keeps it.

    Args:
        losses: For each phase its name, and the mean of each part of the loss since the point before.
        notes: What was chosen, in sentences.
        warnings: What to keep in mind, in sentences.
    """

    losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
