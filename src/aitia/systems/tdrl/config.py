"""Options of tdrl."""

from dataclasses import dataclass

from aitia.representations.config import TransitionConfig

__all__ = ["TDRLConfig"]


@dataclass(frozen=True)
class TDRLConfig(TransitionConfig):
    """Options of `TDRL`: those of `TransitionConfig`."""
