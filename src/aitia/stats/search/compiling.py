"""The kernels of scores and orders: plain for a little work, compiled for more, with the same answers.

To load the compiler takes half a second, and the first time on a machine some more.
"""

from functools import cache
from types import FunctionType, SimpleNamespace
from typing import Any

from aitia.stats.search import _order_kernel, _score_kernel

__all__ = ["kernels"]

ENTRIES = ("local", "several", "grow", "climb", "along")
"""What Python calls; the rest is called by these alone, and needs no door of its own."""

INLINE = ("walk",)
"""What is written out where it is called: to hand all the arrays to it takes longer than a step of it."""

PLAIN_AT_MOST = 0.6
"""Predicted seconds of a process that run without the compiler."""
_plain_so_far = 0.0


def kernels(seconds: float) -> Any:
    """The functions of both kernels as attributes, for what takes about so long in plain Python."""
    global _plain_so_far
    _plain_so_far += seconds
    return _plain() if _plain_so_far <= PLAIN_AT_MOST else _compiled()


def _functions() -> dict[str, FunctionType]:
    """Every function of the two modules, the called before the callers."""
    return {
        name: value
        for module in (_score_kernel, _order_kernel)
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
    }


@cache
def _plain() -> SimpleNamespace:
    return SimpleNamespace(**_functions())


@cache
def _compiled() -> SimpleNamespace:
    """The same functions, each compiled in a namespace whose other functions are the compiled ones."""
    from aitia.compiled import njit

    names: dict[str, Any] = {**vars(_score_kernel), **vars(_order_kernel)}
    functions = _functions()
    for name, function in functions.items():
        inner: dict[str, Any] = {} if name in ENTRIES else {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        inner |= {"inline": "always"} if name in INLINE else {}
        names[name] = njit(nogil=True, **inner)(FunctionType(function.__code__, names, name))
    return SimpleNamespace(**{name: names[name] for name in functions})
