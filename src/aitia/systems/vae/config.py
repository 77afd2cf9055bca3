"""Options of vae."""

from dataclasses import dataclass

from aitia.representations.config import DecodingConfig

__all__ = ["VAEConfig"]


@dataclass(frozen=True)
class VAEConfig(DecodingConfig):
    """Options of `VAE`: those of `DecodingConfig`."""
