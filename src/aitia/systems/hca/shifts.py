"""What a shift of one latent changes in one score."""

from dataclasses import dataclass

__all__ = ["ShiftEffect"]


@dataclass(frozen=True)
class ShiftEffect:
    """What a shift of one latent changes in one score.

    Args:
        group: Where.
        latent: What is shifted.
        score: What changes.
        change: By how much.
        low: Lower end of the 95 % bootstrap interval; NaN without resamples.
        high: Upper end.
    """

    group: str
    latent: str
    score: str
    change: float
    low: float
    high: float
