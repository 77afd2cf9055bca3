"""A diffusion generator that is given labelled causes and their graph, and answers do(light=1.2) on pictures."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.causal_diffae.config import CausalDiffaeConfig
    from aitia.systems.causal_diffae.model import CausalDiffae

__all__ = ["CausalDiffae", "CausalDiffaeConfig"]

__getattr__ = lazily(__name__, {"CausalDiffae": "model", "CausalDiffaeConfig": "config"})
