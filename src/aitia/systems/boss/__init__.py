"""BOSS: the order of the variables along which the best graph scores highest."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.boss.config import BOSSConfig
    from aitia.systems.boss.model import BOSS

__all__ = ["BOSS", "BOSSConfig"]

__getattr__ = lazily(
    __name__,
    {
        "BOSS": "model",
        "BOSSConfig": "config",
    },
)
