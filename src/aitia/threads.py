"""How many threads BLAS and OpenMP take, set and counted.

What is small (a factorisation, a kernel, a bootstrap sample) loses by a second thread, several times over on a machine
that is busy; and sums over several threads come out in another order, and with them the last digits.
"""

import os
import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

__all__ = ["THREAD_VARIABLES", "one_blas_thread", "set_threads", "thread_counts"]

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""What libraries read when they are loaded."""


def set_threads(wanted: int | None = None) -> None:
    """Sets the threads of this process and of those that it starts.

    Libraries that are not loaded yet read the environment; those that are (numpy's BLAS comes with `import aitia`) are
    told. Where the environment names a number and nobody asks for another, all is left as it is.

    Args:
        wanted: The number; None takes that of the environment, or one.
    """
    if wanted is None and any(name in os.environ for name in THREAD_VARIABLES):
        return
    number = wanted or 1
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(number)))
    from threadpoolctl import threadpool_limits

    threadpool_limits(number)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(number)


def one_blas_thread() -> AbstractContextManager[object]:
    """A context in which BLAS takes one thread: every loop of small factorisations holds it."""
    limits: AbstractContextManager[object] = _controller(len(sys.modules)).limit(limits=1, user_api="blas")
    return limits


@lru_cache(maxsize=1)
def _controller(modules: int) -> Any:
    """The libraries of threads that are loaded; looked for again, which takes a millisecond, once a module came."""
    del modules
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def thread_counts() -> dict[str, int]:
    """The most threads that a loaded library of each kind (`blas`, `openmp`, `torch`) may take."""
    from threadpoolctl import threadpool_info

    found: dict[str, int] = {}
    for pool in threadpool_info():
        found[pool["user_api"]] = max(found.get(pool["user_api"], 0), int(pool["num_threads"]))
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = int(torch.get_num_threads())
    return dict(sorted(found.items()))
