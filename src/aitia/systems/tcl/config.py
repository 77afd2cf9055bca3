"""Options of tcl."""

from dataclasses import dataclass

from aitia.errors import OptionError
from aitia.representations.config import DecodingConfig

__all__ = ["TCLConfig"]


@dataclass(frozen=True)
class TCLConfig(DecodingConfig):
    """Options of `TCL`.

    Args:
        segments: Parts of equal length that a clip is cut into.
        contrast: Weight of the cross-entropy.

    Raises:
        OptionError: If a value is out of range.
    """

    segments: int = 4
    contrast: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.segments < 2 or self.contrast < 0:
            raise OptionError(
                f"segments is at least 2 and contrast not negative, got {self.segments} and {self.contrast}"
            )
