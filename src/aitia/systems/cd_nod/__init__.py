"""Causal discovery from heterogeneous or nonstationary data."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.cd_nod.config import CDNODConfig
    from aitia.systems.cd_nod.findings import ChangingMechanism, DrivingForce
    from aitia.systems.cd_nod.model import CDNOD

__all__ = ["CDNOD", "CDNODConfig", "ChangingMechanism", "DrivingForce"]

__getattr__ = lazily(
    __name__,
    {
        "CDNOD": "model",
        "CDNODConfig": "config",
        "ChangingMechanism": "findings",
        "DrivingForce": "findings",
    },
)
