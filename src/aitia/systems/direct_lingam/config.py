"""Options of DirectLiNGAM."""

from dataclasses import dataclass

from aitia.searches.config import GraphConfig

__all__ = ["DirectLiNGAMConfig"]


@dataclass(frozen=True)
class DirectLiNGAMConfig(GraphConfig):
    """Options of `DirectLiNGAM`: those of every search whose edges have scores; the score is BIC."""
