"""How much of the true variables the rows show: the ceiling of every other method."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.supervised.config import SupervisedConfig
    from aitia.systems.supervised.model import Supervised

__all__ = ["Supervised", "SupervisedConfig"]

__getattr__ = lazily(__name__, {"Supervised": "model", "SupervisedConfig": "config"})
