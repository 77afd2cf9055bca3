"""Concepts in the states of a next-token predictor; see `model` for the theorem, its limits and the source."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.next_token_concepts.config import NextTokenConceptsConfig
    from aitia.systems.next_token_concepts.dictionary import DictionaryScores
    from aitia.systems.next_token_concepts.findings import Findings
    from aitia.systems.next_token_concepts.model import NextTokenConcepts

__all__ = ["DictionaryScores", "Findings", "NextTokenConcepts", "NextTokenConceptsConfig"]

__getattr__ = lazily(
    __name__,
    {
        "NextTokenConceptsConfig": "config",
        "DictionaryScores": "dictionary",
        "Findings": "findings",
        "NextTokenConcepts": "model",
    },
)
