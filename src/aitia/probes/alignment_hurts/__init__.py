"""Fine-tuning away from the subspace of a dominant variety; see `aitia.probes.alignment_hurts.decoupling`."""

from aitia.probes.alignment_hurts.audit import LayerAudit
from aitia.probes.alignment_hurts.decoupling import Decoupling, fine_tune
from aitia.probes.alignment_hurts.options import DecouplingConfig
from aitia.probes.alignment_hurts.penalty import Penalty

__all__ = ["Decoupling", "DecouplingConfig", "LayerAudit", "Penalty", "fine_tune"]
