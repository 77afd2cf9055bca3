"""Pictures that rows name by number or file name, from a folder of their own."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import SUFFIXES, decoded
from aitia.errors import FormatError

__all__ = ["find_picture", "pictures_named"]


def pictures_named(folder: str | Path, names: Sequence[Any]) -> tuple[NDArray[np.uint8] | None, ...]:
    """The picture of each name; None where the folder has none.

    Raises:
        FormatError: If there is no such folder, a name leaves it, or a file is no picture.
    """
    home = Path(folder).expanduser()
    if not home.is_dir():
        raise FormatError(f"there is no folder {folder} of pictures (--images)")
    numbered = _numbered(home)
    found: list[NDArray[np.uint8] | None] = []
    held: dict[Path, NDArray[np.uint8]] = {}
    for row, name in enumerate(names):
        path = find_picture(home, name, row, numbered)
        if path is not None and path not in held:
            held[path] = decoded(path)
        found.append(None if path is None else held[path])
    return tuple(found)


def find_picture(home: Path, name: Any, row: int, numbered: dict[int, Path]) -> Path | None:
    """The file that a name stands for: a place in the folder, with its ending or without, or a number.

    Raises:
        FormatError: If the name leads out of the folder; says the row.
    """
    number = _whole(name)
    if number is not None:
        return numbered.get(number)
    text = str(name)
    whole = (home / text).resolve()
    if Path(text).is_absolute() or not whole.is_relative_to(home.resolve()):
        raise FormatError(f"row {row} names the picture {text[:80]!r}, which lies outside of {home}")
    for path in (whole, *(whole.with_name(whole.name + end) for end in SUFFIXES)):
        if path.is_file():
            return path
    return None


def _whole(name: Any) -> int | None:
    """The number that a name is, such as 240301 or 240301.0."""
    if isinstance(name, int | float | np.integer | np.floating):
        return int(name) if float(name).is_integer() else None
    return int(str(name)) if re.fullmatch(r"\d+", str(name)) else None


def _numbered(home: Path) -> dict[int, Path]:
    """The files by the number at the end of their names, as in COCO_val2014_000000240301.jpg."""
    found: dict[int, Path] = {}
    for path in sorted(home.iterdir()):
        match = re.search(r"(\d+)$", path.stem)
        if match and path.suffix.lower() in SUFFIXES:
            found.setdefault(int(match.group(1)), path)
    return found
