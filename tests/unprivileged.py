"""A process that may not write where the permissions of a folder forbid it, also where the tests are run by root."""

import ctypes
import os
import subprocess
import sys

_DROP, _OVERRIDE, _SEARCH = 24, 1, 2
"""Of prctl(2): PR_CAPBSET_DROP, CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


def _obey():
    if os.geteuid() == 0:
        for right in (_OVERRIDE, _SEARCH):
            ctypes.CDLL(None).prctl(_DROP, right)


def run_unprivileged(code, *arguments, **environment):
    """A Python program under the rights of files; what it printed and its exit code."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True,
        env={**os.environ, **environment}, preexec_fn=_obey if sys.platform == "linux" else None, timeout=300,
    )  # fmt: skip
