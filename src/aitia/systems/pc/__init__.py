"""PC: the PC algorithm on any independence test."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.pc.config import PCConfig
    from aitia.systems.pc.model import PC

__all__ = ["PC", "PCConfig"]

__getattr__ = lazily(
    __name__,
    {
        "PC": "model",
        "PCConfig": "config",
    },
)
