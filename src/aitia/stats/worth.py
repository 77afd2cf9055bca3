"""Is a number worth anything: a share whose denominator is noise, effects that are no larger than their control."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["LEAST", "beyond_control", "within_noise"]

LEAST = 30
"""Rows under which a number is hardly more than chance."""
SURE = 2.0
"""Standard errors, or standard deviations of a control, that a difference is to exceed."""


def within_noise(difference: ArrayLike, control: ArrayLike | None = None) -> str | None:
    """Why a share of this difference says nothing; None where the difference stands out.

    Args:
        difference: (draws,) the denominator, once for each draw of what was drawn; one where nothing was.
        control: What changes of no meaning, such as random ones, do to the same number.
    """
    way = np.asarray(difference, dtype=np.float64).ravel()
    mean = float(way.mean())
    if len(way) > 1 and abs(mean) <= SURE * float(way.std(ddof=1)) / len(way) ** 0.5:
        return f"the difference that shares are taken of is {mean:.3g}, which is within its noise over {len(way)} draws"
    if control is not None:
        chance = np.asarray(control, dtype=np.float64).ravel()
        size = float(np.sqrt(np.mean(chance**2))) if chance.size else 0.0
        if abs(mean) <= size:
            return f"the difference that shares are taken of is {mean:.3g}, and random changes make one of {size:.3g}"
    return None


def beyond_control(
    effects: ArrayLike,
    controls: Sequence[float | None],
    lows: Sequence[float | None] | None = None,
    highs: Sequence[float | None] | None = None,
) -> list[bool | None]:
    """Whether each effect is larger than its control and its interval leaves the control out; None without a control.

    Args:
        effects: (n,).
        controls: Of each; None or NaN where there is none.
        lows: Lower ends of the intervals of the effects, None or NaN where there is none.
        highs: Upper ends.
    """
    told: list[bool | None] = []
    values = np.asarray(effects, dtype=np.float64).ravel().tolist()
    for k, (effect, control) in enumerate(zip(values, controls, strict=True)):
        if control is None or not np.isfinite(control):
            told.append(None)
            continue
        low, high = (side[k] if side is not None else None for side in (lows, highs))
        inside = low is not None and high is not None and bool(low <= control <= high)
        told.append(abs(effect) > abs(control) and not inside)
    return told
