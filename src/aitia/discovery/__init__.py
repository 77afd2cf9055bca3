"""The main job: a causal graph from a table, what changes with its context, and what would happen under `do`."""

from aitia.discovery.choose import Plan, choose
from aitia.discovery.comparing import Compared, compare_searches
from aitia.discovery.discover import discover
from aitia.discovery.effects import EstimatedEffect, estimate_effect
from aitia.discovery.result import Discovery
from aitia.discovery.save import SavedDiscovery, load_discovery

__all__ = [
    "Compared",
    "Discovery",
    "EstimatedEffect",
    "Plan",
    "SavedDiscovery",
    "choose",
    "compare_searches",
    "discover",
    "estimate_effect",
    "load_discovery",
]
