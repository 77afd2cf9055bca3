"""Options of dynamic connectomes."""

from dataclasses import dataclass

from aitia.errors import OptionError
from aitia.systems.dynamic_connectomes.block_model.nested import Engine

__all__ = ["DynamicConnectomesConfig"]


@dataclass(frozen=True)
class DynamicConnectomesConfig:
    """How to look.

    Args:
        bin_frames: Frames of a bin of time.
        smooth: Standard deviation of the Gaussian that the derivative is taken with, in frames.
        symmetric: Whether falling together counts as well as rising together.
        detrend: Standard deviation of the average that is taken off each signal, in frames; 0 takes nothing off.
        shifts: Circular shifts behind the null of each pair; 0 leaves it out.
        chance: Quantile of the null; bins that are not above it count as zero.
        rank: Motifs; None takes the largest rank up to `most` whose restarts agree.
        most: Largest rank that is tried.
        agreement: Congruence of restarts above which a rank is stable.
        every_motif: Whether every motif of a stable rank has to be found again, or, as published, their mean.
        starts: Restarts of the factorization for each rank.
        iterations: Most rounds of a restart.
        tolerance: A restart rests when a round lowers its error by less than this share.
        orders: Starts of the search for communities.
        engine: Of the communities, `aitia` or `graph-tool`.
        permutations: Of the control in which every signal is turned in a circle; 0 leaves it out.
        seed: Of everything drawn.

    Raises:
        OptionError: If a number is out of range.
    """

    bin_frames: int = 10
    smooth: float = 1.0
    symmetric: bool = False
    detrend: float = 0.0
    shifts: int = 0
    chance: float = 0.95
    rank: int | None = None
    most: int = 6
    agreement: float = 0.8
    every_motif: bool = True
    starts: int = 8
    iterations: int = 300
    tolerance: float = 1e-5
    orders: int = 3
    engine: Engine = "aitia"
    permutations: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        least: dict[str, float] = {"bin_frames": 1, "detrend": 0, "shifts": 0, "most": 1, "starts": 1, "iterations": 1}
        least |= {"tolerance": 0, "orders": 1, "permutations": 0, "seed": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise OptionError(f"{name} is at least {low:g}, got {getattr(self, name)}")
        if self.smooth <= 0:
            raise OptionError(f"smooth is above 0 frames, got {self.smooth}")
        if self.rank is not None and self.rank < 1:
            raise OptionError(f"the rank is 1 or more, got {self.rank}")
        if self.rank is None and self.starts < 2:
            raise OptionError("to choose the rank takes 2 starts or more: whether restarts agree is what it goes by")
        for name in ("chance", "agreement"):
            if not 0 < getattr(self, name) < 1:
                raise OptionError(f"{name} is between 0 and 1, got {getattr(self, name)}")
        if self.engine not in ("aitia", "graph-tool"):
            raise OptionError(f"engine is 'aitia' or 'graph-tool', got {self.engine!r}")
