"""How hard to guide a picture model, prompt by prompt, so that it draws what its habits pull away from."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.lina.config import LinaConfig
    from aitia.systems.lina.model import Lina

__all__ = ["Lina", "LinaConfig"]

__getattr__ = lazily(__name__, {"Lina": "model", "LinaConfig": "config"})
