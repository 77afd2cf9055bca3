"""Standard output and error that are closed, full, or read by nobody any more."""

import errno
import os
import sys
from contextlib import suppress

__all__ = ["UNWRITABLE", "open_closed", "say", "unwritable"]

UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
"""Why standard output may take no more; an error of a file bears its name."""


def open_closed() -> None:
    """Opens what the process was started without, on nothing.

    Else the first file that is opened would have the number of standard output, and be written into.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def say(sentence: str) -> None:
    """Writes a line to standard error, if anybody can read it."""
    with suppress(OSError):
        print(f"aitia: {sentence}", file=sys.stderr, flush=True)


def unwritable() -> str | None:
    """Writes what still waits; where that fails, why, or nothing where the reader of a pipe has left.

    None where all is written. What could not be is dropped, so that it does not fail again at the end of the process.
    """
    found: str | None = None
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError) as error:
            broken = isinstance(error, BrokenPipeError)
            found = found or ("" if broken else getattr(error, "strerror", None) or str(error))
            empty = os.open(os.devnull, os.O_WRONLY)
            os.dup2(empty, number)
            os.close(empty)
    return found
