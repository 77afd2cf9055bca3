"""One process at a time in a folder: a lock of the operating system, which ends with the process that holds it."""

import json
import os
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from aitia.errors import RunError

__all__ = ["Lock"]


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
        mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": round(time.time())}).encode()
        while True:
            handle = self._opened()
            if not _locked(handle):
                holder = self._holder(handle)
                os.close(handle)
                raise RunError(
                    f"{self._path.parent} is in use by {holder}: wait for it, or give another folder ({self._path} is "
                    "its lock)"
                )
            if _same_file(handle, self._path):
                break
            os.close(handle)  # the holder before removed the file between our opening and locking it
        self._handle = handle
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, mine, 0) if hasattr(os, "pwrite") else os.write(handle, mine)
        except OSError as error:
            self.__exit__(None, None, None)
            raise RunError(f"{self._path} cannot be written: {error.strerror}") from error
        return self

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            raise RunError(f"{self._path} cannot be written: {error.strerror}") from error

    def _holder(self, handle: int) -> str:
        try:
            told = json.loads(os.read(handle, 1000))
            since = time.strftime("%Y-%m-%d %H:%M", time.localtime(int(told["since"])))
            return f"process {int(told['pid'])} on {str(told['host'])[:100]} since {since}"
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return "another process"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            # Removed while it is still locked: who opens it later makes a file of its own.
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None


if sys.platform == "win32":
    import msvcrt

    def _locked(handle: int) -> bool:
        try:
            # Beyond the end, so that others can read who holds it.
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def _locked(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def _same_file(handle: int, path: Path) -> bool:
    try:
        there = path.stat()
    except OSError:
        return False
    ours = os.fstat(handle)
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
