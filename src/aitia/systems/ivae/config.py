"""Options of ivae."""

from dataclasses import dataclass

from aitia.representations.config import DecodingConfig

__all__ = ["IVAEConfig"]


@dataclass(frozen=True)
class IVAEConfig(DecodingConfig):
    """Options of `IVAE`: those of `DecodingConfig`."""
