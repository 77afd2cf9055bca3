"""Options of BOSS."""

from dataclasses import dataclass

from aitia.errors import OptionError
from aitia.searches.config import ScoreConfig

__all__ = ["BOSSConfig"]


@dataclass(frozen=True)
class BOSSConfig(ScoreConfig):
    """Options of `BOSS`: those of every search by scores, and how often it starts.

    Args:
        starts: Random orders to start from; the best end of them is kept.

    Raises:
        OptionError: If a value is out of range.
        FormatError: If the file of knowledge cannot be read.
    """

    starts: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.starts < 1:
            raise OptionError(f"starts is 1 or more, got {self.starts}")
