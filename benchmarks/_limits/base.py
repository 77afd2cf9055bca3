"""One row of the table of limits, and both its sides timed in turn."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Row", "in_turn"]


@dataclass(frozen=True)
class Row:
    """A path beside its limit.

    Args:
        path: What is done.
        limit: CPU seconds of the work alone at the speed of the machine; seconds on the wall where the path says so.
        ours: The same of the path.
        target: The ratio that the path is held to; None where there is none.
        peer: CPU seconds of the peer, where there is one.
    """

    path: str
    limit: float
    ours: float
    target: float | None = None
    peer: float | None = None

    def __str__(self) -> str:
        target = "" if self.target is None else f"{self.target:.2g}"
        peer = "" if self.peer is None else f"{self.peer / self.ours:.1f}x ours"
        return f"{self.path:44} {self.limit:9.4f} {self.ours:9.4f} {self.ours / self.limit:7.2f} {target:>8}  {peer}"

    def to_json(self) -> dict[str, Any]:
        """The row with its ratio."""
        return asdict(self) | {"ratio": self.ours / self.limit}


def in_turn(repeats: int, *calls: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> list[float]:
    """Least seconds of each call, after one of each that is not counted; of CPU unless there is another clock."""
    least = [float("inf")] * len(calls)
    for turn in range(repeats + 1):
        for k, call in enumerate(calls):
            started = clock()
            call()
            if turn:
                least[k] = min(least[k], clock() - started)
    return least
