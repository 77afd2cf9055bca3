"""What systems that forecast tracks share: how scenes are read, whose style `do` sets, how they are judged and shown.

It knows no system by name. A system is a subclass of `Forecaster`.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.forecasters.base import Forecaster, scenes_of

__all__ = ["Forecaster", "scenes_of"]

__getattr__ = lazily(__name__, {"Forecaster": "base", "scenes_of": "base"})
