"""Options of hierarchical component analysis."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.nn.options import need_one_of

__all__ = ["HCAConfig"]


@dataclass(frozen=True)
class HCAConfig:
    """Options of `HCA`.

    Args:
        factors: d, latents.
        starts: Of independent component analysis, for each group.
        least_rows: Groups with fewer are left out; at least 50.
        apart: Groups whose principal subspaces are further apart are not put together.
        null_draws: Of unrelated groups, behind the null distribution of the inexactness; at least 20.
        permutations: Of the rows between groups; at least 20.
        resamples: Bootstrap samples behind the order's share and the intervals.
        beam: Choices of rows that are followed at most.
        least_edge: Edges of the graphs are stronger than this: the size of a weight times the standard deviation of the
            cause over that of the effect.
        rules: File of the rules that find the base model of a row from its name, where no column says the group; None
            takes those of the package.
        drop_merged: Whether to leave out merged models, which have two parents.
        missing: `complete` leaves out rows that lack a score, and counts them; `error` refuses them.
        scales: Of a column whose scores are shares of 1 in some rows and per cent in others: `error` refuses it and
            names the rows, `rescale` brings the shares to per cent, also those of a column that has no others.
        seed: Of everything drawn.

    Raises:
        OptionError: If a number is out of range.
    """

    factors: int = 3
    starts: int = 10
    least_rows: int = 100
    apart: float = 0.05
    null_draws: int = 100
    permutations: int = 20
    resamples: int = 100
    beam: int = 10_000
    least_edge: float = 0.0
    rules: str | None = None
    drop_merged: bool = False
    missing: Literal["error", "complete"] = "complete"
    scales: Literal["error", "rescale"] = "error"
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"factors": 2, "starts": 1, "least_rows": 50, "null_draws": 20, "permutations": 20, "resamples": 0}
        least |= {"beam": 1, "seed": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise OptionError(f"{name} is at least {low}, got {getattr(self, name)}")
        if not 0 < self.apart < 1:
            raise OptionError(f"apart is between 0 and 1, got {self.apart}")
        if not self.least_edge >= 0:
            raise OptionError(f"least_edge is 0 or more, got {self.least_edge}")
        need_one_of(self, missing=("error", "complete"), scales=("error", "rescale"))
        if self.rules is not None:  # a path, from Python
            object.__setattr__(self, "rules", str(self.rules))
