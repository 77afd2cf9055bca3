"""How fast an endpoint is asked: so many requests and tokens a minute, and never before it says that it is ready."""

import threading
import time

from aitia.errors import OptionError

__all__ = ["Pace"]


class Pace:
    """Slots in time, given out one after another to several threads.

    Args:
        requests_per_minute: At most; None has no limit.
        tokens_per_minute: At most, read and written; None has no limit.

    Raises:
        OptionError: If a limit is no number above zero.
    """

    def __init__(self, requests_per_minute: float | None = None, tokens_per_minute: float | None = None) -> None:
        for name, limit in (("requests", requests_per_minute), ("tokens", tokens_per_minute)):
            if limit is not None and not 0 < limit < float("inf"):
                raise OptionError(f"{name} a minute are above zero, got {limit}")
        self._gap = 60 / requests_per_minute if requests_per_minute else 0.0
        self._each = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, tokens: int, halted: threading.Event) -> None:
        """Returns when a request of so many tokens may be sent, or when nobody should wait any more."""
        while not halted.is_set():
            with self._lock:
                now = time.monotonic()
                if now >= self._next:
                    self._next = now + max(self._gap, self._each * tokens)
                    return
                left = self._next - now
            halted.wait(left)

    def hold(self, seconds: float) -> None:
        """Nobody asks again before so many seconds are over."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
