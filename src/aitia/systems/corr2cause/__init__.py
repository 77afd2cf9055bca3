"""Whether a causal statement follows from correlations: questions with exact labels, and who can answer them."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.corr2cause.audit import Disputed, disputed, read_audit
    from aitia.systems.corr2cause.config import Corr2CauseConfig
    from aitia.systems.corr2cause.model import Corr2Cause
    from aitia.systems.corr2cause.reading import read_published

__all__ = ["Corr2Cause", "Corr2CauseConfig", "Disputed", "disputed", "read_audit", "read_published"]

__getattr__ = lazily(
    __name__,
    {
        "Corr2Cause": "model",
        "Corr2CauseConfig": "config",
        "Disputed": "audit",
        "disputed": "audit",
        "read_audit": "audit",
        "read_published": "reading",
    },
)
