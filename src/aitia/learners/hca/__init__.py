"""Hierarchical component analysis: latent capabilities of a population in groups. See `aitia.learners.hca.learner`."""

from aitia.learners.hca.learner import HCA, HCAConfig, ShareOfOrders, ShiftEffect
from aitia.learners.hca.ordering import Ordering, order_unmixings
from aitia.learners.hca.reading import Alignment

__all__ = ["HCA", "Alignment", "HCAConfig", "Ordering", "ShareOfOrders", "ShiftEffect", "order_unmixings"]
