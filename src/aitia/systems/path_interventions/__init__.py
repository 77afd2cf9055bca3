"""Path interventions: which units of a classifier cause a class; see `aitia.systems.path_interventions.model`."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.path_interventions.config import PathInterventionsConfig
    from aitia.systems.path_interventions.explained import Explained
    from aitia.systems.path_interventions.explanation import CausalExplanation, LayerEffects
    from aitia.systems.path_interventions.model import PathInterventions
    from aitia.systems.path_interventions.repairing import Repair, repair

__all__ = [
    "CausalExplanation",
    "Explained",
    "LayerEffects",
    "PathInterventions",
    "PathInterventionsConfig",
    "Repair",
    "repair",
]

__getattr__ = lazily(
    __name__,
    {
        "CausalExplanation": "explanation",
        "Explained": "explained",
        "LayerEffects": "explanation",
        "PathInterventionsConfig": "config",
        "PathInterventions": "model",
        "Repair": "repairing",
        "repair": "repairing",
    },
)
