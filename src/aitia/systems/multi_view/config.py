"""Options of multi-view."""

from dataclasses import dataclass

from aitia.errors import OptionError
from aitia.representations.config import RepresentationConfig

__all__ = ["MultiViewConfig"]


@dataclass(frozen=True)
class MultiViewConfig(RepresentationConfig):
    """Options of `MultiView`.

    Args:
        temperature: Divides the similarities; the suite's is 1.

    Raises:
        OptionError: If a value is out of range.
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.temperature > 0:
            raise OptionError(f"temperature is positive, got {self.temperature}")
