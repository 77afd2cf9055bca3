"""Embeddings of pictures and texts by a language model that may reason before it embeds."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.ume_r1.config import UmeR1Config
    from aitia.systems.ume_r1.model import UmeR1

__all__ = ["UmeR1", "UmeR1Config"]

__getattr__ = lazily(__name__, {"UmeR1": "model", "UmeR1Config": "config"})
