"""What an intervention changes, estimated from a table and a graph: the effect, its interval, and what it rests on."""

from aitia.discovery.effects.before_after import BeforeAfter, before_after
from aitia.discovery.effects.estimate import estimate_effect
from aitia.discovery.effects.estimators import Estimator
from aitia.discovery.effects.over import Search
from aitia.discovery.effects.refute import Refutation
from aitia.discovery.effects.result import EstimatedEffect, Member, OverGraphs

__all__ = [
    "BeforeAfter",
    "EstimatedEffect",
    "Estimator",
    "Member",
    "OverGraphs",
    "Refutation",
    "Search",
    "before_after",
    "estimate_effect",
]
