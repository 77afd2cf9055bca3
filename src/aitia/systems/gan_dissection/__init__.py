"""Which units of a generator draw an object, what happens without them, and where they can draw it."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.gan_dissection.config import GanDissectionConfig
    from aitia.systems.gan_dissection.model import GanDissection

__all__ = ["GanDissection", "GanDissectionConfig"]

__getattr__ = lazily(__name__, {"GanDissection": "model", "GanDissectionConfig": "config"})
