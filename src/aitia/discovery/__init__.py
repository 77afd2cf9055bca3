"""The main job: a causal graph from a table, what changes with its context, and what would happen under `do`."""

from typing import TYPE_CHECKING

from aitia.discovery.choose import Plan, choose
from aitia.discovery.discover import discover
from aitia.discovery.result import Discovery
from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.discovery.comparing import Compared, compare_searches
    from aitia.discovery.effects import EstimatedEffect, estimate_effect
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

_HOMES = {
    "comparing": "Compared compare_searches",
    "effects": "EstimatedEffect estimate_effect",
    "save": "SavedDiscovery load_discovery",
}  # a search needs none of them
__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})
