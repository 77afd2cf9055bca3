"""A mapping on disk that only grows: finished pieces of work, so that a stopped run goes on where it was.

One line an entry, `checksum [key, value]`. A line is written and flushed whole; after a kill the last one may be cut
off, which its checksum tells, and it is dropped.
"""

import json
import zlib
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from aitia.errors import RunError
from aitia.guard import parse_json

__all__ = ["Journal"]


class Journal(MutableMapping[str, Any]):
    """JSON values by key. The latest value of a key counts.

    Args:
        path: The file; it is made with the first entry.

    Raises:
        RunError: If a line before the last is damaged, or the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        self._file: FileIO | None = None
        self._whole = 0  # bytes up to which every line is sound
        self._read()

    def _read(self) -> None:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise RunError(f"{self._path} cannot be read: {error.strerror}") from error
        lines = data.split(b"\n")
        for number, line in enumerate(lines[:-1], start=1):  # what follows the last line end was cut off
            checksum, _, body = line.partition(b" ")
            if checksum != b"%08x" % zlib.crc32(body):
                if number < len(lines) - 1:
                    raise RunError(
                        f"line {number} of {self._path} is damaged; delete the file to compute its entries again"
                    )
                return
            place = f"line {number} of {self._path}"
            entry = parse_json(body, place, list, RunError)
            if len(entry) != 2 or not isinstance(entry[0], str):
                raise RunError(f"{place} is no pair of a key and a value; delete the file to compute its entries again")
            self._values[entry[0]] = entry[1]
            self._whole += len(line) + 1

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        body = json.dumps([key, value], ensure_ascii=False).encode()
        line = b"%08x " % zlib.crc32(body) + body + b"\n"
        try:
            if self._file is None:
                self._path.touch()
                # Without a buffer: what a full disk refuses must not be tried again when the file is closed.
                self._file = self._path.open("r+b", buffering=0)
                self._file.truncate(self._whole)
                self._file.seek(self._whole)
            done = 0
            while done < len(line):
                done += self._file.write(line[done:])
        except OSError as error:
            self._take_back()
            raise RunError(
                f"{self._path} cannot be written: {error.strerror}; finished work before it is kept"
            ) from error
        self._whole += len(line)
        self._values[key] = json.loads(body)[1]

    def _take_back(self) -> None:
        """Drops the part of a line that was written, and a file without an entry."""
        if self._file is not None and self._whole == 0:
            self.close()
            with suppress(OSError):
                self._path.unlink()
        if self._file is not None:
            with suppress(OSError):
                self._file.truncate(self._whole)
                self._file.seek(self._whole)

    def __delitem__(self, key: str) -> None:
        raise RunError(f"{self._path} only grows: entries are not deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def close(self) -> None:
        """Closes the file; the values stay readable."""
        if self._file is not None:
            with suppress(OSError):  # every entry was written or refused before
                self._file.close()
            self._file = None
