"""Data sets by name: those that ship, and those that a user has registered because they may not be shipped.

A name stands wherever a command or function takes a path; a file or folder of that name goes before it. What is
registered is known by its checksum, and refused where it is no longer the same.
"""

import hashlib
import json
import os
import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from aitia.data.shipped import data_path
from aitia.errors import FormatError, OptionError
from aitia.files import write_whole

__all__ = ["NamedData", "located", "named_data", "nearest_data", "register"]

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
PIECE = 1 << 20


@dataclass(frozen=True)
class NamedData:
    """A data set that has a name.

    Args:
        name: Of it.
        path: The file or folder.
        about: What it holds.
        source: Where it is from.
        licence: Under which it is used; of a registered one only its user knows.
        checksum: SHA-256 of what was registered; None of what ships.
    """

    name: str
    path: Path
    about: str
    source: str
    licence: str
    checksum: str | None = None


def named_data() -> dict[str, NamedData]:
    """Every data set that has a name, those that ship first.

    Raises:
        FormatError: If the list of those that were registered is damaged.
    """
    shipped = tomllib.loads(data_path("catalogue.toml").read_text(encoding="utf-8"))
    found = {
        name: NamedData(name, data_path(e["file"]), e["about"], e["source"], e["licence"])
        for name, e in shipped.items()
    }
    for name, (path, checksum) in sorted(_registered().items()):
        found[name] = NamedData(name, Path(path), "registered here", str(path), "as you have it", checksum)
    return found


def nearest_data(name: str) -> str:
    """A sentence that names the nearest data set, or where they are listed."""
    near = get_close_matches(name, named_data(), 1)
    told = f"Did you mean {near[0]!r}? " if near else ""
    return f"{told}aitia data lists the data sets that have a name"


def located(source: str | Path) -> Path:
    """The path of a data set of this name, or the path that `source` is.

    Raises:
        FormatError: If a registered data set is gone or has changed.
    """
    path = Path(source)
    if path.exists() or not NAME.fullmatch(str(source)):
        return path
    known = named_data().get(str(source))
    if known is None:
        return path
    if known.checksum is not None:
        again = f"put it back, or register what is there: aitia data add {known.name} FOLDER"
        if not known.path.exists():
            raise FormatError(f"the data set {known.name!r} is no longer at {known.path}: {again}")
        if _checksum(known.path) != known.checksum:
            raise FormatError(f"the data set {known.name!r} at {known.path} is not what was registered: {again}")
    return known.path


def register(name: str, path: str | Path) -> NamedData:
    """Gives a file or folder a name on this machine, with its checksum.

    Args:
        name: Small letters, digits and hyphens.
        path: What it stands for; it is not copied.

    Raises:
        OptionError: If the name is none, or that of a data set that ships.
        FormatError: If nothing is there, or the list cannot be read or written.
    """
    path = Path(path)
    if not NAME.fullmatch(name):
        raise OptionError(f"a data set is named by small letters, digits and hyphens, got {name!r}")
    known = named_data().get(name)
    if known is not None and known.checksum is None:
        raise OptionError(f"{name!r} ships with aitia: take another name")
    if not path.exists():
        raise FormatError(f"there is no file or folder {path}")
    told = {**_registered(), name: (str(path.resolve()), _checksum(path))}
    place = _place()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"the folder {place.parent} cannot be made: {error.strerror}") from error
    listed = {n: {"path": p, "sha256": c} for n, (p, c) in sorted(told.items())}
    write_whole(place, json.dumps(listed, indent=2, ensure_ascii=False) + "\n")
    return named_data()[name]


def _place() -> Path:
    """The list of what was registered, where programs of a user keep their data."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "aitia" / "data.json"


def _registered() -> dict[str, tuple[str, str]]:
    """Path and checksum by name."""
    place = _place()
    if not place.is_file():
        return {}
    try:
        told = json.loads(place.read_text(encoding="utf-8"))
        return {str(name): (str(entry["path"]), str(entry["sha256"])) for name, entry in told.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(
            f"{place}, the list of registered data sets, is damaged: delete it, and add them again"
        ) from error


def _checksum(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files of a folder."""
    if path.is_file():
        return _of_file(path)
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()}\0{_of_file(file)}\n".encode())
    return digest.hexdigest()


def _of_file(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()
