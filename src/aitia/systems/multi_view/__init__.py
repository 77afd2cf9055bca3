"""The block of causes that several views of a thing share."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.multi_view.config import MultiViewConfig
    from aitia.systems.multi_view.model import MultiView

__all__ = ["MultiView", "MultiViewConfig"]

__getattr__ = lazily(__name__, {"MultiView": "model", "MultiViewConfig": "config"})
