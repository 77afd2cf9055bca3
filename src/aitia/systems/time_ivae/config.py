"""Options of time-ivae."""

from dataclasses import dataclass

from aitia.representations.config import DecodingConfig

__all__ = ["TimeIVAEConfig"]


@dataclass(frozen=True)
class TimeIVAEConfig(DecodingConfig):
    """Options of `TimeIVAE`: those of `DecodingConfig`."""
