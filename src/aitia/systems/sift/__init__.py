"""Spans of texts, written by a language model that was tuned on demonstrations."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.sift.config import SiftConfig
    from aitia.systems.sift.model import Sift

__all__ = ["Sift", "SiftConfig"]

__getattr__ = lazily(__name__, {"Sift": "model", "SiftConfig": "config"})
