"""Options of GES."""

from dataclasses import dataclass

from aitia.searches.config import ScoreConfig

__all__ = ["GESConfig"]


@dataclass(frozen=True)
class GESConfig(ScoreConfig):
    """Options of `GES`: those of every search by scores."""
