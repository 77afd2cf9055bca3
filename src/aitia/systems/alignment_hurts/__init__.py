"""Fine-tuning away from the subspace of a dominant variety; see `aitia.systems.alignment_hurts.model`."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.alignment_hurts.audit import LayerAudit
    from aitia.systems.alignment_hurts.config import DecouplingConfig
    from aitia.systems.alignment_hurts.model import Decoupling
    from aitia.systems.alignment_hurts.penalty import Penalty
    from aitia.systems.alignment_hurts.tuning import fine_tune

__all__ = ["Decoupling", "DecouplingConfig", "LayerAudit", "Penalty", "fine_tune"]

__getattr__ = lazily(
    __name__,
    {
        "Decoupling": "model",
        "DecouplingConfig": "config",
        "LayerAudit": "audit",
        "Penalty": "penalty",
        "fine_tune": "tuning",
    },
)
