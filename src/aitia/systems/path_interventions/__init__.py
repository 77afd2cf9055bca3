"""Path interventions: `PathInterventions.explain` and what it gives."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.path_interventions.explained import Explained
    from aitia.systems.path_interventions.explanation import CausalExplanation, LayerEffects
    from aitia.systems.path_interventions.model import PathConfig, PathInterventions
    from aitia.systems.path_interventions.repairing import Repair, repair

__all__ = ["CausalExplanation", "Explained", "LayerEffects", "PathConfig", "PathInterventions", "Repair", "repair"]

__getattr__ = lazily(
    __name__,
    {
        "CausalExplanation": "explanation",
        "Explained": "explained",
        "LayerEffects": "explanation",
        "PathConfig": "model",
        "PathInterventions": "model",
        "Repair": "repairing",
        "repair": "repairing",
    },
)
