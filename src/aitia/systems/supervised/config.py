"""Options of supervised."""

from dataclasses import dataclass

from aitia.representations.config import RepresentationConfig

__all__ = ["SupervisedConfig"]


@dataclass(frozen=True)
class SupervisedConfig(RepresentationConfig):
    """Options of `Supervised`: `latents` is not looked at: the codes are the predictions."""
