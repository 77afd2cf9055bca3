"""Latent causes of clips, their lagged graph and the edges within a frame."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.idol.config import IDOLConfig
    from aitia.systems.idol.model import IDOL

__all__ = ["IDOL", "IDOLConfig"]

__getattr__ = lazily(__name__, {"IDOL": "model", "IDOLConfig": "config"})
