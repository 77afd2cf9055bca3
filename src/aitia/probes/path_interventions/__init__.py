"""Path interventions: `PathInterventions.explain` and what it gives."""

from aitia.probes.path_interventions.explained import Explained
from aitia.probes.path_interventions.explanation import CausalExplanation, LayerEffects
from aitia.probes.path_interventions.method import PathConfig, PathInterventions
from aitia.probes.path_interventions.repair import Repair, repair

__all__ = ["CausalExplanation", "Explained", "LayerEffects", "PathConfig", "PathInterventions", "Repair", "repair"]
