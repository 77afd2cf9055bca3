"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path

from aitia.errors import RunError

__all__ = ["write_bytes", "write_text"]


def write_bytes(path: Path, data: bytes) -> None:
    """Writes the file beside its place, then moves it there, so that a reader sees the old or the new one.

    Raises:
        RunError: If the disk is full or the folder cannot be written; an old file is then as it was.
    """
    temporary = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise RunError(f"{path} cannot be written: {error.strerror or error}; what was there is unchanged") from error


def write_text(path: Path, text: str) -> None:
    """The same for text, in UTF-8.

    Raises:
        RunError: As `write_bytes`.
    """
    write_bytes(path, text.encode())
