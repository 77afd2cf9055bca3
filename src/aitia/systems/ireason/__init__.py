"""Which event of a clip caused which: from what is said of the events and what is seen around them."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.ireason.config import IreasonConfig
    from aitia.systems.ireason.model import Ireason

__all__ = ["Ireason", "IreasonConfig"]

__getattr__ = lazily(__name__, {"Ireason": "model", "IreasonConfig": "config"})
