"""The options of nearest-row."""

from dataclasses import dataclass

from aitia.errors import OptionError

__all__ = ["NearestRowConfig"]


@dataclass(frozen=True)
class NearestRowConfig:
    """Options.

    Args:
        power: Of the distance: 2 is Euclidean, 1 the sum of differences.
        seed: Of nothing; every system takes one.

    Raises:
        OptionError: If the power is below 1.
    """

    power: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.power < 1:
            raise OptionError(f"power is 1 or more, got {self.power}")
