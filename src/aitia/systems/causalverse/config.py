"""Options of causalverse."""

from dataclasses import dataclass

from aitia.errors import OptionError

__all__ = ["CausalVerseConfig"]


@dataclass(frozen=True)
class CausalVerseConfig:
    """Options of `CausalVerse`.

    Args:
        seed: Of the halves that regressions are fitted and scored on.

    Raises:
        OptionError: If it is negative.
    """

    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise OptionError(f"seed is 0 or more, got {self.seed}")
