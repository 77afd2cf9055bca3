"""Options of beta-vae."""

from dataclasses import dataclass

from aitia.representations.config import DecodingConfig

__all__ = ["BetaVAEConfig"]


@dataclass(frozen=True)
class BetaVAEConfig(DecodingConfig):
    """Options of `BetaVAE`.

    Args:
        kl_weight: beta; above 1 it presses latents that say little to the prior.
    """

    kl_weight: float = 4.0
