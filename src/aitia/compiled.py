"""Compiled loops: numba's `njit`, whose cache on disk is a help and never a need.

What was compiled is kept beside the source, or in the user's cache, for the next process. Where neither can be written
(an installation of the system's and no home), or the disk is full, each process compiles for itself.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core.caching import FunctionCache
from numba.extending import intrinsic

__all__ = ["bit_count", "njit", "trailing_zeros"]


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


@intrinsic  # type: ignore[untyped-decorator]
def trailing_zeros(_: Any, word: Any) -> Any:
    """The place of the lowest one of a word that is not zero, in compiled code."""
    del word

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        del context, signature
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def bit_count(_: Any, word: Any) -> Any:
    """The ones of a word, in compiled code."""
    del word

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        del context, signature
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), generate
