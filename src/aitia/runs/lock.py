"""One process at a time in a run folder."""

import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from aitia.errors import RunError

__all__ = ["Lock"]


class Lock:
    """A lock file with the process that holds it; one that a dead process left behind is taken over.

    Args:
        path: The lock file.

    Raises:
        RunError: On entering, if a living process, or one on another machine, holds it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        for _ in range(2):
            try:
                handle = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:
                self._clear_dead()
                continue
            except OSError as error:
                raise RunError(f"{self._path} cannot be written: {error.strerror}") from error
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(mine)
            return self
        raise RunError(f"{self._path.parent} was taken by another process just now; try again")

    def _clear_dead(self) -> None:
        try:
            holder = json.loads(self._path.read_text(encoding="utf-8"))
            pid, host = int(holder["pid"]), str(holder["host"])
        except (OSError, ValueError, KeyError, TypeError):
            self._path.unlink(missing_ok=True)  # killed while it wrote the lock
            return
        if host != socket.gethostname():
            raise RunError(
                f"{self._path.parent} is in use by process {pid} on {host}; if that one is gone, delete {self._path}"
            )
        if pid != os.getpid() and _lives(pid):
            raise RunError(f"{self._path.parent} is in use by process {pid}; wait for it, or give another folder")
        self._path.unlink(missing_ok=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._path.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
