"""The bytes of a file of text, unpacked where it is packed (.gz), within the memory that may be used."""

import gzip
import os
from pathlib import Path

from aitia.errors import FormatError
from aitia.guard import allowed_bytes, check_size

__all__ = ["unpacked"]

_STEP = 1 << 22


def unpacked(path: Path) -> bytes:
    """What a file holds.

    The end of a packed file announces the size of what is inside; it may lie, so that what comes out is counted too.

    Raises:
        FormatError: If it announces or holds more than may be used, before that much is in memory.
    """
    check_size(path, os.stat(path).st_size)
    if path.suffix != ".gz":
        return path.read_bytes()
    with path.open("rb") as file:
        file.seek(max(os.stat(path).st_size - 4, 0))
        check_size(path, int.from_bytes(file.read(4), "little"))
    allowed, size, parts = allowed_bytes(), 0, []
    with gzip.open(path) as opened:
        while part := opened.read(_STEP):
            size += len(part)
            if size > allowed:
                raise FormatError(
                    f"{path} unpacks to more than {allowed / 1e9:,.1f} GB, which is all that may be used here (half of "
                    "the memory): it is damaged, or needs a larger machine"
                )
            parts.append(part)
    return b"".join(parts)
