"""Options of CD-NOD."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.stats.search.config import SearchConfig
from aitia.stats.search.evidence import ColliderRule

__all__ = ["CDNODConfig"]


@dataclass(frozen=True)
class CDNODConfig(SearchConfig):
    """Options of `CDNOD`: those of every search, and these.

    Args:
        colliders: `majority` by default here: kernel tests of a few hundred rows contradict each other, and a vote over
            all separating sets orients more edges right than the first set does (.80 against .73 in 40 worlds of the
            claim's part (a)).
        context_kind: `time` compares values of the context as numbers, `domain` as labels; `auto` goes by the column.
        time_width: Kernel width of the time, in standard deviations, in every test. The usual width for a sample
            smooths over several turns of a drift. Given the time, it leaves two unrelated drifting variables linked: in
            half of 200 worlds of the claim's part (d), against 6 % with 0.25. Where the time itself is tested, it
            misses pushes of moderate pace: in part (c) it marks both pushed variables and no other in 3 of 10 worlds,
            0.25 in 50 of 55 (worlds outside the claim's seeds).
        phases: 2 stops after the invariance rules; 3 adds independent change; 4 adds driving forces.

    Raises:
        OptionError: If a value is out of range.
    """

    colliders: ColliderRule | Literal["auto"] = "majority"
    context_kind: Literal["auto", "time", "domain"] = "auto"
    time_width: float = 0.25
    phases: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.context_kind not in ("auto", "time", "domain"):
            raise OptionError(f"context_kind is 'auto', 'time' or 'domain', got {self.context_kind!r}")
        if not self.time_width > 0:
            raise OptionError(f"time_width is positive, got {self.time_width}")
        if self.phases not in (2, 3, 4):
            raise OptionError(f"phases is 2, 3 or 4, got {self.phases}")
