"""Questions put to a trained network: which of its parts cause what it says."""

from aitia.probes.alignment_hurts import Decoupling, DecouplingConfig, LayerAudit
from aitia.probes.causalm import CausaLM, CausaLMConfig, ConceptEffect, Erasure
from aitia.probes.faithful_matching import FaithfulMatching, FaithfulMatchingConfig
from aitia.probes.path_interventions import (
    CausalExplanation,
    Explained,
    LayerEffects,
    PathConfig,
    PathInterventions,
    Repair,
    repair,
)

__all__ = [
    "CausaLM",
    "CausaLMConfig",
    "CausalExplanation",
    "ConceptEffect",
    "Decoupling",
    "DecouplingConfig",
    "Erasure",
    "Explained",
    "FaithfulMatching",
    "FaithfulMatchingConfig",
    "LayerAudit",
    "LayerEffects",
    "PathConfig",
    "PathInterventions",
    "Repair",
    "repair",
]
