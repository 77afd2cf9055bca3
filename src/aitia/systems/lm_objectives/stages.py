"""What an arm is: an architecture with an objective, and what it is changed to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aitia.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from aitia.nn.sequences import Example, Visibility

__all__ = ["ARCHITECTURES", "OBJECTIVES", "Stage", "most_spans", "parsed"]

ARCHITECTURES: "dict[str, Visibility]" = {"cd": "causal", "nd": "prefix", "ed": "encoder-decoder"}
OBJECTIVES = ("flm", "plm", "mlm")
RATE, MEAN = 0.15, 3.0
"""Of masked tokens in `mlm`, and the mean length of a span."""
SHORTEST = {"flm": 2, "plm": 4, "mlm": 4}
"""Tokens of a document at least."""


@dataclass(frozen=True)
class Stage:
    """An architecture with an objective.

    Args:
        architecture: `cd`, `nd` or `ed`.
        objective: `flm`, `plm` or `mlm`.
    """

    architecture: str
    objective: str

    def __str__(self) -> str:
        return f"{self.architecture}:{self.objective}"

    @property
    def visibility(self) -> "Visibility":
        """Who sees whom."""
        return ARCHITECTURES[self.architecture]

    @property
    def shortest(self) -> int:
        """Tokens that a document has at least."""
        return SHORTEST[self.objective]

    def example(
        self, ids: "NDArray[np.int64]", random: "np.random.Generator", sentinels: Sequence[int], begin: int
    ) -> "Example":
        """A document as this stage learns from it.

        Args:
            ids: Its tokens.
            random: Draws where it is cut or masked.
            sentinels: Ids that stand for masked spans.
            begin: The id that a decoder behind an encoder reads first.
        """
        from aitia.nn.sequences import objectives

        if self.objective == "flm":
            return objectives.full_language(ids)
        encoder = self.architecture == "ed"
        if self.objective == "plm":
            made = objectives.prefix_language(ids, random)
            return made.encoded(begin) if encoder else made
        made = objectives.span_corruption(ids, random, sentinels, RATE, MEAN)
        return made.encoded(begin) if encoder else made.decoded()


def parsed(arm: str) -> tuple[Stage, ...]:
    """The stages of an arm, such as `cd:flm>nd:mlm`.

    Raises:
        OptionError: If it is written otherwise, an architecture cannot have its objective, or an encoder would come or
            go on the way.

    Example:
        >>> [str(stage) for stage in parsed("cd:flm>nd:mlm")]
        ['cd:flm', 'nd:mlm']
    """
    stages = []
    for part in arm.split(">"):
        architecture, colon, objective = part.strip().partition(":")
        if not colon or architecture not in ARCHITECTURES or objective not in OBJECTIVES:
            raise OptionError(
                f"an arm is {', '.join(ARCHITECTURES)}, a colon, and {', '.join(OBJECTIVES)}, such as cd:flm, or "
                f"several joined by >, as cd:flm>nd:mlm; got {arm!r}"
            )
        if objective == "flm" and architecture != "cd":
            raise OptionError(f"every token is said from those before it in cd alone: {part.strip()} is plm or mlm")
        if objective == "plm" and architecture == "cd":
            raise OptionError("plm sees what stands before the cut both ways, which cd cannot: take nd:plm or cd:flm")
        stages.append(Stage(architecture, objective))
    if len({stage.architecture == "ed" for stage in stages}) > 1:
        raise OptionError(f"a change adds or drops no encoder, it switches mask and objective: {arm!r} has both")
    return tuple(stages)


def most_spans(length: int) -> int:
    """Masked spans of a document of so many tokens."""
    return max(round(max(round(length * RATE), 1) / MEAN), 1)
