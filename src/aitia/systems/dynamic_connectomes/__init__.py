"""Dynamic connectomes: motifs of units that change together. See `aitia.systems.dynamic_connectomes.model`."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.dynamic_connectomes.affinity import Affinity, differential_affinity
    from aitia.systems.dynamic_connectomes.config import DynamicConnectomesConfig
    from aitia.systems.dynamic_connectomes.model import DynamicConnectomes
    from aitia.systems.dynamic_connectomes.motif import Motif, RankedUnit, Silencing

__all__ = [
    "Affinity",
    "DynamicConnectomes",
    "DynamicConnectomesConfig",
    "Motif",
    "RankedUnit",
    "Silencing",
    "differential_affinity",
]

__getattr__ = lazily(
    __name__,
    {
        "Affinity": "affinity",
        "DynamicConnectomes": "model",
        "DynamicConnectomesConfig": "config",
        "Motif": "motif",
        "RankedUnit": "motif",
        "Silencing": "motif",
        "differential_affinity": "affinity",
    },
)
