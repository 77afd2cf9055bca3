"""One BLAS and OpenMP thread for a command, set before numpy or torch is loaded.

What is small (a factorisation, a kernel, a bootstrap sample) loses by a second thread, several times over on a machine
that is busy. Who wants more says so in the environment.
"""

import os

__all__ = ["one_thread"]

_NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def one_thread() -> None:
    """Sets each variable that the environment does not set."""
    for name in _NAMES:
        os.environ.setdefault(name, "1")
