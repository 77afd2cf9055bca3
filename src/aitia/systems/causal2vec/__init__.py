"""Embeddings of texts by a causal language model that is given a summary of the text in front of it."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.causal2vec.config import Causal2VecConfig
    from aitia.systems.causal2vec.model import Causal2Vec

__all__ = ["Causal2Vec", "Causal2VecConfig"]

__getattr__ = lazily(__name__, {"Causal2Vec": "model", "Causal2VecConfig": "config"})
