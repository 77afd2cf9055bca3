"""Where in a text-to-image model a concept lives, and one matrix changed so that it draws another in its place."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
    from aitia.systems.diff_quickfix.model import DiffQuickfix

__all__ = ["DiffQuickfix", "DiffQuickfixConfig"]

__getattr__ = lazily(__name__, {"DiffQuickfix": "model", "DiffQuickfixConfig": "config"})
