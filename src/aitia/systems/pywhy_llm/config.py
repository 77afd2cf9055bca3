"""Options of asking a language model about pairs of variables."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError

__all__ = ["WORDINGS", "PywhyLlmConfig", "Wording"]

Wording = Literal["causes", "changes", "affects"]
WORDINGS: tuple[Wording, ...] = get_args(Wording)


@dataclass(frozen=True)
class PywhyLlmConfig:
    """Options of `PywhyLlm`.

    Args:
        wording: `causes`: which causes the other; `changes`: which changes when the other is changed; `affects`.
        both_orders: Ask each pair both ways round; what differs is undecided. With one order a model that always says
            the first option seems to know much.
        votes: Answers of each order, with seeds of their own; votes of one model are no independent witnesses.
        prune: Leave out of a graph what a longer path explains: asked pair by pair, a model names ancestors.
        seed: Of the votes.

    Raises:
        OptionError: If a value is out of range.
    """

    wording: Wording = "causes"
    both_orders: bool = True
    votes: int = 1
    prune: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.wording not in WORDINGS:
            raise OptionError(f"wording is {', '.join(WORDINGS)}, got {self.wording!r}")
        if self.votes < 1:
            raise OptionError(f"votes is 1 or more, got {self.votes}")
