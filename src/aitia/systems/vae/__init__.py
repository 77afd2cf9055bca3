"""A code of pictures, clips or vectors that assumes nothing, and so cannot tell the causes apart."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.vae.config import VAEConfig
    from aitia.systems.vae.model import VAE

__all__ = ["VAE", "VAEConfig"]

__getattr__ = lazily(__name__, {"VAE": "model", "VAEConfig": "config"})
