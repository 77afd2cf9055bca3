"""What is dropped into the studio: written as it comes, and refused where it would unpack to more than is looked at.

The command line takes whatever the memory of the machine holds. The studio answers others while it reads, so that a
small file that unpacks to gigabytes, or one of more rows than anybody looks at, is turned away at the door: by what it
announces, by what comes out of it, or, where it neither announces nor can be unpacked in pieces, by reading it in
another process that may not have more memory than that.
"""

import asyncio
import gzip
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from aitia.data.reading import conll, lines, separated
from aitia.data.tables import suffix_of
from aitia.errors import AitiaError, FormatError, RunError
from aitia.guard import guarded

__all__ = ["MOST_BYTES", "MOST_ROWS", "MOST_UNPACKED", "PART", "received"]

MOST_BYTES = 200 << 20
"""Of a file, as it comes."""
MOST_UNPACKED = 1 << 30
"""Of what is inside of a packed one."""
MOST_ROWS = 2_000_000
PART = ".upload-"
"""How the name of a file begins that is still on its way."""
_STEP = 1 << 20
_TEXT = (*separated.SUFFIXES, *lines.SUFFIXES, *conll.SUFFIXES)
_ROOM = 1 << 30
"""Memory that a process takes to read any table, beside what is in it."""
_READ = """
import resource, sys
most = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
from aitia.data.tables import read_table
try:
    print(read_table(sys.argv[1]).n)
except MemoryError:
    sys.exit(9)
"""
_BY_HAND = "use the command line for it"


async def received(folder: Path, name: str, pieces: AsyncIterator[bytes], free: Callable[[], str]) -> str:
    """Writes a file piece by piece, looks at it, and gives it its name: whole or not at all.

    Args:
        folder: Where it comes to lie.
        name: What it was called; its ending says what it holds.
        pieces: Its bytes.
        free: A name that nothing in the folder has.

    Returns:
        The name that it has.

    Raises:
        FormatError: If it is empty, or larger, or holds more rows, than is taken.
        RunError: If it cannot be written.
    """
    temporary = None
    try:
        ending = f"{suffix_of(Path(name))}{'.gz' if name.endswith('.gz') else ''}"
        handle, place = tempfile.mkstemp(dir=folder, prefix=PART, suffix=ending)
        temporary, size = Path(place), 0
        with os.fdopen(handle, "wb") as file:
            async for piece in pieces:
                size += len(piece)
                if size > MOST_BYTES:
                    raise FormatError(f"{name} is larger than {MOST_BYTES >> 20} MB: {_BY_HAND}")
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if not size:
            raise FormatError(f"{name} is empty")
        await asyncio.to_thread(_check, temporary, name)
        temporary.chmod(0o644)
        taken = free()  # nothing waits between this and the next line, so that no other upload has the name
        temporary.replace(folder / taken)
        return taken
    except BaseException as error:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, AitiaError):
            raise RunError(f"{name} cannot be kept in {folder}: {error.strerror or error}") from error
        raise


def _check(path: Path, name: str) -> None:
    """Refuses what is too large inside."""
    suffix = suffix_of(Path(name))
    with guarded(name):
        if suffix == ".xlsx":
            with zipfile.ZipFile(path) as parts:
                _check_bytes(sum(part.file_size for part in parts.infolist()), name)
        elif suffix == ".parquet":
            from pyarrow import parquet

            told = parquet.read_metadata(path)
            _check_bytes(sum(told.row_group(k).total_byte_size for k in range(told.num_row_groups)), name)
            _check_rows(told.num_rows, name)
        elif suffix in _TEXT:
            rows = size = 0
            with gzip.open(path) if name.endswith(".gz") else path.open("rb") as file:
                while piece := file.read(_STEP):
                    size, rows = size + len(piece), rows + piece.count(b"\n")
                    _check_bytes(size, name)
                    _check_rows(rows - 1, name)
        elif sys.platform == "linux":  # other systems have no such limit
            _check_read(path, name)


def _check_read(path: Path, name: str) -> None:
    """Reads a table in a process of its own, whose memory is limited."""
    words = [sys.executable, "-c", _READ, str(path), str(2 * MOST_UNPACKED + _ROOM)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    if done.returncode == 9 or done.returncode < 0 or "more memory than there is" in done.stderr:
        _check_bytes(MOST_UNPACKED + 1, name)
    if done.returncode == 0:  # what cannot be read is told where it is looked at
        _check_rows(int(done.stdout), name)


def _check_bytes(size: int, name: str) -> None:
    if size > MOST_UNPACKED:
        raise FormatError(f"{name} unpacks to more than {MOST_UNPACKED >> 20} MB: {_BY_HAND}")


def _check_rows(rows: int, name: str) -> None:
    if rows > MOST_ROWS:
        raise FormatError(f"{name} holds more than {MOST_ROWS:,} rows: {_BY_HAND}")
