"""Images and reports of several domains by one discrete diffusion: either from the other, both at once, and edits."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.medim.config import MedimConfig
    from aitia.systems.medim.model import Medim

__all__ = ["Medim", "MedimConfig"]

__getattr__ = lazily(__name__, {"Medim": "model", "MedimConfig": "config"})
