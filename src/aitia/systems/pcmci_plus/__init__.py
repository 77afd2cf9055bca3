"""PCMCI+: a lagged causal graph of time series."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.pcmci_plus.config import PCMCIPlusConfig
    from aitia.systems.pcmci_plus.model import PCMCIPlus

__all__ = ["PCMCIPlus", "PCMCIPlusConfig"]

__getattr__ = lazily(
    __name__,
    {
        "PCMCIPlus": "model",
        "PCMCIPlusConfig": "config",
    },
)
