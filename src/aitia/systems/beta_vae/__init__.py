"""A code whose latents are pressed to the prior, which assumes nothing."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.beta_vae.config import BetaVAEConfig
    from aitia.systems.beta_vae.model import BetaVAE

__all__ = ["BetaVAE", "BetaVAEConfig"]

__getattr__ = lazily(__name__, {"BetaVAE": "model", "BetaVAEConfig": "config"})
