"""Whether a model finds the effect of what a picture shows among what would have been otherwise."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.mucr.config import MucrConfig
    from aitia.systems.mucr.model import Mucr

__all__ = ["Mucr", "MucrConfig"]

__getattr__ = lazily(__name__, {"Mucr": "model", "MucrConfig": "config"})
