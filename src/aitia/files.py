"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path

from aitia.errors import AitiaError, FormatError

__all__ = ["write_whole"]


def write_whole(path: Path, data: bytes | str, error: type[AitiaError] = FormatError) -> None:
    """Writes the file beside its place, then moves it there, so that a reader sees the old or the new one.

    Args:
        path: The file.
        data: Its bytes, or text for UTF-8.
        error: What is raised where it cannot be written.

    Raises:
        FormatError: Or `error`, if the disk is full or the folder is missing or closed; an old file is then as it was.
    """
    temporary = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as reason:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise error(f"{path} cannot be written: {reason.strerror or reason}; what was there is unchanged") from reason
