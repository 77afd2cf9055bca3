"""DirectLiNGAM: the causal order of linear non-Gaussian variables, found one cause at a time."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.direct_lingam.config import DirectLiNGAMConfig
    from aitia.systems.direct_lingam.model import DirectLiNGAM

__all__ = ["DirectLiNGAM", "DirectLiNGAMConfig"]

__getattr__ = lazily(
    __name__,
    {
        "DirectLiNGAM": "model",
        "DirectLiNGAMConfig": "config",
    },
)
