"""From data to a causal graph, latents or a predictor; one method a file."""

from aitia.learners.cd_nod import CDNOD, ChangingMechanism, DrivingForce
from aitia.learners.pc import PC

__all__ = ["CDNOD", "PC", "ChangingMechanism", "DrivingForce"]
