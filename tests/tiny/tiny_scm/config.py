from dataclasses import dataclass

from aitia.errors import OptionError


@dataclass(frozen=True)
class TinySCMConfig:
    """Options.

    Args:
        ridge: Added to the squares of the regressors;
            0 is least squares.
        center: Whether means are taken out.
        seed: Of nothing.
    """

    ridge: float = 0.0
    center: bool = True
    seed: int = 0

    def __post_init__(self):
        if self.ridge < 0:
            raise OptionError(f"ridge is 0 or more, got {self.ridge}")
