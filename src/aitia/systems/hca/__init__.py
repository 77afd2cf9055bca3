"""Hierarchical component analysis: latent capabilities of a population in groups. See `aitia.systems.hca.model`."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.hca.config import HCAConfig
    from aitia.systems.hca.model import HCA
    from aitia.systems.hca.ordering import Ordering, order_unmixings
    from aitia.systems.hca.reading import Alignment, ShareOfOrders
    from aitia.systems.hca.shifts import ShiftEffect

__all__ = ["HCA", "Alignment", "HCAConfig", "Ordering", "ShareOfOrders", "ShiftEffect", "order_unmixings"]

__getattr__ = lazily(
    __name__,
    {
        "Alignment": "reading",
        "HCA": "model",
        "HCAConfig": "config",
        "Ordering": "ordering",
        "ShareOfOrders": "reading",
        "ShiftEffect": "shifts",
        "order_unmixings": "ordering",
    },
)
