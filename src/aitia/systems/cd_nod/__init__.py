"""Causal discovery from heterogeneous or nonstationary data."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.cd_nod.model import CDNOD, ChangingMechanism, DrivingForce

__all__ = ["CDNOD", "ChangingMechanism", "DrivingForce"]

__getattr__ = lazily(
    __name__,
    {
        "CDNOD": "model",
        "ChangingMechanism": "model",
        "DrivingForce": "model",
    },
)
