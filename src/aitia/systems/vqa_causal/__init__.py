"""Whether a model that sees pictures tells cause from effect in what a sentence says of them."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.vqa_causal.config import VqaCausalConfig
    from aitia.systems.vqa_causal.model import VqaCausal

__all__ = ["VqaCausal", "VqaCausalConfig"]

__getattr__ = lazily(__name__, {"VqaCausal": "model", "VqaCausalConfig": "config"})
