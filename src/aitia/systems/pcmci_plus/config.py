"""Options of PCMCI+."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.stats.search.config import SearchConfig
from aitia.stats.search.evidence import ColliderRule

__all__ = ["PARTIAL_CORRELATION", "PCMCIPlusConfig"]

PARTIAL_CORRELATION = "partial-correlation"


@dataclass(frozen=True)
class PCMCIPlusConfig(SearchConfig):
    """Options of `PCMCIPlus`: those of every search, and these.

    Args:
        lags: How many steps back a cause may lie.
        test: `partial-correlation` (Student's t), which `auto` takes where all columns are numbers; or `fisher-z`,
            `chi2`, `g2`, `kci`, `rcit`.
        max_depth: Largest set of variables of the same time that is conditioned on beside the lagged causes.
        colliders: `majority`, which `auto` takes, `conservative` or `max-p`, over all sets of neighbours of one time.
        missing: `error`; or `testwise`: a sample with a gap in one of its steps is left out.
        bootstrap: How many random halves of the samples are searched again; None for none.

    Raises:
        OptionError: If a value is out of range.
    """

    lags: int = 1
    colliders: ColliderRule | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lags < 1:
            raise OptionError(f"lags is 1 or more steps, got {self.lags}; without lags use pc")
        if self.colliders not in ("auto", "majority", "conservative", "max-p"):
            raise OptionError(
                f"colliders is majority, conservative or max-p in a search over time, got {self.colliders!r}"
            )
        if self.missing == "impute":
            raise OptionError("gaps of a series are not imputed: leave out samples that have one (--missing testwise)")
        if self.known is not None and self.known.required:
            cause, effect = self.known.required[0]
            raise OptionError(
                f"required: {cause} -> {effect} does not say at which lag: a search over time takes tiers and "
                "forbidden edges, which hold at every lag"
            )

    @property
    def rule(self) -> ColliderRule:
        """The rule that is taken."""
        return "majority" if self.colliders == "auto" else self.colliders
