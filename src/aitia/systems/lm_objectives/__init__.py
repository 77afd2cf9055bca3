"""Architectures and objectives of language models, compared at equal tokens, and changed into one another."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.lm_objectives.config import LmObjectivesConfig
    from aitia.systems.lm_objectives.model import LmObjectives

__all__ = ["LmObjectives", "LmObjectivesConfig"]

__getattr__ = lazily(__name__, {"LmObjectives": "model", "LmObjectivesConfig": "config"})
