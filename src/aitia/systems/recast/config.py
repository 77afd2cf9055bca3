"""Options of reading a graph off a text."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError

__all__ = ["READERS", "Reader", "RecastConfig"]

Reader = Literal["rules", "tagger", "mention", "model"]
READERS: tuple[Reader, ...] = get_args(Reader)


@dataclass(frozen=True)
class RecastConfig:
    """Options of `Recast`.

    Args:
        reader: `rules`: causal verbs of English with their direction; `tagger`: what is learnt from texts whose edges
            are known; `mention`: every pair of a sentence, the first the cause (a baseline); `model`: the language
            model that is given.
        threshold: Least probability of an edge that the tagger names, in (0, 1).
        regularization: C of its logistic regression, positive.
        nearest: Mentions of other variables that may stand between two that the tagger looks at.
        likelihood: Whether a language model is asked by log-probability for every two variables of a sentence, in place
            of writing JSON, for models too small to write it.

    Raises:
        OptionError: If a value is out of range.
    """

    reader: Reader = "rules"
    threshold: float = 0.5
    regularization: float = 1.0
    nearest: int = 1
    likelihood: bool = False

    def __post_init__(self) -> None:
        if self.reader not in READERS:
            raise OptionError(f"reader is {', '.join(READERS)}, got {self.reader!r}")
        if not 0 < self.threshold < 1:
            raise OptionError(f"threshold lies between 0 and 1, got {self.threshold}")
        if not self.regularization > 0:
            raise OptionError(f"regularization is positive, got {self.regularization}")
        if self.nearest < 0:
            raise OptionError(f"nearest is 0 or more, got {self.nearest}")
