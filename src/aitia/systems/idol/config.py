"""Options of idol."""

from dataclasses import dataclass

from aitia.errors import OptionError
from aitia.representations.config import TransitionConfig

__all__ = ["IDOLConfig"]


@dataclass(frozen=True)
class IDOLConfig(TransitionConfig):
    """Options of `IDOL`.

    Args:
        sparsity: Weight of both penalties, in nats a frame.
        lagged: Weight of that on lagged edges.
        instantaneous: Weight of that on edges within a frame.

    Raises:
        OptionError: If a value is out of range.
    """

    sparsity: float = 2.7
    lagged: float = 1.0
    instantaneous: float = 1.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.sparsity, self.lagged, self.instantaneous) < 0:
            raise OptionError(
                "sparsity, lagged and instantaneous are not negative, got "
                f"{self.sparsity}, {self.lagged} and {self.instantaneous}"
            )
