"""Latent causes of clips that their past drives, and their lagged graph."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.tdrl.config import TDRLConfig
    from aitia.systems.tdrl.model import TDRL

__all__ = ["TDRL", "TDRLConfig"]

__getattr__ = lazily(__name__, {"TDRL": "model", "TDRLConfig": "config"})
