"""Numbers that stand for what is missing: found by their spike outside of the others, and asked about."""

import re

import numpy as np
from numpy.typing import NDArray

__all__ = ["sentinel"]

_USUAL = re.compile(r"-?(?:9{2,}|8{2,}|7{2,}|6{3,})(?:\.(?:0+|9+))?$|-[1-9]$|-?32768$|-?1e\+?30$")
_MOST_DISTINCT = 100_000


def sentinel(values: NDArray[np.float64]) -> tuple[float, int, float, float] | None:
    """A number that looks as if it stood for what is missing.

    It is one that people use (-9, 99, -999, 9999, ...), is the smallest or the largest, and lies further from the
    others than they reach; or lies outside of them and occurs at least five times as often as any; or it is -9, more
    than once, where nothing else is below zero.

    Returns:
        The number, how often it occurs, and the smallest and largest of the others; None if there is none.
    """
    present = values[~np.isnan(values)]
    if len(present) < 5:
        return None
    # The two ends decide: a look at them costs no sort of a million numbers.
    for end in (float(present.min()), float(present.max())):
        if not _USUAL.match(f"{end:g}"):
            continue
        here = present == end
        others = present[~here]
        if not len(others):
            continue
        low, high = float(others.min()), float(others.max())
        if _USUAL.match(f"{low:g}") and low < 0 and end < 0:
            # Several of them (-999, -998, -9): the rest are without all.
            others = others[others != low]
            low = float(others.min()) if len(others) else low
        reach, gap = high - low, low - end if end < low else end - high
        count = int(here.sum())
        if -10 < end < 0 and (low < 0 or high - low < 2):
            continue  # a scale that goes below zero
        if end == -9 and count > 1:
            return end, count, low, high
        if gap >= max(reach, 1.0) and (abs(end) >= 10 or low >= 0):
            return end, count, low, high
        if count >= 3 and abs(end) >= 10 and gap > 0 and len(others) <= _MOST_DISTINCT:
            commonest = int(np.unique(others, return_counts=True)[1].max())
            if count >= 5 * commonest:
                return end, count, low, high
    return None
