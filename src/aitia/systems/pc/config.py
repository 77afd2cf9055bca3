"""Options of PC."""

from dataclasses import dataclass

from aitia.stats.search.config import SearchConfig

__all__ = ["PCConfig"]


@dataclass(frozen=True)
class PCConfig(SearchConfig):
    """Options of `PC`: those of every search."""
