"""Latent causes, from rows of several settings in which their laws differ."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.ivae.config import IVAEConfig
    from aitia.systems.ivae.model import IVAE

__all__ = ["IVAE", "IVAEConfig"]

__getattr__ = lazily(__name__, {"IVAE": "model", "IVAEConfig": "config"})
