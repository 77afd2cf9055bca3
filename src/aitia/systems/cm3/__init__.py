"""Pages of text, pictures and links, whose holes are filled from both sides by a model that reads from the left."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.cm3.config import Cm3Config
    from aitia.systems.cm3.model import Cm3

__all__ = ["Cm3", "Cm3Config"]

__getattr__ = lazily(__name__, {"Cm3": "model", "Cm3Config": "config"})
