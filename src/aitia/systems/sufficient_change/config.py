"""Options of sufficient-change."""

from dataclasses import dataclass
from typing import Self

from aitia.errors import OptionError
from aitia.representations.config import DecodingConfig

__all__ = ["SufficientChangeConfig"]


@dataclass(frozen=True)
class SufficientChangeConfig(DecodingConfig):
    """Options of `SufficientChange`.

    Args:
        changing: How many of the latents change between domains; they come last.
        embedding: Numbers in the embedding of a domain.
        layers: Of the flow.
        units: Of each layer of the flow.
        capacity: C at the end of the training, in nats, to which it grows from 0; None takes the KL term itself.
        extra: Weight of -log N(s~; 0, I) on top of the bound.

    Raises:
        OptionError: If a value is out of range.
    """

    changing: int = 5
    embedding: int = 8
    layers: int = 2
    units: int = 16
    capacity: float | None = None
    extra: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.changing <= self.latents:
            raise OptionError(f"changing is between 1 and latents ({self.latents}), got {self.changing}")
        for name in ("embedding", "layers", "units"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is at least 1, got {getattr(self, name)}")
        if self.extra < 0 or (self.capacity is not None and self.capacity < 0):
            raise OptionError(f"extra and capacity are not negative, got {self.extra} and {self.capacity}")

    @classmethod
    def published(cls) -> Self:
        """The suite's own: 5 content latents and 10 changing ones, capacity 20, the last term of (2)."""
        return cls(latents=15, changing=10, capacity=20.0, extra=1.0)
