"""Arrays from `.npz` files that may be damaged or hostile: no pickle, and nothing is unpacked that cannot be held."""

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import AitiaError, FormatError
from aitia.guard import check_size, guarded

__all__ = ["read_arrays"]


def read_arrays(path: str | Path, error: type[AitiaError] = FormatError) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file by name.

    Each entry says its shape; it must be the one that its bytes hold, and all together must fit into memory.

    Raises:
        FormatError: Or `error`, if the file is missing, damaged, no `.npz`, holds objects, or announces more bytes than
            it has or than memory allows.
    """
    with guarded(path, "is missing, damaged or no .npz file of plain arrays", error), zipfile.ZipFile(path) as packed:
        entries = packed.infolist()
        check_size(path, sum(entry.file_size for entry in entries), error)
        found = {}
        for entry in entries:
            with packed.open(entry) as file:
                found[entry.filename.removesuffix(".npy")] = _array(file, entry.file_size)
        return found


def _array(file: IO[bytes], size: int) -> NDArray[Any]:
    """The array of one entry, after its header has been held against its size in bytes."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array is of format {version}, which is not read")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_column, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("an array holds Python objects, which are not read")
    held, announced = size - file.tell(), math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or held != announced:
        raise ValueError(f"an array of shape {shape} has {announced} bytes, the file holds {held}")
    values = np.frombuffer(bytearray(file.read()), dtype=dtype) if announced else np.empty(math.prod(shape), dtype)
    return values.reshape(shape[::-1]).T if by_column else values.reshape(shape)
