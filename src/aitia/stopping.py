"""What a command does when it is told to stop: by Ctrl-C, by SIGTERM, or by SIGHUP of a terminal that was closed.

While modules are loaded there is nothing to put away: it says so and is gone. Later `Stopped` is raised where the
command is, so that files and terminal are put in order, and who caught it calls `leave`. A second signal, or work that
does not come to an end within `GRACE` seconds (a long call of a compiled library), ends it there and then: files are
written whole or not at all, so that nothing is lost by it.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

__all__ = ["Stopped", "asked", "at_once", "leave", "watch", "while_starting"]

GRACE = 5.0
"""Seconds that a command has to put its things in order."""
_NAMES = {"SIGINT": "Ctrl-C", "SIGTERM": "SIGTERM", "SIGHUP": "SIGHUP"}
_SIGNALS = {int(getattr(signal, name)): said for name, said in _NAMES.items() if hasattr(signal, name)}


class Stopped(BaseException):
    """A command is told to stop. No Exception and no KeyboardInterrupt: nothing on its way takes it for its own."""


class _Told:
    """The signal that came, and what is said beside."""

    number: int | None = None
    way_on: Callable[[], str] | None = None


def asked() -> bool:
    """Whether this process was told to stop."""
    return _Told.number is not None


def at_once() -> None:
    """From here on a signal ends the process where it is: there is nothing to put away."""
    _handle(lambda number, frame: leave(number))


def while_starting() -> None:
    """`at_once`, if this process is the command `aitia` or `python -m aitia`, and no program that uses the library."""
    script, words = sys.argv[0] if sys.argv else "", sys.orig_argv
    if script == "-m":  # as long as the package is loaded; then it is the path of the module
        name = words[words.index("-m") + 1].split(".")[0] if "-m" in words[:-1] else ""
    else:
        name = os.path.splitext(os.path.basename(script))[0] if script in words[1:] else ""  # a worker's is a copy
    if name == "aitia":
        at_once()


def watch(way_on: Callable[[], str]) -> None:
    """From here on a signal raises `Stopped`.

    Args:
        way_on: Gives what is said beside: how to go on, or nothing.
    """
    _Told.number, _Told.way_on = None, way_on
    _handle(_stop)


def leave(number: int | None = None) -> NoReturn:
    """Says that the command was stopped and how to go on, and ends the process; code 130, 143 or 129."""
    number = (_Told.number or int(signal.SIGINT)) if number is None else number
    way = "" if _Told.way_on is None else _Told.way_on()
    _put_away()
    with suppress(OSError):  # nobody listens
        os.write(2, f"aitia: stopped by {_SIGNALS[number]}{f'; {way}' if way else ''}\n".encode())
    os._exit(128 + number)


def _put_away() -> None:
    """Takes away the semaphores of workers' queues, which a process that ends at once leaves, and is blamed for."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        with suppress(Exception):
            util._run_finalizers(0)


def _handle(handler: Callable[[int, Any], object]) -> None:
    """Sets the handler of each signal; one that is ignored (nohup, a job in the background) stays ignored."""
    for number in _SIGNALS:
        try:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)
        except ValueError:
            return  # only the main thread may


def _stop(number: int, frame: Any) -> None:
    if _Told.number is not None:
        leave(number)
    from threading import Timer

    _Told.number = number
    late = Timer(GRACE, leave, (number,))
    late.daemon = True
    late.start()
    raise Stopped
