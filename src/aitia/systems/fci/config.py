"""Options of FCI."""

from dataclasses import dataclass

from aitia.stats.search.config import SearchConfig
from aitia.stats.search.orientation import ColliderRule
from aitia.stats.search.skeleton import SeparatingSets

__all__ = ["FCIConfig"]


@dataclass(frozen=True)
class FCIConfig(SearchConfig):
    """Options of `FCI`: those of every search, with other defaults.

    Args:
        max_depth: Largest conditioning set, in both stages of the skeleton. A search that stops early (anytime FCI) is
            sound: edges may be left over and circles stay, heads and tails are as right as without a limit.
        separating_sets: `union` by default: all separating sets of a level count, so that the order of the columns does
            not matter; `first` runs fewer tests.
        colliders: `max-p` by default: of all sets of the level that separate a pair, the one with the largest p-value
            says what lies between them. `sepset` goes by the union of these sets (by the first one with
            `separating_sets="first"`), `majority` by most of them, `conservative` leaves open where they disagree.
    """

    separating_sets: SeparatingSets = "union"
    colliders: ColliderRule = "max-p"
