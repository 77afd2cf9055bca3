"""FCI: a causal graph from tests of independence, where hidden variables may cause several columns."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.fci.config import FCIConfig
    from aitia.systems.fci.model import FCI

__all__ = ["FCI", "FCIConfig"]

__getattr__ = lazily(
    __name__,
    {
        "FCI": "model",
        "FCIConfig": "config",
    },
)
