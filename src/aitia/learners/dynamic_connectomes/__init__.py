"""Dynamic connectomes: motifs of units that change together. See `aitia.learners.dynamic_connectomes.learner`."""

from aitia.learners.dynamic_connectomes.affinity import Affinity, differential_affinity
from aitia.learners.dynamic_connectomes.config import DynamicConnectomesConfig
from aitia.learners.dynamic_connectomes.learner import DynamicConnectomes
from aitia.learners.dynamic_connectomes.motif import Motif, RankedUnit, Silencing

__all__ = [
    "Affinity",
    "DynamicConnectomes",
    "DynamicConnectomesConfig",
    "Motif",
    "RankedUnit",
    "Silencing",
    "differential_affinity",
]
