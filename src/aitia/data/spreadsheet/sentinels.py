"""Numbers that stand for what is missing: found by their spike outside of the others, and asked about."""

import re

import numpy as np
from numpy.typing import NDArray

__all__ = ["sentinel"]

_USUAL = re.compile(
    r"-?(?:9{2,}|9{1,3}[78]|8{2,}|7{2,}|6{3,})(?:\.(?:0+|9+|8+))?$|-[1-9]$|-?32768$|-?2147483648$|-?1e\+?(?:20|30)$"
)
_MOST_DISTINCT = 100_000
_EDGE = 5
"""Answers of the last kind on a scale, at least."""
_MOST = 5
"""Different ones in a column, at most."""


def sentinel(values: NDArray[np.float64]) -> tuple[tuple[float, ...], int, float, float] | None:
    """Numbers that look as if they stood for what is missing.

    Numbers that people use (-9, 98, 99, -999, 9999, ...) at either end, next to each other there, that lie further
    from the others than they reach; or lie outside of them and the outermost occurs at least five times as often as
    any; or it is -9, more than once, where nothing else is below zero. So are -1 beside counts, where it is no tail of
    theirs, and 7, 8 or 9 behind a gap above answers from 1 on.

    Returns:
        These numbers, the outermost first, how often they occur, and the smallest and largest of the others; None if
        there is none.
    """
    present = values[~np.isnan(values)]
    if len(present) < 5:
        return None
    # The two ends decide: a look at them costs no sort of a million numbers.
    for lowest in (True, False):
        found = _at_end(present, lowest)
        if found is not None:
            return found
    return _below_counts(present) or _above_a_scale(present)


def _below_counts(present: NDArray[np.float64]) -> tuple[tuple[float, ...], int, float, float] | None:
    """-1 beside counts: a tail of rounded numbers that goes below zero has no edge at 0 and no spike behind it."""
    if present.min() != -1 or present.max() < 3 or (present != np.floor(present)).any():
        return None
    odd, zero, one = (int((present == k).sum()) for k in (-1, 0, 1))
    tail = zero**2 / max(one, 1)  # the most that a tail has there whose logarithm is concave
    spike = odd > tail + 4 * tail**0.5 + 4
    edge = zero >= one and 2 <= odd <= one / 3
    others = present[present != -1]
    return ((-1.0,), odd, float(others.min()), float(others.max())) if spike or edge else None


def _above_a_scale(present: NDArray[np.float64]) -> tuple[tuple[float, ...], int, float, float] | None:
    if present.max() > 9 or present.min() != 1 or (present != np.floor(present)).any():
        return None
    values = np.unique(present).tolist()
    scale = next((k for k, value in enumerate(values) if value != k + 1), len(values))
    odd = values[scale:]
    if not 3 <= scale <= 7 or not odd or odd[0] < 7 or int((present == scale).sum()) < _EDGE:
        return None  # a tail thins out before it ends
    return tuple(odd[::-1]), int(np.isin(present, odd).sum()), 1.0, float(scale)


def _usual(value: float) -> bool:
    return _USUAL.match(f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:g}") is not None


def _at_end(present: NDArray[np.float64], lowest: bool) -> tuple[tuple[float, ...], int, float, float] | None:
    others = present
    ends: list[float] = []
    for _ in range(_MOST):
        end = float(others.min() if lowest else others.max())
        if not np.isfinite(end) or not _usual(end) or (ends and (end < 0) != (ends[0] < 0)):
            break
        rest = others[others != end]
        if not len(rest):
            break
        ends.append(end)
        others = rest
    # The longest run first, then shorter ones: 97 may be a number where 99 is none.
    for many in range(len(ends), 0, -1):
        kept = present[~np.isin(present, ends[:many])]
        if _far(ends[:many], kept, present):
            return tuple(ends[:many]), len(present) - len(kept), float(kept.min()), float(kept.max())
    return None


def _far(ends: list[float], others: NDArray[np.float64], present: NDArray[np.float64]) -> bool:
    """Whether the others are so far from these that they are of another kind."""
    low, high = float(others.min()), float(others.max())
    outer, inner = ends[0], ends[-1]
    reach, gap = high - low, low - inner if inner < low else inner - high
    if -10 < inner < 0 and (low < 0 or high - low < 2):
        return False  # a scale that goes below zero
    count = int((present == outer).sum())
    if outer == -9 and count > 1:
        return True
    if gap >= max(reach, 1.0) and (abs(inner) >= 10 or low >= 0):
        return True
    if count >= 3 and abs(inner) >= 10 and gap > 0 and len(others) <= _MOST_DISTINCT:
        commonest = int(np.unique(others, return_counts=True)[1].max())
        return count >= 5 * commonest
    return False
