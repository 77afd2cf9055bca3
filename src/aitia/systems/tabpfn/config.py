"""Options of the classifier."""

from dataclasses import dataclass
from typing import Literal

from aitia.nn.options import need_at_least, need_one_of

__all__ = ["TabPFNConfig"]


@dataclass(frozen=True)
class TabPFNConfig:
    """Options of `TabPFN`.

    Args:
        weights: A folder that `pretrain` wrote, or one on the Hub (`owner/name`); None takes the network shipped.
        ensemble: Passes whose logits are averaged; each sees columns and classes shifted another way.
        power: Whether every second pass sees columns after a power transform.
        subsample: Whether a table with too many rows or columns is cut, each pass to a random part of its own;
            otherwise it is refused.
        missing: `error` refuses missing values; `mean` takes the mean of the column.
        categories: `error` refuses columns of text; `ordinal` numbers their values in alphabetical order.
        seed: Of the choice of passes.
        device: `auto` takes a GPU where there is one.

    Raises:
        OptionError: If a value is out of range.
    """

    weights: str | None = None
    ensemble: int = 8
    power: bool = True
    subsample: bool = False
    missing: Literal["error", "mean"] = "error"
    categories: Literal["error", "ordinal"] = "error"
    seed: int = 0
    device: Literal["auto", "cpu"] = "cpu"

    def __post_init__(self) -> None:
        if self.weights is not None:  # a path, from Python
            object.__setattr__(self, "weights", str(self.weights))
        need_one_of(self, missing=("error", "mean"), categories=("error", "ordinal"), device=("auto", "cpu"))
        need_at_least(self, ensemble=1, seed=0)
