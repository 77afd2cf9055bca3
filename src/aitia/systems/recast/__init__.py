"""A causal graph from a text, with the sentence that supports each edge."""

from aitia.systems.recast.card import CARD
from aitia.systems.recast.config import RecastConfig
from aitia.systems.recast.model import Recast
from aitia.systems.recast.scores import EdgeScore, edge_score

__all__ = ["CARD", "EdgeScore", "Recast", "RecastConfig", "edge_score"]
