"""Options of FCI."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.stats.search.config import SearchConfig
from aitia.stats.search.evidence import ColliderRule

__all__ = ["FCIConfig"]


@dataclass(frozen=True)
class FCIConfig(SearchConfig):
    """Options of `FCI`: those of every search, and these.

    Args:
        max_depth: Largest conditioning set, in both stages of the skeleton. A search that stops early (anytime FCI) is
            sound: edges may be left over and circles stay, heads and tails are as right as without a limit.
        colliders: `max-p`, which `auto` takes: of all sets of up to three neighbours, and the set that separates a
            pair, the one with the largest p-value says what lies between them; `strongest-first` asks the latter
            alone, with and without what lies between. `majority` goes by most of the sets that separate,
            `conservative` leaves open where they disagree. There is no likelihood of a PAG.

    Raises:
        OptionError: If a value is out of range.
    """

    colliders: ColliderRule | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.colliders == "likelihood":
            raise OptionError("a PAG has no likelihood here: colliders is max-p, majority or conservative")

    @property
    def rule(self) -> ColliderRule:
        """The rule that is taken."""
        return "max-p" if self.colliders == "auto" else self.colliders
