"""A training that says, once it has been under way for a little, how long it will take."""

import time

from aitia.engine import Progress

__all__ = ["with_prediction"]

_AFTER = 2.0
"""Seconds that are watched before anything is said."""


def with_prediction(progress: Progress | None) -> Progress | None:
    """The same, and a line that stays: how long each part of the work is going to take."""
    if progress is None:
        return None
    first: dict[str, tuple[float, int]] = {}
    said: set[str] = set()

    def tell(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        began, at = first.setdefault(what, (now, done))
        if what not in said and done > at and now - began >= _AFTER:
            said.add(what)
            left = (now - began) / (done - at) * (total - done)
            progress(f"predicted: {what} takes {_duration(left)} more for {total - done} of {total} steps", done, total)
        progress(what, done, total)

    return tell


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
