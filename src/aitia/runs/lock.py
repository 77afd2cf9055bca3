"""One process at a time in a folder: a lock of the operating system, which ends with the process that holds it."""

import json
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from aitia.errors import RunError

__all__ = ["Lock", "holder_of"]

_LOOKED, _NAMELESS = 0.05, 0.5
"""Seconds after which one who holds the lock does more than look who does, and has said who it is."""


class Lock:
    """A lock on a file, in which the holder says who it is. What a dead process left behind holds nobody up.

    Args:
        path: The lock file; it is there while the lock is held.

    Raises:
        RunError: On entering, if another process holds it, or the file cannot be made; nothing is left behind then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def __enter__(self) -> Self:
        started = time.monotonic()
        while self._handle is None:
            handle = self._opened()
            try:
                if not self._taken(handle):
                    waited, holder = time.monotonic() - started, _told(handle)
                    if waited > (_NAMELESS if holder is None else _LOOKED):
                        raise RunError(
                            f"{self._path.parent} is in use by {holder or 'another process'}: wait for it, or give "
                            f"another folder ({self._path} is its lock)"
                        )
                    time.sleep(0.005)
                elif _same_file(handle, self._path):
                    self._handle = handle
                # Else the holder before has removed the file between our opening and locking it.
            finally:
                if self._handle is None:
                    os.close(handle)
        mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": round(time.time())}).encode()
        try:
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, mine)
        except OSError as error:
            self.__exit__(None, None, None)
            raise RunError(f"{self._path} cannot be written: {error.strerror}") from error
        return self

    def _opened(self) -> int:
        try:
            # A link is not followed: what it names is nobody's lock.
            return os.open(self._path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o644)
        except OSError as error:
            raise RunError(f"{self._path} cannot be written: {error.strerror}") from error

    def _taken(self, handle: int) -> bool:
        try:
            return _locked(handle)
        except OSError as error:
            raise RunError(f"{self._path} cannot be locked: {error.strerror}") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            # Removed while it is still locked: who opens it later makes a file of its own.
            if sys.platform != "win32" and _same_file(self._handle, self._path):
                with suppress(OSError):
                    self._path.unlink()
            os.close(self._handle)
            self._handle = None
            if sys.platform == "win32":  # which removes no open file
                with suppress(OSError):
                    self._path.unlink()


def holder_of(path: Path) -> str | None:
    """Who holds a lock, in words; None where nobody does. Nothing is written."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))  # it may be another user's
    except OSError:
        return None
    try:
        return None if _locked(handle) else _told(handle) or "another process"
    except OSError:
        return None
    finally:
        os.close(handle)


def _told(handle: int) -> str | None:
    """What the holder says of itself."""
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        told = json.loads(os.read(handle, 1000))
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(int(told["since"])))
        return f"process {int(told['pid'])} on {str(told['host'])[:100]} since {since}"
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


if sys.platform == "win32":
    import msvcrt

    def _locked(handle: int) -> bool:
        try:
            # Beyond the end, so that others can read who holds it.
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def _locked(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _same_file(handle: int, path: Path) -> bool:
    try:
        there = path.stat()
    except OSError:
        return False
    ours = os.fstat(handle)
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
