"""Latent causes of clips whose law changes over the clip."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.time_ivae.config import TimeIVAEConfig
    from aitia.systems.time_ivae.model import TimeIVAE

__all__ = ["TimeIVAE", "TimeIVAEConfig"]

__getattr__ = lazily(__name__, {"TimeIVAE": "model", "TimeIVAEConfig": "config"})
