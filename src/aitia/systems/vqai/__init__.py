"""The picture that answers a causal question about a picture: what would it show if something were otherwise?"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.vqai.config import VqaiConfig
    from aitia.systems.vqai.model import Vqai

__all__ = ["Vqai", "VqaiConfig"]

__getattr__ = lazily(__name__, {"Vqai": "model", "VqaiConfig": "config"})
