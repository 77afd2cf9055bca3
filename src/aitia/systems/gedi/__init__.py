"""Clusters of unlabelled rows, an alarm for strange ones, and draws, from one network."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.gedi.config import GediConfig
    from aitia.systems.gedi.model import Gedi

__all__ = ["Gedi", "GediConfig"]

__getattr__ = lazily(__name__, {"Gedi": "model", "GediConfig": "config"})
