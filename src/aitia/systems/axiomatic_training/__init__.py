"""A rule about causal graphs, taught to a language model by examples, and how far it carries beyond them."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.axiomatic_training.config import AxiomaticTrainingConfig
    from aitia.systems.axiomatic_training.corpus import axiom_rows
    from aitia.systems.axiomatic_training.model import AxiomaticTraining
    from aitia.systems.axiomatic_training.published import read_published

__all__ = ["AxiomaticTraining", "AxiomaticTrainingConfig", "axiom_rows", "read_published"]

__getattr__ = lazily(
    __name__,
    {
        "AxiomaticTraining": "model",
        "AxiomaticTrainingConfig": "config",
        "axiom_rows": "corpus",
        "read_published": "published",
    },
)
