"""Compiled loops: numba's `njit`, whose cache on disk is a help and never a need.

What was compiled is kept beside the source, or in the user's cache, for the next process. Where neither can be written
(an installation of the system's and no home), or the disk is full, each process compiles for itself.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba
from numba.core.caching import FunctionCache

__all__ = ["njit"]


class _Cache(FunctionCache):  # type: ignore[misc]  # numba has no types
    """One that gives up where numba would raise: on a full disk, or in a folder that was closed meanwhile."""

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keeps what was compiled, if it can."""
        with suppress(OSError):
            super().save_overload(sig, data)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was kept; None where nothing is, or it cannot be read."""
        with suppress(OSError):
            return super().load_overload(sig, target_context)
        return None


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorates a function as `numba.njit(cache=True, **options)` does."""

    def compiled(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**options)(function)
        with suppress(RuntimeError, OSError):  # "cannot cache function": no place can be written
            dispatcher._cache = _Cache(function)
        return dispatcher

    return compiled
