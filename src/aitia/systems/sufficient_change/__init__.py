"""The latents that change between settings, apart from the block of those that do not."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.sufficient_change.config import SufficientChangeConfig
    from aitia.systems.sufficient_change.model import SufficientChange

__all__ = ["SufficientChange", "SufficientChangeConfig"]

__getattr__ = lazily(__name__, {"SufficientChange": "model", "SufficientChangeConfig": "config"})
